import { laterPosition, ORIGIN, timeOfPosition } from "../core/cursor.ts";
import type { RetentionRules } from "../core/log.ts";
import { dueByAge, indexChannels, needsIndexing, putChannelDue } from "./table-due.ts";
import type { ChannelRecord, TableReader, TableWriter } from "./tables.ts";

/** Channels that one call looks at, and rows that it removes at most: some 10 ms of a transaction. */
const CHANNELS_PER_CALL = 1_000;
const REMOVALS_PER_CALL = 2_000;

/** What one piece of trimming is given. */
export interface TrimOptions {
  readonly rules: RetentionRules;
  /** Unix ms. */
  readonly now: number;
}

/** Whether {@link trimTables} would find something to do. As cheap as it can be: it is asked each second. */
export function isTrimDue(tables: TableReader, { rules, now }: TrimOptions): boolean {
  return (
    tables.dueChannels(now, 1).length > 0 ||
    tables.expiredIdempotency(now, 1).length > 0 ||
    needsIndexing(tables, rules)
  );
}

/**
 * See `MessageLog.trim`. The marks that make gaps exact are written in the transaction that removes the messages.
 *
 * @returns whether there is more to do now
 */
export function trimTables(tables: TableWriter, { rules, now }: TrimOptions): boolean {
  let left = REMOVALS_PER_CALL;
  const due = tables.dueChannels(now, CHANNELS_PER_CALL);
  for (const entry of due) {
    if (left === 0) break;
    const record = tables.channel(entry.channel);
    if (record?.number === entry.number && record.due === entry.due) {
      left -= trimChannel(tables, entry.channel, record, { rules, now }, left);
    } else {
      tables.removeDue(entry); // of a channel that is gone
    }
  }
  const keys = tables.expiredIdempotency(now, REMOVALS_PER_CALL);
  for (const key of keys) tables.removeIdempotency(key);
  if (needsIndexing(tables, rules)) indexChannels(tables, rules);
  return isTrimDue(tables, { rules, now });
}

/**
 * Remove up to `limit` messages that one channel does not keep any more.
 *
 * @returns how many went
 */
function trimChannel(
  tables: TableWriter,
  name: string,
  record: ChannelRecord,
  { rules, now }: TrimOptions,
  limit: number,
): number {
  const retention = rules.of(name);
  const positions: string[] = [];
  let surplus = record.messages - retention.maxMessages;
  // Where the limit ends the search, the channel stays due.
  let due = record.due;
  const range = { after: ORIGIN, upTo: record.last, order: "oldest first" } as const;
  for (const position of tables.positionsOf(record.number, range)) {
    if (positions.length >= limit) break;
    const dueThen = dueByAge(timeOfPosition(position), retention);
    if (surplus-- <= 0 && dueThen > now) {
      due = dueThen;
      break;
    }
    positions.push(position);
  }
  storeTrimmed(tables, name, { ...removePositions(tables, record, positions), due }, record.due);
  return positions.length;
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
  if (positions.length > 0)
    storeTrimmed(tables, name, removePositions(tables, record, positions), record.due);
  return { removed: positions.length, more: positions.length === REMOVALS_PER_CALL };
}

function removePositions(
  tables: TableWriter,
  record: ChannelRecord,
  positions: readonly string[],
): ChannelRecord {
  for (const position of positions) tables.removeMessage(position, record.number);
  return {
    ...record,
    messages: record.messages - positions.length,
    trimmedTo: positions.at(-1) ?? record.trimmedTo,
  };
}

function storeTrimmed(
  tables: TableWriter,
  name: string,
  record: ChannelRecord,
  dueBefore: number | undefined,
): void {
  const marks = tables.marks();
  const trimmedTo = laterPosition(marks.trimmedTo, record.trimmedTo);
  if (record.messages > 0) {
    putChannelDue(tables, name, record, dueBefore);
    tables.putMarks({ ...marks, trimmedTo });
    return;
  }
  // Else every channel name ever used would be kept for ever.
  const { number } = record;
  if (dueBefore !== undefined) tables.removeDue({ due: dueBefore, number, channel: name });
  tables.removeChannel(name);
  const forgottenTo = laterPosition(marks.forgottenTo, record.trimmedTo);
  tables.putMarks({ ...marks, trimmedTo, forgottenTo });
}
