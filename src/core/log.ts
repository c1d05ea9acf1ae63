import type { ForeverframeError } from "../errors.ts";
import type { ChannelName, SelectorSet } from "./channel-name.ts";
import { type Cursor, formatCursor, ORIGIN } from "./cursor.ts";
import type { EscapedJson } from "./json.ts";
import type { KeptRevocation, Revocation } from "./revocation.ts";
import type { ChannelSummary } from "./summaries.ts";

/** One value to be appended. */
export interface NewMessage {
  readonly channel: ChannelName;
  /** The value. */
  readonly data: EscapedJson;
}

/** Says that an append is a repeat if the same key was used less than 10 minutes ago. */
interface Idempotency {
  /** Publisher, channels and the caller's key, in one string of any length. */
  readonly key: string;
  /** Whose key it is; null or absent where nobody says. */
  readonly owner?: string | null | undefined;
}

/**
 * One atomic append: all of its messages become visible together, one after the other in the log,
 * or none does.
 */
export interface AppendRequest {
  /** 1 or more. */
  readonly messages: readonly NewMessage[];
  readonly idempotency?: Idempotency | undefined;
}

/** The ids of one append, in the order of its messages, or why it was refused. */
export type AppendOutcome = readonly Cursor[] | ForeverframeError;

/** A message as the log keeps it. */
export interface StoredMessage {
  readonly id: Cursor;
  readonly channel: string;
  /**
   * The event's final bytes: escaped JSON in UTF-8, valid in every transport. Shared: never write
   * into it.
   */
  readonly json: Buffer;
}

/** Messages of `channels` in (`after`, `upTo`] may be missing. */
export interface Gap {
  readonly after: Cursor;
  readonly upTo: Cursor;
  /** Channel names, or selectors where the log has forgotten which channels they were. */
  readonly channels: readonly string[];
  /**
   * `expired`: trimmed or deleted. `epoch`: the cursor is of another life of the log, or beyond its
   * tip.
   */
  readonly reason: "expired" | "epoch";
}

/** What to read: messages of `selectors` in (`after`, `upTo`]. */
export interface ReadRequest {
  readonly selectors: SelectorSet;
  /** A cursor of this log's epoch. */
  readonly after: Cursor;
  /** A cursor of this log's epoch; null reads to the tip. */
  readonly upTo: Cursor | null;
  /** At least 1. */
  readonly maxMessages: number;
  /**
   * The batch ends with the message that reaches this many bytes of JSON; at least one message is
   * returned.
   */
  readonly maxBytes: number;
  /** Where not all messages are wanted, or it is known where they are; absent elsewhere. */
  readonly wanted?: Wanted | undefined;
}

/** What is wanted of a stretch, and where it is. */
interface Wanted {
  /**
   * Of each channel, this many of its newest messages: 1 or more. A channel that still keeps so
   * many has lost none of them. Null for all messages.
   */
  readonly count: number | null;
  /**
   * Where they are, in log order, as `MessageLog.findPlaces` found them: nothing else is read. Null
   * to read everything, of which the caller takes what it wants.
   */
  readonly places: readonly Place[] | null;
}

/** Where a message is. */
export interface Place {
  readonly id: Cursor;
  readonly channel: string;
}

/** Which messages to find: see `MessageLog.findPlaces`. */
export interface PlacesRequest {
  readonly selectors: SelectorSet;
  /** Of each channel, this many of its newest messages: 1 or more. Null for all. */
  readonly count: number | null;
  /** Cursors of this log's epoch. */
  readonly after: Cursor;
  readonly upTo: Cursor;
  /** Most places that are returned: at least 1. */
  readonly limit: number;
}

/** Where the messages of a {@link PlacesRequest} are. */
export interface FoundPlaces {
  /** In log order. */
  readonly places: readonly Place[];
  /** These are all up to here: the request's `upTo`, or the last place where there are more. */
  readonly upTo: Cursor;
}

/** What one read saw, all in one snapshot. */
export interface LogBatch {
  /** In log order. May be empty before the end, where nothing matched in a long stretch. */
  readonly messages: readonly StoredMessage[];
  /** Where to resume: the last message's id, or further where nothing else matched. */
  readonly cursor: Cursor;
  /** Whether `cursor` is `upTo`, or was the tip. */
  readonly atEnd: boolean;
  /**
   * One for each channel that lost messages after `after`. A false gap is allowed, a missed one
   * never.
   */
  readonly gaps: readonly Gap[];
  /** What was passed over; null where messages were found, or looked up by their channels. */
  readonly passed: PassedRows | null;
}

/** A stretch that was read for nothing, and what would have told that sooner. */
export interface PassedRows {
  /** Messages of other channels that were looked at. */
  readonly rows: number;
  /** Channels that the log has: `MessageLog.findPlaces` looks at no more of them. */
  readonly channels: number;
}

/** How long messages of one channel are kept: the stricter of the two. */
export interface Retention {
  /** At least 1. */
  readonly maxMessages: number;
  /** In ms; at least 1. */
  readonly maxAgeMs: number;
}

/** How long the messages of each channel are kept. */
export interface RetentionRules {
  /** A short name for these rules: rules that may keep something else have another name. */
  readonly fingerprint: string;
  of(channel: string): Retention;
}

/**
 * All messages kept, in one total order over all channels.
 *
 * Ids rise in the order in which appends become visible, whatever the number of callers and
 * processes, and none is used twice. What a read returns is as durable as the log promises: nobody
 * sees what a crash can take back.
 */
export interface MessageLog {
  /** Names this life of the log: 4 to 12 characters of [a-z0-9]. */
  readonly epoch: string;
  readonly capabilities: {
    /** Whether messages are there after the process was killed. */
    readonly durable: boolean;
    /** Whether several processes may have it open at once. */
    readonly shared: boolean;
    /** How many reads are worth having under way at once: 1 where a read blocks the process. */
    readonly readsAtOnce: number;
  };

  /**
   * Append messages, next to one another and atomically.
   *
   * @returns their ids in the order given, once they are visible and durable; for a repeat with the
   *   same idempotency key, the first call's ids, even after a crash in between
   * @throws ForeverframeError FF_IDEMPOTENCY_CONFLICT (the key came with other messages),
   *   FF_IDEMPOTENCY_FULL, FF_CHANNELS_TOO_MANY, FF_LOG_FULL (nothing was stored),
   *   FF_LOG_UNAVAILABLE (nothing was stored, or it is not known: repeat with the same key)
   */
  append(request: AppendRequest): Promise<readonly Cursor[]>;

  /**
   * Append what each of some requests asks for, in their order, as if {@link append} were called
   * for one after the other. It costs less than that: there is one promise, and they share commits.
   *
   * @returns an outcome for each, in order, once all of them are visible and durable
   * @throws ForeverframeError FF_LOG_UNAVAILABLE, FF_LOG_FULL: it is not known which of them were
   *   stored
   */
  appendEach(requests: readonly AppendRequest[]): Promise<readonly AppendOutcome[]>;

  /**
   * Read what a selector set matches, oldest first.
   *
   * @throws ForeverframeError FF_LOG_UNAVAILABLE when the log can't be read now, or shows less than
   *   up to `upTo`; nothing was skipped
   */
  read(request: ReadRequest): Promise<LogBatch>;

  /** The id of the newest message, or the cursor before all messages. */
  tip(): Promise<Cursor>;

  /**
   * The cursor after which exactly the last `count` messages of `selectors` up to `upTo` follow.
   * Where fewer are kept, the cursor before all messages.
   *
   * @param isGone whether nobody waits for the answer any more: then the search, which may be a
   *   long one, ends
   * @throws ForeverframeError FF_LOG_UNAVAILABLE; FF_REQUEST_INVALID: nobody waits
   */
  beforeLast(
    selectors: SelectorSet,
    count: number,
    upTo: Cursor,
    isGone: () => boolean,
  ): Promise<Cursor>;

  /**
   * Find, for each of some requests, the messages in (`after`, `upTo`] that have fewer than `count`
   * later ones of their channel up to `upTo`: the first `limit` of them in log order.
   *
   * It goes through the names of channels, once for all requests, and looks at no message of
   * another channel; in bounded pieces. What is removed meanwhile may be among what is found; a
   * read of it leaves it out.
   *
   * @param requests 1 or more
   * @param isGone whether nobody waits for the answers any more: then the search ends
   * @returns an answer for each, in order
   * @throws ForeverframeError FF_LOG_UNAVAILABLE; FF_REQUEST_INVALID: nobody waits
   */
  findPlaces(
    requests: readonly PlacesRequest[],
    isGone: () => boolean,
  ): Promise<readonly FoundPlaces[]>;

  /** Channels that keep messages, by name, at most `limit` of those after the name `after`. */
  channels(after: string, limit: number): Promise<readonly ChannelSummary[]>;

  /**
   * Remove all messages that a channel keeps at the time of the call; what is appended meanwhile
   * stays. Reads that look for what was removed get a gap.
   *
   * @returns how many there were
   */
  deleteChannel(channel: string): Promise<number>;

  /**
   * Keep a revocation, until its own `until`.
   *
   * @throws ForeverframeError FF_REVOCATIONS_FULL, FF_LOG_FULL, FF_LOG_UNAVAILABLE
   */
  revoke(revocation: Revocation): Promise<void>;

  /**
   * The revocations whose numbers are above `after`, at most `limit`, in the order in which they
   * were kept.
   *
   * @throws ForeverframeError FF_LOG_UNAVAILABLE
   */
  revocations(after: number, limit: number): Promise<readonly KeptRevocation[]>;

  /**
   * Remove what the log's retention rules no longer keep and idempotency keys that have expired, a
   * bounded piece a call. Reads that look for removed messages get a gap. While nothing is due, a
   * call costs one look-up, however many channels there are.
   *
   * @returns whether there is more to do now
   */
  trim(): Promise<boolean>;

  /**
   * Why appends fail now (FF_LOG_FULL, FF_LOG_UNAVAILABLE), or null while they succeed. Trouble
   * ends a few seconds after the last failure. This call and {@link trim} check whether it has
   * ended, even if nobody appends.
   */
  health(): Promise<ForeverframeError | null>;

  /**
   * Let go of files and timers. Appends that were accepted before are finished; later calls fail.
   */
  close(): Promise<void>;
}

/** The cursor before all messages of an epoch. */
export function originOf(epoch: string): Cursor {
  return formatCursor(epoch, ORIGIN);
}
