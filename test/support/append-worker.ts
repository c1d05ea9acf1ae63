// One of several processes that append to the same log: prints each id as it is answered.

import { openLmdbLog } from "../../src/logs/lmdb-log.ts";
import { ChangingRules } from "./changing-rules.ts";
import { newMessage } from "./messages.ts";

const [directory = "", name = "", count = "0"] = process.argv.slice(2);
const log = await openLmdbLog(directory, () => `epoch${name}`, {
  now: Date.now,
  monotonicMs: () => performance.now(),
  retention: new ChangingRules(),
  maxIdempotencyKeys: 10,
  maxChannels: 5_000,
  maxLogBytes: 1e12,
});
for (let n = 0; n < Number(count); n += 4) {
  const ids = await Promise.all(
    Array.from({ length: 4 }, (_, i) =>
      log.append({ messages: [newMessage(name ?? "", String(n + i))] }),
    ),
  );
  process.stdout.write(ids.map(([id]) => `${id}\n`).join(""));
}
await log.close();
