import { laterPosition, ORIGIN, timeOfPosition } from "../core/cursor.ts";
import type { Retention } from "../core/log.ts";
import type { ChannelRecord, TableWriter } from "./tables.ts";

/** Channels that one call looks at, and rows that it removes at most: some 10 ms of a transaction. */
const CHANNELS_PER_CALL = 1_000;
const REMOVALS_PER_CALL = 2_000;

/** What one piece of trimming is given. */
export interface TrimOptions {
  readonly retention: (channel: string) => Retention;
  /** Go on after the channel of this name; "" starts with the first. */
  readonly from: string;
  /** Unix ms. */
  readonly now: number;
}

/**
 * See `MessageLog.trim`. The marks that make gaps exact are written in the transaction that removes the messages.
 *
 * @returns whether there is more to do now, and the `from` of the next call
 */
export function trimTables(
  tables: TableWriter,
  { retention, from, now }: TrimOptions,
): { readonly more: boolean; readonly next: string } {
  const trimmed: (readonly [string, ChannelRecord])[] = [];
  let removals = 0;
  let looked = 0;
  let next = from;
  let more = false;
  for (const [name, record] of tables.channels(from)) {
    if (looked++ >= CHANNELS_PER_CALL) {
      more = true;
      break;
    }
    const positions = expiredPositions(
      tables,
      record,
      retention(name),
      now,
      REMOVALS_PER_CALL - removals,
    );
    const rest = removePositions(tables, record, positions);
    removals += positions.length;
    if (rest !== null) trimmed.push([name, rest]);
    if (removals >= REMOVALS_PER_CALL) {
      more = true; // this channel may have more: the next call looks at it again
      break;
    }
    next = name;
  }
  for (const [name, record] of trimmed) storeTrimmed(tables, name, record);
  const keys = tables.expiredIdempotency(now, REMOVALS_PER_CALL);
  for (const key of keys) tables.removeIdempotency(key);
  return { more: more || keys.length === REMOVALS_PER_CALL, next: more ? next : "" };
}

/**
 * Remove messages of one channel up to a position, a bounded piece a call.
 *
 * @returns how many went, and whether there are more
 */
export function deleteFromChannel(
  tables: TableWriter,
  name: string,
  upTo: string,
): { readonly removed: number; readonly more: boolean } {
  const record = tables.channel(name);
  if (record === undefined) return { removed: 0, more: false };
  const positions: string[] = [];
  for (const position of tables.positionsOf(record.number, {
    after: ORIGIN,
    upTo,
    order: "oldest first",
  })) {
    if (positions.length >= REMOVALS_PER_CALL) break;
    positions.push(position);
  }
  const trimmed = removePositions(tables, record, positions);
  if (trimmed !== null) storeTrimmed(tables, name, trimmed);
  return { removed: positions.length, more: positions.length === REMOVALS_PER_CALL };
}

function removePositions(
  tables: TableWriter,
  record: ChannelRecord,
  positions: readonly string[],
): ChannelRecord | null {
  const last = positions.at(-1);
  if (last === undefined) return null;
  for (const position of positions) tables.removeMessage(position, record.number);
  return { ...record, messages: record.messages - positions.length, trimmedTo: last };
}

function expiredPositions(
  tables: TableWriter,
  record: ChannelRecord,
  { maxMessages, maxAgeMs }: Retention,
  now: number,
  limit: number,
): readonly string[] {
  const positions: string[] = [];
  let surplus = record.messages - maxMessages;
  const range = { after: ORIGIN, upTo: record.last, order: "oldest first" } as const;
  for (const position of tables.positionsOf(record.number, range)) {
    if (positions.length >= limit) break;
    if (surplus-- <= 0 && timeOfPosition(position) >= now - maxAgeMs) break;
    positions.push(position);
  }
  return positions;
}

function storeTrimmed(tables: TableWriter, name: string, record: ChannelRecord): void {
  const marks = tables.marks();
  const trimmedTo = laterPosition(marks.trimmedTo, record.trimmedTo);
  if (record.messages > 0) {
    tables.putChannel(name, record);
    tables.putMarks({ ...marks, trimmedTo });
    return;
  }
  // Else every channel name ever used would be kept for ever.
  tables.removeChannel(name);
  const forgottenTo = laterPosition(marks.forgottenTo, record.trimmedTo);
  tables.putMarks({ ...marks, trimmedTo, forgottenTo });
}
