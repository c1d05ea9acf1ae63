import type { Cursor } from "./cursor.ts";
import type { StoredMessage } from "./log.ts";

/** What a stream is given of a stretch of the log of which it does not want every message. */
export interface Excerpt {
  /**
   * At least 1: of each channel only this many of its newest messages up to `upTo`. Null for all.
   */
  readonly newest: number | null;
  /** Only messages whose `time` is this one or a later one, in Unix ms; null for any. */
  readonly sinceMs: number | null;
  /**
   * The end of the stretch. It stays where it is while the stretch is read, so that every channel
   * has its turn however often the others are published to. Null until the reading begins, which
   * ends the stretch at the tip of that moment.
   */
  readonly upTo: Cursor | null;
}

/** A stretch of the log of which a stream was not given every message. */
export interface PassedOver {
  readonly after: Cursor;
  readonly upTo: Cursor;
  /** Of each channel, the stream was given this many of the newest; null for all. */
  readonly newest: number | null;
  /** It was given messages from this time on, in Unix ms; null for all. */
  readonly sinceMs: number | null;
}

/** What a stream with `latest` gets of the stretch that it is behind. */
export const LATEST: Excerpt = { newest: 1, sinceMs: null, upTo: null };

/** A stretch of the log of which a stream was not given every message. */
export interface PassedOver {
  readonly after: Cursor;
  readonly upTo: Cursor;
  /** Of each channel, the stream was given this many of the newest; null for all. */
  readonly newest: number | null;
  /** It was given messages from this time on, in Unix ms; null for all. */
  readonly sinceMs: number | null;
}

const BEFORE_TIME = '","time":';

/**
 * Those of `messages` that belong to an excerpt.
 *
 * @param messages in log order; all that there are up to the end of the stretch, where only the
 *   newest are wanted
 */
export function excerptOf(
  messages: readonly StoredMessage[],
  { newest, sinceMs }: Pick<Excerpt, "newest" | "sinceMs">,
): readonly StoredMessage[] {
  const kept = newest === null ? messages : newestOf(messages, newest);
  return sinceMs === null ? kept : kept.filter((message) => timeOf(message) >= sinceMs);
}

function newestOf(messages: readonly StoredMessage[], count: number): readonly StoredMessage[] {
  const counts = new Map<string, number>();
  const kept: StoredMessage[] = [];
  for (const message of messages.toReversed()) {
    const later = counts.get(message.channel) ?? 0;
    if (later === count) continue;
    counts.set(message.channel, later + 1);
    kept.push(message);
  }
  return kept.reverse();
}

/**
 * The `time` of a message, in Unix ms. It is not the one in the id if the wall clock went back.
 *
 * A quotation mark within the channel's name is escaped, so this text does not occur in it.
 */
export function timeOf({ json }: StoredMessage): number {
  const start = json.indexOf(BEFORE_TIME) + BEFORE_TIME.length;
  return Number.parseInt(json.toString("latin1", start, start + 16), 10);
}
