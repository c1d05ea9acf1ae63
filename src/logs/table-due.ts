import { ORIGIN } from "../core/cursor.ts";
import type { Retention, RetentionRules } from "../core/log.ts";
import type { ChannelRecord, TableReader, TableWriter, Upkeep } from "./tables.ts";

/** Channels that one piece of indexing looks at: some 10 ms of a transaction. */
const CHANNELS_PER_PIECE = 500;

/** Messages of one channel that are looked at for the one that falls due first. */
const ENTRIES_PER_CHANNEL = 2_000;

/** The name before every channel's. */
const BEFORE_ALL = "";

/** When a message of this time (Unix ms) has become too old to keep. */
export function dueByAge(time: number, { maxAgeMs }: Retention): number {
  return time + maxAgeMs + 1;
}

/** When a channel has something to remove: see `ChannelRecord.due`. */
export function dueOf(
  tables: TableReader,
  record: ChannelRecord,
  retention: Retention,
  now: number,
): number {
  if (record.messages > retention.maxMessages) return 0;
  let due = Number.MAX_SAFE_INTEGER;
  let looked = 0;
  const range = { after: ORIGIN, upTo: record.last, order: "oldest first" } as const;
  for (const { time } of tables.entriesOf(record.number, range)) {
    due = Math.min(due, dueByAge(time, retention));
    // Messages from when the clock was ahead may be followed by some that fall due earlier.
    if (time <= now || ++looked === ENTRIES_PER_CHANNEL) break;
  }
  return due;
}

/** Store a channel's record, and its place among those that are due where that has changed. */
export function putChannelDue(
  tables: TableWriter,
  name: string,
  record: ChannelRecord,
  before: number | undefined,
): void {
  tables.putChannel(name, record);
  const { number, due } = record;
  if (due === before) return;
  if (before !== undefined) tables.removeDue({ due: before, number, channel: name });
  if (due !== undefined) tables.addDue({ due, number, channel: name });
}

/** Whether channels must be put among those that are due, because the rules have changed. */
export function needsIndexing(tables: TableReader, { fingerprint }: RetentionRules): boolean {
  const upkeep = tables.upkeep();
  return upkeep?.retention !== fingerprint || upkeep.indexedTo !== null;
}

/**
 * Put the next channels among those that are due, by the rules as they are now.
 *
 * Rules are configuration, so each start may bring others; a log of version 0.1 has no index
 * at all. Channels that are appended to meanwhile are put there by the append.
 */
export function indexChannels(
  tables: TableWriter,
  upkeep: Upkeep,
  rules: RetentionRules,
  now: number,
): void {
  const isBegun = upkeep.retention === rules.fingerprint;
  const from = isBegun ? (upkeep.indexedTo ?? BEFORE_ALL) : BEFORE_ALL;
  const piece: (readonly [string, ChannelRecord])[] = [];
  for (const channel of tables.channels(from)) {
    piece.push(channel);
    if (piece.length === CHANNELS_PER_PIECE) break;
  }
  for (const [name, record] of piece) {
    const due = dueOf(tables, record, rules.of(name), now);
    putChannelDue(tables, name, { ...record, due }, record.due);
  }
  const last = piece.at(-1)?.[0] ?? null;
  const indexedTo = piece.length < CHANNELS_PER_PIECE ? null : last;
  tables.putUpkeep({ ...upkeep, retention: rules.fingerprint, indexedTo });
}
