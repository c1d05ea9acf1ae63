import type { Encoding } from "./transport.ts";

/**
 * Responses are recycled at their limit, give or take this part of it, so that those of a busy
 * channel are not recycled all at once.
 */
const SPREAD = 0.25;

/** When responses are replaced by new ones. */
export interface RecycleAfter {
  /** Bytes written to a display frame; 0 for never. */
  readonly recycleBytes: number;
  /** Age of a display frame in ms; 0 for never. */
  readonly recycleMs: number;
  /**
   * Age of any response but a poll's in ms; 0 for never. Some proxies go on taking bytes for a
   * client that has gone, so that nothing else ends its stream.
   */
  readonly maxStreamAgeMs: number;
}

/** When one response is replaced by a new one. */
export interface RecycleLimits {
  /** Bytes written; 0 for never. */
  readonly bytes: number;
  /** Age in ms; 0 for never. */
  readonly ms: number;
}

/** Its response lasts as long as its client reads it. */
export const NEVER: RecycleLimits = { bytes: 0, ms: 0 };

/** @param random generates a number from 0 to 1 */
export function newRecycleLimits(
  { recycles, transport }: Encoding,
  { recycleBytes, recycleMs, maxStreamAgeMs }: RecycleAfter,
  random: () => number,
): RecycleLimits {
  // Each poll ends by itself.
  if (transport === "poll") return NEVER;
  const factor = 1 + SPREAD * (2 * random() - 1);
  const ages = [recycles ? recycleMs : 0, maxStreamAgeMs].filter((ms) => ms > 0);
  return {
    bytes: recycles ? Math.round(recycleBytes * factor) : 0,
    ms: ages.length > 0 ? Math.round(Math.min(...ages) * factor) : 0,
  };
}
