import { join } from "node:path";
import type { MessageLog } from "../core/log.ts";
import { ForeverframeError } from "../errors.ts";
import { DiskReserve } from "./disk-reserve.ts";
import { FileWatch } from "./file-watch.ts";
import { markHandled } from "./library-errors.ts";
import { type Databases, openDatabases, type Probe } from "./lmdb-databases.ts";
import { LmdbNumber, NumberPutRight } from "./lmdb-number.ts";
import { LmdbTables } from "./lmdb-tables.ts";
import { makeDirectory, makePrivate, withPrivateFiles } from "./log-directory.ts";
import { openError } from "./open-error.ts";
import { TableLog, type TableLogOptions } from "./table-log.ts";
import type { TableStore } from "./tables.ts";

/**
 * Open the durable log in a directory, which is made if it is not there. Several processes may have
 * it open.
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
    makeDirectory(directory);
    store = new LmdbStore(directory);
  } catch (error) {
    throw openError(directory, error);
  }
  return TableLog.open(store, drawEpoch, options);
}

/** A disk with less room than one append may need counts as full. */
const FULL_BELOW_BYTES = 1_048_576;

/** As large as the largest message by default. */
const PROBE: Probe = { zeros: "0".repeat(65_536) };

/** Tables in an LMDB environment: a memory-mapped file that several processes may have open. */
export class LmdbStore implements TableStore {
  readonly capabilities = { durable: true, shared: true, readsAtOnce: 1 };
  readonly #databases: Databases;
  readonly #number: LmdbNumber;
  readonly #watch: FileWatch;
  readonly #reserve: DiskReserve;

  constructor(path: string) {
    this.#databases = withPrivateFiles(() => openDatabases(path));
    makePrivate(path, ["data.mdb", "lock.mdb"]);
    this.#number = new LmdbNumber(this.#databases.root, path);
    this.#watch = new FileWatch(join(path, "data.mdb"));
    this.#reserve = new DiskReserve(path);
  }
  read<T>(query: (tables: LmdbTables) => T): T {
    const { root } = this.#databases;
    // The library keeps one snapshot for a turn of the event loop; what was committed within it
    // must be seen.
    root.resetReadTxn();
    const transaction = root.useReadTransaction();
    try {
      return query(new LmdbTables(this.#databases, transaction));
    } finally {
      transaction.done();
    }
  }

  async write<T>(change: (tables: LmdbTables) => T): Promise<T> {
    this.#watch.check();
    try {
      // A child transaction, since only a child is undone when the callback throws.
      return await this.#databases.root.childTransaction(() => {
        this.#number.check();
        return change(new LmdbTables(this.#databases));
      });
    } catch (error) {
      if (error instanceof NumberPutRight) return this.write(change);
      throw await this.#explain(error);
    }
  }

  check(): void {
    this.#watch.check();
  }

  async probe(): Promise<void> {
    const { root } = this.#databases;
    // Two commits: room that the first has freed inside the file can be used after the second.
    await this.write(() => void root.put("probe", PROBE));
    await this.write(() => void root.remove("probe"));
  }

  hasRoom(): boolean {
    return this.#reserve.hasRoomFor(FULL_BELOW_BYTES);
  }

  keepReserve(): void {
    this.#reserve.keep();
  }

  giveReserve(): void {
    this.#reserve.giveUp();
  }

  /**
   * Copy everything that is in use into a private directory that is there and empty, from one
   * snapshot, while others write.
   *
   * @throws FF_LOG_UNAVAILABLE, or the library's error
   */
  async copyTo(directory: string): Promise<void> {
    // Writing puts right what opening the environment may have disturbed, so the snapshot is the
    // newest one: see LmdbNumber.
    await this.write(() => {});
    await this.#databases.root.backup(directory, true);
  }

  async close(): Promise<void> {
    await this.#databases.root.close();
    this.#number.close();
  }

  /** LMDB reports a full disk as an input/output error, so the disk is asked. */
  async #explain(error: unknown): Promise<unknown> {
    if (error instanceof ForeverframeError) return error;
    // A failed commit rejects a second promise, with the cause.
    const cause = await causeOf(error);
    markHandled(cause);
    if (this.hasRoom()) return cause;
    return new ForeverframeError(
      "FF_LOG_FULL",
      "The disk of the log is full, and nothing was stored: make room on it, delete a channel, or keep less with --retain-messages",
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
