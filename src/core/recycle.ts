import type { Encoding } from "./transport.ts";

/**
 * Responses are recycled at their limit, give or take this part of it, so that those of a busy
 * channel are not recycled all at once.
 */
const SPREAD = 0.25;

const NEVER: RecycleLimits = { bytes: 0, ms: 0 };

/** When responses are replaced by new ones, in transports that need it. */
export interface RecycleAfter {
  /** Bytes written; 0 for never. */
  readonly recycleBytes: number;
  /** Age in ms; 0 for never. */
  readonly recycleMs: number;
}

/** When one response is replaced by a new one. */
export interface RecycleLimits {
  /** Bytes written; 0 for never. */
  readonly bytes: number;
  /** Age in ms; 0 for never. */
  readonly ms: number;
}

/** @param random generates a number from 0 to 1 */
export function newRecycleLimits(
  { recycles }: Encoding,
  { recycleBytes, recycleMs }: RecycleAfter,
  random: () => number,
): RecycleLimits {
  if (!recycles) return NEVER;
  const factor = 1 + SPREAD * (2 * random() - 1);
  return { bytes: Math.round(recycleBytes * factor), ms: Math.round(recycleMs * factor) };
}
