import type { Database, Transaction } from "lmdb";
import { ORIGIN } from "../core/cursor.ts";
import type { KeptRevocation } from "../core/revocation.ts";
import { formatIndexEntry, type IndexEntry, parseIndexEntry } from "./index-entry.ts";
import type { Databases } from "./lmdb-databases.ts";
import type {
  ChannelRecord,
  DueChannel,
  IdempotencyRecord,
  LogMarks,
  MessageRow,
  NewRow,
  PositionRange,
  SharedData,
  TableWriter,
  Upkeep,
} from "./tables.ts";

/** Greater than every hash of a key. */
const AFTER_ALL = "~";

/** How the JSON of each message begins: see `formatHead`. */
const ID_STANDS_BEHIND = '{"type":"message","id":"';

const NOTHING = Buffer.alloc(0);
const SHARES = "\0";
const NEW_MARKS: LogMarks = {
  epoch: "",
  tip: ORIGIN,
  nextNumber: 1,
  forgottenTo: ORIGIN,
  trimmedTo: ORIGIN,
};

/** What is in an LMDB environment, as one transaction sees it. */
export class LmdbTables implements TableWriter {
  readonly #db: Databases;
  readonly #options: { transaction?: Transaction };
  /** Of the message added last: those of a batch are mostly of one channel. */
  #lastChannel = "";
  #lastLength = 0;
  /** Read last: messages that share data follow one another. */
  #lastShared = "";
  #lastTail: Buffer = NOTHING;

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

  names(after: string): Iterable<string> {
    return this.#db.channels.getKeys({ start: after, exclusiveStart: true, ...this.#options });
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
      yield this.#parseRow(key, value);
    }
  }

  message(position: string): MessageRow | undefined {
    const value = this.#db.messages.get(position, this.#options);
    return value && this.#parseRow(position, value);
  }

  addMessage(row: NewRow, number: number): number {
    const { position, channel, json, shared } = row;
    if (channel !== this.#lastChannel) {
      this.#lastChannel = channel;
      this.#lastLength = Buffer.byteLength(channel);
    }
    // In one string, since making one Buffer is cheaper than joining some. The length's byte is put
    // in after that.
    const start = shared === null ? "" : SHARES + shared;
    const value = Buffer.from(`${start}?${channel}${json}`);
    value[start.length] = this.#lastLength;
    const bytes = value.length - start.length - 1 - this.#lastLength;
    void this.#db.messages.put(position, value);
    void this.#db.index.put([number, position], formatIndexEntry(row, bytes));
    return bytes;
  }

  /**
   * Write another epoch into the ids of messages, in their order.
   *
   * @param to as long as `from`
   * @param after position to begin after
   * @returns the position of the last one; null if none was left
   */
  changeEpoch(from: string, to: string, after: string, limit: number): string | null {
    const range = { start: after, exclusiveStart: true, limit, ...this.#options };
    const place = Buffer.byteLength(ID_STANDS_BEHIND);
    let last: string | null = null;
    for (const { key, value } of Array.from(this.#db.messages.getRange(range))) {
      const epochAt = jsonStart(key, value) + place;
      if (value.toString("latin1", epochAt, epochAt + from.length) !== from)
        throw new Error(`message ${key} has an id of another log`);
      const changed = Buffer.from(value);
      changed.write(to, epochAt, "latin1");
      void this.#db.messages.put(key, changed);
      last = key;
    }
    return last;
  }

  removeMessage(position: string, number: number): void {
    void this.#db.messages.remove(position);
    void this.#db.index.remove([number, position]);
  }

  addShared({ name, data, rows }: SharedData): number {
    const tail = Buffer.from(`${data}}`);
    void this.#db.shared.put(name, tail);
    void this.#db.sharedRows.put(name, rows);
    return tail.length;
  }

  releaseShared(name: string): number | null {
    const rows = this.#db.sharedRows.get(name, this.#options);
    if (rows === undefined) return null;
    if (rows > 1) {
      void this.#db.sharedRows.put(name, rows - 1);
      return null;
    }
    const bytes = this.#db.shared.get(name, this.#options)?.length ?? 0;
    void this.#db.shared.remove(name);
    void this.#db.sharedRows.remove(name);
    return bytes;
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

  revocations(after: number, limit: number): readonly KeptRevocation[] {
    const range = { start: after, exclusiveStart: true, limit, ...this.#options };
    return Array.from(this.#db.revocations.getRange(range), ({ key, value }) => ({
      ...value,
      number: key,
    }));
  }

  revocationCount(): number {
    return entryCount(this.#db.revocations);
  }

  lastRevocation(): number {
    const [last = 0] = this.#db.revocations.getKeys({ reverse: true, limit: 1, ...this.#options });
    return last;
  }

  putRevocation({ number, ...revocation }: KeptRevocation): void {
    void this.#db.revocations.put(number, revocation);
  }

  removeRevocation(number: number): void {
    void this.#db.revocations.remove(number);
  }

  #parseRow(position: string, value: Buffer): MessageRow {
    const isShared = value[0] === 0;
    const start = nameStart(position, value);
    const end = jsonStart(position, value);
    const channel = value.toString("utf8", start + 1, end);
    const json = value.subarray(end);
    if (!isShared) return { position, channel, json };
    const tail = this.#tailOf(value.toString("latin1", 1, start));
    return { position, channel, json: Buffer.concat([json, tail]) };
  }

  #tailOf(name: string): Buffer {
    if (name !== this.#lastShared) {
      const tail = this.#db.shared.get(name, this.#options);
      if (tail === undefined) throw new Error(`shared data ${name} is not there`);
      this.#lastShared = name;
      this.#lastTail = tail;
    }
    return this.#lastTail;
  }
}

/** Where a stored message has the length of its channel's name. */
function nameStart(position: string, value: Buffer): number {
  return value[0] === 0 ? 1 + position.length : 0;
}

function jsonStart(position: string, value: Buffer): number {
  const start = nameStart(position, value);
  return start + 1 + (value[start] ?? 0);
}

function rangeOptions<K>({ after, upTo, order }: PositionRange, keyOf: (position: string) => K) {
  return order === "oldest first"
    ? { start: keyOf(after), exclusiveStart: true, end: keyOf(upTo), inclusiveEnd: true }
    : { start: keyOf(upTo), end: keyOf(after), inclusiveEnd: false, reverse: true };
}

function entryCount(database: Database): number {
  const { entryCount } = database.getStats() as { entryCount: number };
  return entryCount;
}
