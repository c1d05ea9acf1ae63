import type { Database, RootDatabase, Transaction } from "lmdb";
import { ORIGIN } from "../core/cursor.ts";
import { formatIndexEntry, type IndexEntry, parseIndexEntry } from "./index-entry.ts";
import type {
  ChannelRecord,
  DueChannel,
  IdempotencyRecord,
  LogMarks,
  MessageRow,
  NewRow,
  PositionRange,
  TableWriter,
  Upkeep,
} from "./tables.ts";

/** Greater than every hash of a key. */
const AFTER_ALL = "~";

const NOTHING = Buffer.alloc(0);
const NEW_MARKS: LogMarks = {
  epoch: "",
  tip: ORIGIN,
  nextNumber: 1,
  forgottenTo: ORIGIN,
  trimmedTo: ORIGIN,
};

/** The tables of an LMDB environment: what is a key, and what is its value. */
export interface Databases {
  readonly root: RootDatabase<LogMarks | Upkeep, string>;
  readonly channels: Database<ChannelRecord, string>;
  /** Position to the channel's name (a byte of length, then UTF-8) and the JSON. */
  readonly messages: Database<Buffer, string>;
  /** [channel number, position] to what `index-entry.ts` writes. */
  readonly index: Database<Buffer, [number, string]>;
  readonly idempotency: Database<IdempotencyRecord, string>;
  /** [expires, key] to nothing. */
  readonly expiries: Database<Buffer, [number, string]>;
  /** [due, channel number] to the channel's name. */
  readonly due: Database<string, [number, number]>;
}

/** What is in an LMDB environment, as one transaction sees it. */
export class LmdbTables implements TableWriter {
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
    return (this.#db.root.get("marks", this.#options) as LogMarks | undefined) ?? NEW_MARKS;
  }

  putMarks(marks: LogMarks): void {
    void this.#db.root.put("marks", marks);
  }

  upkeep(): Upkeep | undefined {
    return this.#db.root.get("upkeep", this.#options) as Upkeep | undefined;
  }

  putUpkeep(upkeep: Upkeep): void {
    void this.#db.root.put("upkeep", upkeep);
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

  *entriesOf(number: number, range: PositionRange): Iterable<IndexEntry> {
    const bounds = rangeOptions(range, (position): [number, string] => [number, position]);
    for (const { key, value } of this.#db.index.getRange({ ...bounds, ...this.#options }))
      yield parseIndexEntry(key[1], value);
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

  addMessage(row: NewRow, number: number): void {
    const { position, channel, json } = row;
    void this.#db.messages.put(position, Buffer.concat([this.#namePrefix(channel), json]));
    void this.#db.index.put([number, position], formatIndexEntry(row));
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

  dueChannels(now: number, limit: number): readonly DueChannel[] {
    const range = { end: [now, Number.MAX_SAFE_INTEGER] as [number, number], limit };
    return Array.from(
      this.#db.due.getRange({ ...range, ...this.#options }),
      ({ key: [due, number], value: channel }) => ({ due, number, channel }),
    );
  }

  addDue({ due, number, channel }: DueChannel): void {
    void this.#db.due.put([due, number], channel);
  }

  removeDue({ due, number }: DueChannel): void {
    void this.#db.due.remove([due, number]);
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

  lateIdempotency(then: number, limit: number): readonly string[] {
    const range = { end: [then, AFTER_ALL] as [number, string], limit, reverse: true };
    return Array.from(this.#db.expiries.getKeys({ ...range, ...this.#options }), ([, key]) => key);
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
