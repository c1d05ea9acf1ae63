import { setImmediate as nextTurn } from "node:timers/promises";
import { ORIGIN } from "../core/cursor.ts";
import type { MessageLog } from "../core/log.ts";
import type { KeptRevocation } from "../core/revocation.ts";
import { DueQueue } from "./due-queue.ts";
import type { IndexEntry } from "./index-entry.ts";
import { NameList } from "./name-list.ts";
import { PositionList } from "./position-list.ts";
import { TableLog, type TableLogOptions } from "./table-log.ts";
import type {
  ChannelRecord,
  DueChannel,
  IdempotencyRecord,
  LogMarks,
  MessageRow,
  NewRow,
  PositionRange,
  SharedData,
  TableStore,
  TableWriter,
  Upkeep,
} from "./tables.ts";

const NOTHING = Buffer.alloc(0);

/** A message; where it shares data, its JSON ends where that begins. */
interface StoredRow extends MessageRow, IndexEntry {}

/** A log that ends with its process. */
export function openMemoryLog(
  drawEpoch: () => string,
  options: TableLogOptions,
): Promise<MessageLog> {
  return TableLog.open(new MemoryStore(), drawEpoch, options);
}

/**
 * Tables in memory. A change is made in place, so it must not throw half way; the log's own do not.
 */
class MemoryStore implements TableStore {
  readonly capabilities = { durable: false, shared: false, readsAtOnce: 1 };
  readonly #tables = new MemoryTables();

  read<T>(query: (tables: MemoryTables) => T): T {
    return query(this.#tables);
  }

  /** In the next turn, so that what is appended meanwhile is one change, as on a disk. */
  async write<T>(change: (tables: MemoryTables) => T): Promise<T> {
    await nextTurn();
    return change(this.#tables);
  }

  // Memory is there as long as its process.
  check(): void {}
  async probe(): Promise<void> {}
  hasRoom(): boolean {
    return true;
  }
  keepReserve(): void {}
  giveReserve(): void {}
  async close(): Promise<void> {}
}

class MemoryTables implements TableWriter {
  #marks: LogMarks = {
    epoch: "",
    tip: ORIGIN,
    nextNumber: 1,
    forgottenTo: ORIGIN,
    trimmedTo: ORIGIN,
  };
  #upkeep: Upkeep | undefined;
  readonly #due = new DueQueue();
  readonly #channels = new Map<string, ChannelRecord>();
  readonly #names = new NameList((name) => this.#channels.has(name));
  readonly #rows = new Map<string, StoredRow>();
  readonly #shared = new Map<string, { readonly tail: Buffer; readonly rows: number }>();
  readonly #all = new PositionList();
  #dead = 0;
  readonly #byChannel = new Map<number, PositionList>();
  /** No key expires later than this (Unix ms). */
  #latestExpiry = 0;
  readonly #idempotency = new Map<string, IdempotencyRecord>();
  readonly #revocations: KeptRevocation[] = [];

  marks(): LogMarks {
    return this.#marks;
  }

  putMarks(marks: LogMarks): void {
    this.#marks = marks;
  }

  upkeep(): Upkeep | undefined {
    return this.#upkeep;
  }

  putUpkeep(upkeep: Upkeep): void {
    this.#upkeep = upkeep;
  }

  channel(name: string): ChannelRecord | undefined {
    return this.#channels.get(name);
  }

  channelCount(): number {
    return this.#channels.size;
  }

  names(after: string): Iterable<string> {
    return this.#names.after(after);
  }

  *channels(after = ""): Iterable<readonly [string, ChannelRecord]> {
    for (const name of this.#names.after(after)) {
      const record = this.#channels.get(name);
      if (record !== undefined) yield [name, record];
    }
  }

  putChannel(name: string, record: ChannelRecord): void {
    if (!this.#channels.has(name)) this.#names.add(name);
    this.#channels.set(name, record);
  }

  removeChannel(name: string): void {
    const record = this.#channels.get(name);
    if (record !== undefined) this.#byChannel.delete(record.number);
    if (this.#channels.delete(name)) this.#names.noteRemoval();
  }

  positionsOf(number: number, range: PositionRange): Iterable<string> {
    return this.#byChannel.get(number)?.within(range) ?? [];
  }

  *entriesOf(number: number, range: PositionRange): Iterable<IndexEntry> {
    for (const position of this.positionsOf(number, range)) {
      const row = this.#rows.get(position);
      if (row !== undefined) yield row;
    }
  }

  *messages(range: PositionRange): Iterable<MessageRow> {
    for (const position of this.#all.within(range)) {
      const row = this.message(position);
      if (row !== undefined) yield row;
    }
  }

  message(position: string): MessageRow | undefined {
    const row = this.#rows.get(position);
    return row && this.#whole(row);
  }

  #whole(row: StoredRow): MessageRow {
    if (row.shared === null) return row;
    const { position, channel, json } = row;
    const tail = this.#shared.get(row.shared)?.tail ?? NOTHING;
    return { position, channel, json: Buffer.concat([json, tail]) };
  }

  addMessage({ position, time, channel, json, shared }: NewRow, number: number): number {
    const own = Buffer.from(json);
    const row = { position, time, channel, json: own, bytes: own.length, shared };
    this.#rows.set(position, row);
    this.#all.push(position);
    let positions = this.#byChannel.get(number);
    if (positions === undefined) {
      positions = new PositionList();
      this.#byChannel.set(number, positions);
    }
    positions.push(position);
    return own.length;
  }

  removeMessage(position: string, number: number): void {
    this.#rows.delete(position);
    this.#byChannel.get(number)?.remove(position);
    // Cutting each out of a long array would move all behind it: dead positions are swept when they
    // are the majority.
    if (++this.#dead > this.#rows.size) {
      this.#all.keep((kept) => this.#rows.has(kept));
      this.#dead = 0;
    }
  }

  addShared({ name, data, rows }: SharedData): number {
    const tail = Buffer.from(`${data}}`);
    this.#shared.set(name, { tail, rows });
    return tail.length;
  }

  releaseShared(name: string): number | null {
    const data = this.#shared.get(name);
    if (data === undefined) return null;
    if (data.rows > 1) {
      this.#shared.set(name, { ...data, rows: data.rows - 1 });
      return null;
    }
    this.#shared.delete(name);
    return data.tail.length;
  }

  dueChannels(now: number, limit: number): readonly DueChannel[] {
    return this.#due.first(now, limit);
  }

  addDue(entry: DueChannel): void {
    this.#due.add(entry);
  }

  removeDue(entry: DueChannel): void {
    this.#due.remove(entry);
  }

  idempotency(key: string): IdempotencyRecord | undefined {
    return this.#idempotency.get(key);
  }

  idempotencyCount(): number {
    return this.#idempotency.size;
  }

  expiredIdempotency(now: number, limit: number): readonly string[] {
    const keys: string[] = [];
    for (const [key, { expires }] of this.#idempotency) {
      // In the order of their use, so of their end
      if (expires >= now || keys.length >= limit) break;
      keys.push(key);
    }
    return keys;
  }

  lateIdempotency(then: number, limit: number): readonly string[] {
    // There is something to look for only if the clock went back.
    if (this.#latestExpiry <= then) return [];
    const late: string[] = [];
    this.#latestExpiry = 0;
    for (const [key, { expires }] of this.#idempotency) {
      this.#latestExpiry = Math.max(this.#latestExpiry, expires);
      if (expires > then && late.length < limit) late.push(key);
    }
    return late;
  }

  revocations(after: number, limit: number): readonly KeptRevocation[] {
    const first = this.#revocations.findIndex(({ number }) => number > after);
    return first < 0 ? [] : this.#revocations.slice(first, first + limit);
  }

  revocationCount(): number {
    return this.#revocations.length;
  }

  lastRevocation(): number {
    return this.#revocations.at(-1)?.number ?? 0;
  }

  putRevocation(revocation: KeptRevocation): void {
    this.#revocations.push(revocation);
  }

  removeRevocation(number: number): void {
    const at = this.#revocations.findIndex((kept) => kept.number === number);
    if (at >= 0) this.#revocations.splice(at, 1);
  }

  putIdempotency(key: string, record: IdempotencyRecord): void {
    this.#latestExpiry = Math.max(this.#latestExpiry, record.expires);
    this.#idempotency.set(key, record);
  }

  removeIdempotency(key: string): void {
    this.#idempotency.delete(key);
  }
}
