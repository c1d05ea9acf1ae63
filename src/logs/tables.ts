import type { Cursor } from "../core/cursor.ts";
import type { MessageLog } from "../core/log.ts";
import type { KeptRevocation } from "../core/revocation.ts";
import type { IndexEntry } from "./index-entry.ts";

/** What is kept of a channel besides its messages. */
export interface ChannelRecord {
  /** Short name of the channel in the index; never given to another channel. */
  readonly number: number;
  /** Messages kept. */
  readonly messages: number;
  /** Everything up to this position was removed. */
  readonly trimmedTo: string;
  /** Position of the last message ever appended. */
  readonly last: string;
  /**
   * Unix ms from which there is something to remove by the retention rules, 0 for now: the
   * channel's key among those that are due. Undefined in a log of version 0.1 until {@link Upkeep}
   * gets there.
   */
  readonly due?: number | undefined;
}

/** What is kept of an append that had an idempotency key. */
export type IdempotencyRecord = {
  /** Hash of the messages, to tell a repeat from another append under the same key. */
  readonly fingerprint: string;
  /** Unix ms after which the key may be used anew. */
  readonly expires: number;
} & (
  | {
      readonly first: Cursor;
      /** Ids of one append follow one another. */
      readonly count: number;
    }
  /** As version 0.1 kept them. */
  | { readonly ids: readonly Cursor[] }
);

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
  /** Unix ms of the wall clock at the newest append. Undefined in a log of version 0.1. */
  readonly time?: number;
  /** Bytes of all messages kept, see `rowBytes`. Undefined in a log of version 0.1. */
  readonly bytes?: number;
}

/** How far the log's own housekeeping has come. */
export interface Upkeep {
  /** Fingerprint of the retention rules by which channels are put among the due ones. */
  readonly retention: string;
  /** Channels up to this name have been put there by these rules; null when all have. */
  readonly indexedTo: string | null;
  /**
   * Positions (`after`, `upTo`] that version 0.1 wrote and whose bytes are not in the marks; null
   * when all are.
   */
  readonly uncounted: { readonly after: string; readonly upTo: string } | null;
}

/** A channel that has something to remove from `due` (Unix ms) on. */
export interface DueChannel {
  readonly due: number;
  readonly number: number;
  readonly channel: string;
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

/** A message to be stored. */
export interface NewRow {
  readonly position: string;
  /** Unix ms in the position. */
  readonly positionTime: number;
  /** Unix ms of the wall clock. */
  readonly time: number;
  readonly channel: string;
  /** Its final JSON; where data is shared, all before it. */
  readonly json: string;
  /** The name of the data that it shares, or null. */
  readonly shared: string | null;
}

/** What several messages of one append have in common. */
export interface SharedData {
  /** The position of the first of them. */
  readonly name: string;
  /** As JSON. */
  readonly data: string;
  /** How many there are. */
  readonly rows: number;
}

/**
 * Read access to everything that a log stores, in one snapshot. Valid only inside the callback that
 * it is given to.
 */
export interface TableReader {
  marks(): LogMarks;
  /** Undefined in a log that has never been trimmed by an index of what is due. */
  upkeep(): Upkeep | undefined;
  channel(name: string): ChannelRecord | undefined;
  channelCount(): number;
  /** The names of channels, in their order, from `after` (exclusive) on. */
  names(after: string): Iterable<string>;
  /** By name, from `after` (exclusive) on. A name alone costs a third of that. */
  channels(after?: string): Iterable<readonly [name: string, record: ChannelRecord]>;
  /** Positions of one channel's messages. */
  positionsOf(number: number, range: PositionRange): Iterable<string>;
  /** The index's entries of one channel's messages. */
  entriesOf(number: number, range: PositionRange): Iterable<IndexEntry>;
  messages(range: PositionRange): Iterable<MessageRow>;
  message(position: string): MessageRow | undefined;
  /** Channels that are due by `now` (Unix ms), soonest first. */
  dueChannels(now: number, limit: number): readonly DueChannel[];
  idempotency(key: string): IdempotencyRecord | undefined;
  idempotencyCount(): number;
  /** Keys whose time ended before `now` (Unix ms). */
  expiredIdempotency(now: number, limit: number): readonly string[];
  /** Keys whose time ends after `then` (Unix ms). */
  lateIdempotency(then: number, limit: number): readonly string[];
  /** Those with numbers above `after`, in their order. */
  revocations(after: number, limit: number): readonly KeptRevocation[];
  revocationCount(): number;
  /** The highest number of a revocation that is kept; 0 if none is. */
  lastRevocation(): number;
}

/**
 * Write access inside one transaction; what is written is seen by reads of the same transaction.
 */
export interface TableWriter extends TableReader {
  putMarks(marks: LogMarks): void;
  putUpkeep(upkeep: Upkeep): void;
  putChannel(name: string, record: ChannelRecord): void;
  removeChannel(name: string): void;
  /**
   * Positions only rise.
   *
   * @returns bytes of its own JSON
   */
  addMessage(row: NewRow, number: number): number;
  removeMessage(position: string, number: number): void;
  /** @returns its bytes */
  addShared(data: SharedData): number;
  /**
   * One row fewer has this data, which is removed with the last.
   *
   * @returns its bytes if it was removed, else null
   */
  releaseShared(name: string): number | null;
  addDue(entry: DueChannel): void;
  removeDue(entry: DueChannel): void;
  putIdempotency(key: string, record: IdempotencyRecord): void;
  removeIdempotency(key: string): void;
  putRevocation(revocation: KeptRevocation): void;
  removeRevocation(number: number): void;
}

/** Ordered tables with snapshots and transactions: what a {@link TableLog} is built on. */
export interface TableStore {
  readonly capabilities: MessageLog["capabilities"];
  /** Run `query` on one snapshot, taken now. */
  read<T>(query: (tables: TableReader) => T): T;
  /**
   * Run `change` in a transaction of its own, serialised with those of all processes. If it throws,
   * nothing is kept.
   *
   * @returns what `change` returned, once it is visible and as durable as the store promises
   */
  write<T>(change: (tables: TableWriter) => T): Promise<T>;
  /**
   * Check that what is written goes where it will be looked for: files may have been removed.
   *
   * @throws ForeverframeError FF_LOG_UNAVAILABLE
   */
  check(): void;
  /** Write as much as a large message, and remove it. Rejects if that is not possible. */
  probe(): Promise<void>;
  /** Whether what it is stored on has room for a large message. */
  hasRoom(): boolean;
  /** Hold some room in reserve, if none is held yet and there is enough. */
  keepReserve(): void;
  /** Give up the reserve, so that something can be removed. */
  giveReserve(): void;
  close(): Promise<void>;
}
