import { mkdirSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { open } from "lmdb";
import type { MessageLog } from "../core/log.ts";
import { ForeverframeError } from "../errors.ts";
import { type Databases, LmdbTables } from "./lmdb-tables.ts";
import { openError } from "./open-error.ts";
import { TableLog, type TableLogOptions } from "./table-log.ts";
import type { LogMarks, TableStore, Upkeep } from "./tables.ts";

/**
 * Open the durable log in a directory, which is made if it is not there. Several processes may have it open.
 *
 * @throws ForeverframeError FF_LOG_UNAVAILABLE
 */
export async function openLmdbLog(
  directory: string,
  drawEpoch: () => string,
  options: TableLogOptions,
): Promise<MessageLog> {
  let store: LmdbStore;
  try {
    mkdirSync(directory, { recursive: true });
    store = new LmdbStore(directory);
  } catch (error) {
    throw openError(directory, error);
  }
  return TableLog.open(store, drawEpoch, options);
}

/** A disk with less room than one append may need counts as full. */
const FULL_BELOW_BYTES = 1_048_576;

/** Tables in an LMDB environment: a memory-mapped file that several processes may have open. */
export class LmdbStore implements TableStore {
  readonly capabilities = { durable: true, shared: true };
  readonly #path: string;
  readonly #databases: Databases;

  constructor(path: string) {
    this.#path = path;
    const root = open<LogMarks | Upkeep, string>({
      path,
      maxDbs: 16,
      // Of all workers, and of those that were killed until they are noticed.
      maxReaders: 2_048,
      noSubdir: false,
      // With it on, a commit is visible before it is on the disk, and a crash takes back what somebody has seen.
      overlappingSync: false,
      // The log makes its own batches; the library's leave a promise that nobody can catch when a commit fails.
      eventTurnBatching: false,
    });
    // A process that was killed while it read would keep what it read from ever being written over.
    root.readerCheck();
    this.#databases = {
      root,
      channels: root.openDB("channels", {}),
      messages: root.openDB("messages", { encoding: "binary" }),
      index: root.openDB("index", { encoding: "binary" }),
      shared: root.openDB("shared", { encoding: "binary" }),
      sharedRows: root.openDB("sharedRows", {}),
      idempotency: root.openDB("idempotency", {}),
      expiries: root.openDB("expiries", { encoding: "binary" }),
      due: root.openDB("due", { encoding: "string" }),
    };
  }

  read<T>(query: (tables: LmdbTables) => T): T {
    const { root } = this.#databases;
    // The library keeps one snapshot for a turn of the event loop; what was committed within it must be seen.
    root.resetReadTxn();
    const transaction = root.useReadTransaction();
    try {
      return query(new LmdbTables(this.#databases, transaction));
    } finally {
      transaction.done();
    }
  }

  async write<T>(change: (tables: LmdbTables) => T): Promise<T> {
    // A child, since only a child is undone when the callback throws.
    try {
      return await this.#databases.root.childTransaction(() =>
        change(new LmdbTables(this.#databases)),
      );
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  async close(): Promise<void> {
    await this.#databases.root.close();
  }

  /** LMDB reports a full disk as an input/output error, so the disk is asked. */
  async #explain(error: unknown): Promise<unknown> {
    if (error instanceof ForeverframeError) return error;
    // A failed commit rejects a second promise, with the cause.
    const cause = await causeOf(error);
    const { bavail, bsize } = await statfs(this.#path);
    if (bavail * bsize >= FULL_BELOW_BYTES) return cause;
    return new ForeverframeError(
      "FF_LOG_FULL",
      "The disk of the log is full, and nothing was stored: make room on it, or keep less with --retain-messages",
      { cause },
    );
  }
}

async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error && "commitError" in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}
