import { laterPosition, ORIGIN } from "../core/cursor.ts";
import type { RetentionRules } from "../core/log.ts";
import type { IndexEntry } from "./index-entry.ts";
import { countRows, needsCounting, removeRow } from "./table-bytes.ts";
import { dueByAge, indexChannels, needsIndexing, putChannelDue } from "./table-due.ts";
import type { ChannelRecord, TableReader, TableWriter } from "./tables.ts";

/**
 * Channels that one call looks at, and rows that it removes at most: some 10 ms of a transaction.
 */
const CHANNELS_PER_CALL = 1_000;
const REMOVALS_PER_CALL = 2_000;

/** Rows that a call removes at most while the disk is full: each may copy a page or two first. */
export const FEW_REMOVALS = 50;

/** How long an idempotency key answers a repeat, in ms. */
export const IDEMPOTENCY_MS = 600_000;

/** What one piece of trimming is given. */
export interface TrimOptions {
  readonly rules: RetentionRules;
  /** Unix ms by which messages and keys expire: see `SteadyClock`. */
  readonly now: number;
  /** Unix ms of the wall clock. */
  readonly wallTime: number;
  /** Most rows to remove; by default, REMOVALS_PER_CALL. */
  readonly maxRemovals?: number;
}

/**
 * Whether {@link trimTables} would find something to do. As cheap as it can be: it is asked each
 * second.
 */
export function isTrimDue(tables: TableReader, options: TrimOptions): boolean {
  return (
    isRemovalDue(tables, options) || needsIndexing(tables, options.rules) || needsCounting(tables)
  );
}

function isRemovalDue(tables: TableReader, { now, wallTime }: TrimOptions): boolean {
  return (
    tables.dueChannels(now, 1).length > 0 ||
    tables.expiredIdempotency(now, 1).length > 0 ||
    tables.lateIdempotency(latestExpiry({ now, wallTime }), 1).length > 0
  );
}

/**
 * See `MessageLog.trim`. The marks that make gaps exact are written in the transaction that removes
 * the messages.
 *
 * @returns whether there is more to do now
 */
export function trimTables(tables: TableWriter, options: TrimOptions): boolean {
  const { rules, now } = options;
  let left = options.maxRemovals ?? REMOVALS_PER_CALL;
  const due = tables.dueChannels(now, CHANNELS_PER_CALL);
  for (const entry of due) {
    if (left === 0) break;
    const record = tables.channel(entry.channel);
    if (record?.number === entry.number && record.due === entry.due) {
      left -= trimChannel(tables, entry.channel, record, options, left);
    } else {
      tables.removeDue(entry); // of a channel that is gone
    }
  }
  trimIdempotency(tables, options);
  // The rest would not help a disk that is full, so leave it for later.
  if (options.maxRemovals !== undefined) return isRemovalDue(tables, options);
  const upkeep = tables.upkeep();
  if (upkeep !== undefined && needsIndexing(tables, rules))
    indexChannels(tables, upkeep, rules, now);
  else if (upkeep !== undefined) countRows(tables, upkeep);
  return isTrimDue(tables, options);
}

function trimIdempotency(tables: TableWriter, options: TrimOptions): void {
  const { maxRemovals = REMOVALS_PER_CALL } = options;
  for (const key of tables.expiredIdempotency(options.now, maxRemovals))
    tables.removeIdempotency(key);
  // Keys from when the clock was ahead would be kept too long, by as much as it was ahead.
  const expires = latestExpiry(options);
  for (const key of tables.lateIdempotency(expires, maxRemovals)) {
    const record = tables.idempotency(key);
    if (record === undefined) continue;
    tables.removeIdempotency(key);
    tables.putIdempotency(key, { ...record, expires });
  }
}

/** No key that is used now expires later (Unix ms). */
function latestExpiry({ now, wallTime }: Pick<TrimOptions, "now" | "wallTime">): number {
  return Math.max(now, wallTime) + IDEMPOTENCY_MS;
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
  const expired: IndexEntry[] = [];
  /** Messages dated in the future, from when the clock was ahead: they go when later ones go. */
  const ahead: IndexEntry[] = [];
  let surplus = record.messages - retention.maxMessages;
  let due: number | undefined;
  const range = { after: ORIGIN, upTo: record.last, order: "oldest first" } as const;
  for (const entry of tables.entriesOf(record.number, range)) {
    if (expired.length + ahead.length >= limit) break;
    const dueThen = dueByAge(entry.time, retention);
    if (surplus-- > 0) expired.push(entry);
    else if (dueThen <= now) expired.push(...ahead.splice(0), entry);
    else if (entry.time > now) ahead.push(entry);
    else {
      due = dueThen;
      break;
    }
  }
  const [first] = ahead;
  if (due === undefined && first !== undefined) due = dueByAge(first.time, retention);
  // Where the limit has ended the search, the channel stays due.
  storeTrimmed(tables, name, { ...record, due: due ?? record.due }, record.due, expired);
  return expired.length;
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
  maxRemovals = REMOVALS_PER_CALL,
): { readonly removed: number; readonly more: boolean } {
  const record = tables.channel(name);
  if (record === undefined) return { removed: 0, more: false };
  const entries: IndexEntry[] = [];
  const range = { after: ORIGIN, upTo, order: "oldest first" } as const;
  for (const entry of tables.entriesOf(record.number, range)) {
    if (entries.length >= maxRemovals) break;
    entries.push(entry);
  }
  if (entries.length > 0) storeTrimmed(tables, name, record, record.due, entries);
  return { removed: entries.length, more: entries.length === maxRemovals };
}

/** Remove a channel's oldest messages, and store what is known of it then. */
function storeTrimmed(
  tables: TableWriter,
  name: string,
  record: ChannelRecord,
  dueBefore: number | undefined,
  removed: readonly IndexEntry[],
): void {
  const { number } = record;
  let freed = 0;
  for (const entry of removed) freed += removeRow(tables, entry, number);
  const messages = record.messages - removed.length;
  const channelTrimmedTo = removed.at(-1)?.position ?? record.trimmedTo;
  const before = tables.marks();
  const bytes = Math.max(0, (before.bytes ?? 0) - freed);
  const trimmedTo = laterPosition(before.trimmedTo, channelTrimmedTo);
  const marks = { ...before, bytes, trimmedTo };
  if (messages > 0) {
    putChannelDue(tables, name, { ...record, messages, trimmedTo: channelTrimmedTo }, dueBefore);
    tables.putMarks(marks);
    return;
  }
  // Otherwise every channel name ever used would be kept for ever.
  if (dueBefore !== undefined) tables.removeDue({ due: dueBefore, number, channel: name });
  tables.removeChannel(name);
  const forgottenTo = laterPosition(before.forgottenTo, channelTrimmedTo);
  tables.putMarks({ ...marks, forgottenTo });
}
