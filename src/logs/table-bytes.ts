import { ORIGIN } from "../core/cursor.ts";
import type { NewMessage } from "../core/log.ts";
import type { IndexEntry } from "./index-entry.ts";
import type { TableReader, TableWriter, Upkeep } from "./tables.ts";

/**
 * About as many bytes as a row takes besides its JSON: its keys, its place in the index, and room
 * left in pages.
 */
const ROW_BYTES = 200;

/**
 * Most bytes that a message counts for besides its data: the row's own, its event up to the data,
 * and a channel's name, whose characters may all be escaped.
 */
const MOST_BYTES_BESIDE_DATA = 1_200;

/** Rows and bytes of a log of version 0.1 that one piece counts: some 10 ms of a transaction. */
const ROWS_PER_PIECE = 2_000;
const BYTES_PER_PIECE = 4_194_304;

/** Bytes that a stored row counts for, by those of its JSON or of data that rows share. */
export function rowBytes(jsonBytes: number): number {
  return jsonBytes + ROW_BYTES;
}

/** An upper bound of the bytes that these messages will count for. */
export function mostBytesOf(messages: readonly NewMessage[]): number {
  let bytes = 0;
  for (const { data } of messages) bytes += 3 * data.length + MOST_BYTES_BESIDE_DATA;
  return bytes;
}

/**
 * Remove a message, and its shared data if no other message has it.
 *
 * @returns by how many bytes the log shrinks
 */
export function removeRow(tables: TableWriter, entry: IndexEntry, number: number): number {
  const { position, shared } = entry;
  const bytes = countedBytes(tables, entry);
  tables.removeMessage(position, number);
  const freed = shared === null ? null : tables.releaseShared(shared);
  return bytes + (freed === null ? 0 : rowBytes(freed));
}

function countedBytes(tables: TableReader, { position, bytes }: IndexEntry): number {
  if (bytes !== null) return rowBytes(bytes);
  const uncounted = tables.upkeep()?.uncounted;
  if (uncounted && position > uncounted.after && position <= uncounted.upTo) return 0;
  const row = tables.message(position);
  return row === undefined ? 0 : rowBytes(row.json.length);
}

/** Whether there are rows of version 0.1 whose bytes have not been counted. */
export function needsCounting(tables: TableReader): boolean {
  return (tables.upkeep()?.uncounted ?? null) !== null;
}

/** Count the next rows that version 0.1 has written. */
export function countRows(tables: TableWriter, upkeep: Upkeep): void {
  if (!upkeep.uncounted) return;
  const { after, upTo } = upkeep.uncounted;
  let rows = 0;
  let bytes = 0;
  let reached: string | null = null;
  for (const { position, json } of tables.messages({ after, upTo, order: "oldest first" })) {
    bytes += rowBytes(json.length);
    if (++rows < ROWS_PER_PIECE && bytes < BYTES_PER_PIECE) continue;
    reached = position;
    break;
  }
  const marks = tables.marks();
  tables.putMarks({ ...marks, bytes: (marks.bytes ?? 0) + bytes });
  const uncounted = reached === null ? null : { after: reached, upTo };
  tables.putUpkeep({ ...upkeep, uncounted });
}

/** Where counting begins in a log whose rows were never counted. */
export function nothingCounted(tip: string): Upkeep["uncounted"] {
  return tip === ORIGIN ? null : { after: ORIGIN, upTo: tip };
}
