import type { NewMessage } from "./log.ts";

/** Data of fewer characters than this is cheaper to repeat than to share. */
const SHARED_FROM = 512;

const NONE: ReadonlySet<string> = new Set();

/**
 * Data that several messages of one append have and that is worth sharing, as in one publish to
 * many channels.
 */
export function repeatedData(messages: readonly NewMessage[]): ReadonlySet<string> {
  if (messages.length === 1) return NONE;
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { data } of messages) {
    if (data.length < SHARED_FROM) continue;
    if (seen.has(data)) repeated.add(data);
    else seen.add(data);
  }
  return repeated;
}

/** Characters of data that an append brings, shared data once. */
export function dataLength(messages: readonly NewMessage[]): number {
  const repeated = repeatedData(messages);
  let length = 0;
  for (const data of repeated) length += data.length;
  for (const { data } of messages) if (!repeated.has(data)) length += data.length;
  return length;
}
