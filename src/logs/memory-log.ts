import { ORIGIN } from "../core/cursor.ts";
import type { MessageLog } from "../core/log.ts";
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

/** A log that ends with its process. */
export function openMemoryLog(
  drawEpoch: () => string,
  options: TableLogOptions,
): Promise<MessageLog> {
  return TableLog.open(new MemoryStore(), drawEpoch, options);
}

/** Tables in memory. A change is made in place, so it must not throw half way; the log's own do not. */
class MemoryStore implements TableStore {
  readonly capabilities = { durable: false, shared: false };
  readonly #tables = new MemoryTables();

  read<T>(query: (tables: MemoryTables) => T): T {
    return query(this.#tables);
  }

  async write<T>(change: (tables: MemoryTables) => T): Promise<T> {
    return change(this.#tables);
  }

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
  readonly #channels = new Map<string, ChannelRecord>();
  readonly #rows = new Map<string, MessageRow>();
  readonly #all = new PositionList();
  #dead = 0;
  readonly #byChannel = new Map<number, PositionList>();
  readonly #idempotency = new Map<string, IdempotencyRecord>();

  marks(): LogMarks {
    return this.#marks;
  }

  putMarks(marks: LogMarks): void {
    this.#marks = marks;
  }

  channel(name: string): ChannelRecord | undefined {
    return this.#channels.get(name);
  }

  channelCount(): number {
    return this.#channels.size;
  }

  channels(after = ""): Iterable<readonly [string, ChannelRecord]> {
    return [...this.#channels]
      .filter(([name]) => name > after)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  putChannel(name: string, record: ChannelRecord): void {
    this.#channels.set(name, record);
  }

  removeChannel(name: string): void {
    const record = this.#channels.get(name);
    if (record !== undefined) this.#byChannel.delete(record.number);
    this.#channels.delete(name);
  }

  positionsOf(number: number, range: PositionRange): Iterable<string> {
    return this.#byChannel.get(number)?.within(range) ?? [];
  }

  *messages(range: PositionRange): Iterable<MessageRow> {
    for (const position of this.#all.within(range)) {
      const row = this.#rows.get(position);
      if (row !== undefined) yield row;
    }
  }

  message(position: string): MessageRow | undefined {
    return this.#rows.get(position);
  }

  addMessage(row: MessageRow, number: number): void {
    this.#rows.set(row.position, row);
    this.#all.push(row.position);
    let positions = this.#byChannel.get(number);
    if (positions === undefined) {
      positions = new PositionList();
      this.#byChannel.set(number, positions);
    }
    positions.push(row.position);
  }

  removeMessage(position: string, number: number): void {
    this.#rows.delete(position);
    this.#byChannel.get(number)?.remove(position);
    // Cutting each out of a long array would move all behind it: dead positions are swept when they are the majority.
    if (++this.#dead > this.#rows.size) {
      this.#all.keep((kept) => this.#rows.has(kept));
      this.#dead = 0;
    }
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
      if (expires >= now || keys.length >= limit) break; // in the order of their use, so of their end
      keys.push(key);
    }
    return keys;
  }

  putIdempotency(key: string, record: IdempotencyRecord): void {
    this.#idempotency.set(key, record);
  }

  removeIdempotency(key: string): void {
    this.#idempotency.delete(key);
  }
}

/** Rising positions. */
class PositionList {
  #positions: string[] = [];
  /** Those before this index were removed: cutting each out of a long array would move all behind it. */
  #start = 0;

  push(position: string): void {
    this.#positions.push(position);
  }

  remove(position: string): void {
    const index = this.#after(position) - 1;
    if (this.#positions[index] !== position) return;
    if (index > this.#start) this.#positions.splice(index, 1);
    else if (++this.#start > this.#positions.length / 2) this.keep(() => true);
  }

  keep(wanted: (position: string) => boolean): void {
    this.#positions = this.#positions.slice(this.#start).filter(wanted);
    this.#start = 0;
  }

  *within({ after, upTo, order }: PositionRange): Iterable<string> {
    const from = this.#after(after);
    const end = this.#after(upTo);
    const forward = order === "oldest first";
    for (let i = forward ? from : end - 1; forward ? i < end : i >= from; i += forward ? 1 : -1) {
      const position = this.#positions[i];
      if (position !== undefined) yield position;
    }
  }

  /** Index of the first position greater than this one. */
  #after(position: string): number {
    let low = this.#start;
    let high = this.#positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#positions[middle] ?? "") <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
