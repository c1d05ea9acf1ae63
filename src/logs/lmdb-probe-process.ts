// A program that lmdb-probe.ts runs, and that dies if the file is damaged. It walks over everything
// that is in use, then commits a change that changes nothing, which needs the list of free pages
// too. (The file's size tells nothing: pages that are free were perhaps never written.)
import { ORIGIN } from "../core/cursor.ts";
import { ForeverframeError } from "../errors.ts";
import { LmdbStore } from "./lmdb-log.ts";
import { DAMAGED } from "./lmdb-probe.ts";

const [directory = ""] = process.argv.slice(2);

async function walk(): Promise<void> {
  const store = new LmdbStore(directory);
  store.read((tables) => {
    const range = { after: ORIGIN, upTo: tables.marks().tip, order: "oldest first" } as const;
    for (const [name, { number }] of tables.channels()) {
      for (const position of tables.positionsOf(number, range)) {
        if (tables.message(position)?.channel === name) continue;
        throw new Error(`message ${position} of "${name}" is not there`);
      }
    }
    const forEver = Number.MAX_SAFE_INTEGER;
    for (const { channel } of tables.dueChannels(forEver, forEver)) tables.channel(channel);
    tables.upkeep();
    for (const key of tables.expiredIdempotency(forEver, forEver)) tables.idempotency(key);
  });
  await store
    .write((tables) => tables.putMarks(tables.marks()))
    .catch((error: unknown) => {
      // The file is whole all the same
      if (error instanceof ForeverframeError && error.code === "FF_LOG_FULL") return;
      throw error;
    });
  await store.close();
}

await walk().catch((error: unknown) => {
  process.stderr.write(`${error}\n`);
  process.exitCode = DAMAGED;
});
