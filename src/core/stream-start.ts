import type { SelectorSet } from "./channel-name.ts";
import { type Cursor, epochOf } from "./cursor.ts";
import { type Gap, type MessageLog, originOf } from "./log.ts";

/** Where a stream starts. */
export type StreamStart =
  | { readonly from: "now" }
  | { readonly from: "earliest" }
  | { readonly from: "last"; readonly count: number }
  | { readonly from: "cursor"; readonly after: Cursor }
  /** After something that is no cursor of any log: all that is kept is new, and what was before may be missing. */
  | { readonly from: "unknown" };

/** A place to read from, and what has to be said about it. */
export interface ResolvedStart {
  readonly cursor: Cursor;
  /** The cursor was no cursor of this log. */
  readonly gap: Gap | null;
  /** The caller asked for what is kept, whatever that is: losses before it are none. */
  readonly wantsWhatIsKept: boolean;
}

/** Where a stream starts, and the losses before it that its client need not be told. */
export interface StreamBeginning extends ResolvedStart {
  readonly knownGaps: readonly Gap[];
}

/**
 * Find where a stream starts.
 *
 * @param position everything that was appended before the call is up to here
 * @param isGone see `MessageLog.beforeLast`
 * @throws ForeverframeError FF_LOG_UNAVAILABLE
 */
export async function resolveBeginning(
  log: MessageLog,
  start: StreamStart,
  selectors: SelectorSet,
  position: Cursor,
  isGone: () => boolean,
): Promise<StreamBeginning> {
  const resolved = await resolveStart(log, start, selectors, position, isGone);
  if (!resolved.wantsWhatIsKept) return { ...resolved, knownGaps: [] };
  const { gaps } = await log.read({
    selectors,
    after: resolved.cursor,
    upTo: position,
    maxMessages: 1,
    maxBytes: 1,
  });
  return { ...resolved, knownGaps: gaps };
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
  start: StreamStart,
  selectors: SelectorSet,
  tip: Cursor,
  isGone: () => boolean,
): Promise<ResolvedStart> {
  switch (start.from) {
    case "now":
      return { cursor: tip, gap: null, wantsWhatIsKept: false };
    case "earliest":
      return { cursor: originOf(log.epoch), gap: null, wantsWhatIsKept: true };
    case "last": {
      const cursor = await log.beforeLast(selectors, start.count, tip, isGone);
      return { cursor, gap: null, wantsWhatIsKept: true };
    }
    case "unknown": {
      const origin = originOf(log.epoch);
      const gap = epochGap(origin, origin, selectors);
      return { cursor: origin, gap, wantsWhatIsKept: false };
    }
    case "cursor": {
      const { after, gap } = resolveCursor(start.after, tip, selectors);
      return { cursor: after, gap, wantsWhatIsKept: false };
    }
  }
}

/**
 * Decide where a client goes on that brings a cursor.
 *
 * A cursor of another epoch has seen nothing of this one, so all that is kept is new to it. One beyond the tip comes
 * from a log that was rolled back: what was appended since may have ids before it, and the ids that it saw are gone.
 *
 * @param tip the log's tip now
 * @returns the cursor to read after, and the gap that has to be told, if any
 */
function resolveCursor(
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
