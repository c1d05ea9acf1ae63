import type { Cursor } from "../core/cursor.ts";

/** What is kept of a channel beside its messages. */
export interface ChannelRecord {
  /** Short name of the channel in the index; never given to another channel. */
  readonly number: number;
  /** Messages kept. */
  readonly messages: number;
  /** Everything up to this position was removed. */
  readonly trimmedTo: string;
  /** Position of the last message ever appended. */
  readonly last: string;
}

/** What is kept of an append that had an idempotency key. */
export interface IdempotencyRecord {
  /** Hash of the messages, to tell a repeat from another append under the same key. */
  readonly fingerprint: string;
  readonly ids: readonly Cursor[];
  /** Unix ms after which the key may be used anew. */
  readonly expires: number;
}

/** The log's own marks. */
export interface LogMarks {
  readonly epoch: string;
  /** Position of the newest message ever appended. */
  readonly tip: string;
  /** Number of the next new channel. */
  readonly nextNumber: number;
  /** Records of channels whose messages were all removed up to here are gone. */
  readonly forgottenTo: string;
  /** No channel's `trimmedTo` is beyond this. */
  readonly trimmedTo: string;
}

/** A stretch (`after`, `upTo`] of positions. */
export interface PositionRange {
  readonly after: string;
  readonly upTo: string;
  readonly order: "oldest first" | "newest first";
}

/** One message's place, channel and final JSON. */
export interface MessageRow {
  readonly position: string;
  readonly channel: string;
  readonly json: Buffer;
}

/** Read access to everything that a log stores, in one snapshot. Valid only inside the callback that it is given to. */
export interface TableReader {
  marks(): LogMarks;
  channel(name: string): ChannelRecord | undefined;
  channelCount(): number;
  /** By name, from `after` (exclusive) on. */
  channels(after?: string): Iterable<readonly [name: string, record: ChannelRecord]>;
  /** Positions of one channel's messages. */
  positionsOf(number: number, range: PositionRange): Iterable<string>;
  messages(range: PositionRange): Iterable<MessageRow>;
  message(position: string): MessageRow | undefined;
  idempotency(key: string): IdempotencyRecord | undefined;
  idempotencyCount(): number;
  /** Keys whose time ended before `now` (Unix ms). */
  expiredIdempotency(now: number, limit: number): readonly string[];
}

/** Write access inside one transaction; what is written is seen by reads of the same transaction. */
export interface TableWriter extends TableReader {
  putMarks(marks: LogMarks): void;
  putChannel(name: string, record: ChannelRecord): void;
  removeChannel(name: string): void;
  /** Positions only rise. */
  addMessage(row: MessageRow, number: number): void;
  removeMessage(position: string, number: number): void;
  putIdempotency(key: string, record: IdempotencyRecord): void;
  removeIdempotency(key: string): void;
}

/** Ordered tables with snapshots and transactions: what a {@link TableLog} is built on. */
export interface TableStore {
  readonly capabilities: { readonly durable: boolean; readonly shared: boolean };
  /** Run `query` on one snapshot, taken now. */
  read<T>(query: (tables: TableReader) => T): T;
  /**
   * Run `change` in a transaction of its own, serialised with those of all processes. If it throws, nothing is kept.
   *
   * @returns what `change` returned, once it is visible and as durable as the store promises
   */
  write<T>(change: (tables: TableWriter) => T): Promise<T>;
  close(): Promise<void>;
}
