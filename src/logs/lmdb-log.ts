import { mkdirSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { type Database, open, type RootDatabase, type Transaction } from "lmdb";
import { ORIGIN } from "../core/cursor.ts";
import type { MessageLog } from "../core/log.ts";
import { ForeverframeError } from "../errors.ts";
import { openError } from "./open-error.ts";
import { TableLog, type TableLogOptions } from "./table-log.ts";
import type {
  ChannelRecord,
  IdempotencyRecord,
  LogMarks,
  MessageRow,
  PositionRange,
  TableStore,
  TableWriter,
} from "./tables.ts";

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

const NOTHING = Buffer.alloc(0);
const NEW_MARKS: LogMarks = {
  epoch: "",
  tip: ORIGIN,
  nextNumber: 1,
  forgottenTo: ORIGIN,
  trimmedTo: ORIGIN,
};

interface Databases {
  readonly root: RootDatabase<LogMarks, string>;
  readonly channels: Database<ChannelRecord, string>;
  /** Position to the channel's name (a byte of length, then UTF-8) and the JSON. */
  readonly messages: Database<Buffer, string>;
  /** [channel number, position] to nothing. */
  readonly index: Database<Buffer, [number, string]>;
  readonly idempotency: Database<IdempotencyRecord, string>;
  /** [expires, key] to nothing. */
  readonly expiries: Database<Buffer, [number, string]>;
}

/** Tables in an LMDB environment: a memory-mapped file that several processes may have open. */
export class LmdbStore implements TableStore {
  readonly capabilities = { durable: true, shared: true };
  readonly #path: string;
  readonly #databases: Databases;

  constructor(path: string) {
    this.#path = path;
    const root = open<LogMarks, string>({
      path,
      maxDbs: 8,
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
      idempotency: root.openDB("idempotency", {}),
      expiries: root.openDB("expiries", { encoding: "binary" }),
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

class LmdbTables implements TableWriter {
  readonly #db: Databases;
  readonly #options: { transaction?: Transaction };
  /** Of the message added last: those of a batch are mostly of one channel. */
  #lastChannel = "";
  #lastPrefix = NOTHING;

  /** @param transaction the snapshot to read; without it, the transaction that is under way */
  constructor(databases: Databases, transaction?: Transaction) {
    this.#db = databases;
    this.#options = transaction === undefined ? {} : { transaction };
  }

  marks(): LogMarks {
    return this.#db.root.get("marks", this.#options) ?? NEW_MARKS;
  }

  putMarks(marks: LogMarks): void {
    void this.#db.root.put("marks", marks);
  }

  channel(name: string): ChannelRecord | undefined {
    return this.#db.channels.get(name, this.#options);
  }

  channelCount(): number {
    return entryCount(this.#db.channels);
  }

  *channels(after?: string): Iterable<readonly [string, ChannelRecord]> {
    const start = after === undefined ? {} : { start: after, exclusiveStart: true };
    for (const { key, value } of this.#db.channels.getRange({ ...start, ...this.#options })) {
      yield [key, value];
    }
  }

  putChannel(name: string, record: ChannelRecord): void {
    void this.#db.channels.put(name, record);
  }

  removeChannel(name: string): void {
    void this.#db.channels.remove(name);
  }

  *positionsOf(number: number, range: PositionRange): Iterable<string> {
    const bounds = rangeOptions(range, (position): [number, string] => [number, position]);
    for (const [, position] of this.#db.index.getKeys({ ...bounds, ...this.#options }))
      yield position;
  }

  *messages(range: PositionRange): Iterable<MessageRow> {
    const bounds = rangeOptions(range, (position) => position);
    for (const { key, value } of this.#db.messages.getRange({ ...bounds, ...this.#options })) {
      yield parseRow(key, value);
    }
  }

  message(position: string): MessageRow | undefined {
    const value = this.#db.messages.get(position, this.#options);
    return value && parseRow(position, value);
  }

  addMessage({ position, channel, json }: MessageRow, number: number): void {
    void this.#db.messages.put(position, Buffer.concat([this.#namePrefix(channel), json]));
    void this.#db.index.put([number, position], NOTHING);
  }

  #namePrefix(channel: string): Buffer {
    if (channel !== this.#lastChannel) {
      const name = Buffer.from(channel);
      this.#lastChannel = channel;
      this.#lastPrefix = Buffer.concat([Buffer.of(name.length), name]);
    }
    return this.#lastPrefix;
  }

  removeMessage(position: string, number: number): void {
    void this.#db.messages.remove(position);
    void this.#db.index.remove([number, position]);
  }

  idempotency(key: string): IdempotencyRecord | undefined {
    return this.#db.idempotency.get(key, this.#options);
  }

  idempotencyCount(): number {
    return entryCount(this.#db.idempotency);
  }

  expiredIdempotency(now: number, limit: number): readonly string[] {
    const range = { end: [now, ""] as [number, string], limit, ...this.#options };
    return Array.from(this.#db.expiries.getKeys(range), ([, key]) => key);
  }

  putIdempotency(key: string, record: IdempotencyRecord): void {
    void this.#db.idempotency.put(key, record);
    void this.#db.expiries.put([record.expires, key], NOTHING);
  }

  removeIdempotency(key: string): void {
    const record = this.idempotency(key);
    if (record === undefined) return;
    void this.#db.idempotency.remove(key);
    void this.#db.expiries.remove([record.expires, key]);
  }
}

function rangeOptions<K>({ after, upTo, order }: PositionRange, keyOf: (position: string) => K) {
  return order === "oldest first"
    ? { start: keyOf(after), exclusiveStart: true, end: keyOf(upTo), inclusiveEnd: true }
    : { start: keyOf(upTo), end: keyOf(after), inclusiveEnd: false, reverse: true };
}

function parseRow(position: string, value: Buffer): MessageRow {
  const end = 1 + (value[0] ?? 0);
  return { position, channel: value.toString("utf8", 1, end), json: value.subarray(end) };
}

function entryCount(database: Database): number {
  const { entryCount } = database.getStats() as { entryCount: number };
  return entryCount;
}
