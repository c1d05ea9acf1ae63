import type { SelectorSet } from "./channel-name.ts";
import { type Cursor, cursorBeforeTime, epochOf } from "./cursor.ts";
import type { Excerpt } from "./excerpt.ts";
import { type Gap, type MessageLog, originOf } from "./log.ts";

/** Where a stream is asked to start. */
export type StartRequest =
  | { readonly from: "now" }
  | { readonly from: "earliest" }
  /** With the last `count` messages of all channels together; 0 or more. */
  | { readonly from: "last"; readonly count: number }
  /** With the last `count` messages of each channel; 0 or more. */
  | { readonly from: "each"; readonly count: number }
  /** With everything whose time is this one or later, in Unix ms. */
  | { readonly from: "since"; readonly unixMs: number }
  | { readonly from: "cursor"; readonly after: Cursor }
  /**
   * After something that is not a cursor of any log: everything that is kept is new, and earlier
   * messages may be missing.
   */
  | { readonly from: "unknown" };

/** A cursor to read from, and what its client has to be told about it. */
export interface StartPoint {
  readonly cursor: Cursor;
  /** What is wanted of the messages that are kept after it; null for all of them. */
  readonly excerpt: Excerpt | null;
  /** Not null if the cursor was not one of this log. */
  readonly gap: Gap | null;
  /**
   * The caller asked for whatever is kept, so messages removed before that do not count as lost.
   */
  readonly wantsWhatIsKept: boolean;
}

/**
 * Find the losses before the start of a stream that its client need not be told, since it asked for
 * what is kept.
 *
 * @param upTo see {@link resolveStart}
 * @throws ForeverframeError FF_LOG_UNAVAILABLE
 */
export async function findKnownGaps(
  log: MessageLog,
  { cursor, wantsWhatIsKept, excerpt }: StartPoint,
  selectors: SelectorSet,
  upTo: Cursor,
): Promise<readonly Gap[]> {
  if (!wantsWhatIsKept) return [];
  const count = excerpt?.newest ?? null;
  // To look for a first message of a pattern may take long, and only the gaps are wanted.
  const places = selectors.patterns.length > 0 ? [] : null;
  const wanted = count === null && places === null ? undefined : { count, places };
  const request = { selectors, after: cursor, upTo, wanted, maxMessages: 1, maxBytes: 1 };
  return (await log.read(request)).gaps;
}

/**
 * Find the cursor where a stream, or a read, starts.
 *
 * @param tip everything that was appended before the call is up to here
 * @param isGone see `MessageLog.beforeLast`
 * @throws ForeverframeError FF_LOG_UNAVAILABLE
 */
export async function resolveStart(
  log: MessageLog,
  start: StartRequest,
  selectors: SelectorSet,
  tip: Cursor,
  isGone: () => boolean,
): Promise<StartPoint> {
  const kept = { gap: null, excerpt: null, wantsWhatIsKept: true };
  const origin = originOf(log.epoch);
  switch (start.from) {
    case "now":
      return { ...kept, cursor: tip, wantsWhatIsKept: false };
    case "earliest":
      return { ...kept, cursor: origin };
    case "last": {
      if (start.count === 0) return { ...kept, cursor: tip };
      return { ...kept, cursor: await log.beforeLast(selectors, start.count, tip, isGone) };
    }
    case "each": {
      if (start.count === 0) return { ...kept, cursor: tip };
      return { ...kept, cursor: origin, excerpt: { ...ALL, newest: start.count } };
    }
    case "since": {
      const cursor = cursorBeforeTime(log.epoch, start.unixMs);
      const excerpt = { ...ALL, sinceMs: start.unixMs };
      return { ...kept, cursor: cursor < tip ? cursor : tip, excerpt };
    }
    case "unknown": {
      const gap = epochGap(origin, origin, selectors);
      return { ...kept, cursor: origin, gap, wantsWhatIsKept: false };
    }
    case "cursor": {
      const { after, gap } = resolveAfter(start.after, tip, selectors);
      return { ...kept, cursor: after, gap, wantsWhatIsKept: false };
    }
  }
}

const ALL: Excerpt = { newest: null, sinceMs: null, upTo: null };

/**
 * Decide where a client that brings a cursor resumes.
 *
 * A client with a cursor of another epoch has seen nothing of this one, so all that is kept is new
 * to it. A cursor beyond the tip comes from a log that was rolled back: messages appended since may
 * have lower ids, and those that the client saw are gone.
 *
 * @param tip the log's tip now
 * @returns the cursor to read after, and the gap that has to be told, if any
 */
function resolveAfter(
  after: Cursor,
  tip: Cursor,
  selectors: SelectorSet,
): { readonly after: Cursor; readonly gap: Gap | null } {
  const epoch = epochOf(tip);
  const foreign = epochOf(after) !== epoch;
  if (!foreign && after <= tip) return { after, gap: null };
  const start = foreign ? originOf(epoch) : tip;
  return { after: start, gap: epochGap(after, start, selectors) };
}

function epochGap(after: Cursor, upTo: Cursor, { selectors }: SelectorSet): Gap {
  return { after, upTo, channels: selectors, reason: "epoch" };
}
