import { timeOfPosition } from "../core/cursor.ts";

/** What the index of a channel says of one message. */
export interface IndexEntry {
  readonly position: string;
  /**
   * Unix ms of the wall clock when the message was appended, by which it ages. If that clock went
   * back, it differs from the time in the position.
   */
  readonly time: number;
  /** Bytes of its own JSON. Null in a log of version 0.1. */
  readonly bytes: number | null;
  /** The name of the data that it shares with others of its append; null if its data is its own. */
  readonly shared: string | null;
}

/** What is known of a message that is appended. */
interface NewIndexEntry extends Pick<IndexEntry, "time" | "shared"> {
  /** Unix ms in its position. */
  readonly positionTime: number;
}

const HAS_BYTES = 1;
const HAS_TIME = 2;
const HAS_SHARED = 4;
const TIME_BYTES = 6;

/**
 * Format an entry as the index stores it under its position: a byte of flags, then the fields that
 * they announce. An entry that version 0.1 wrote is empty.
 */
export function formatIndexEntry(
  { time, positionTime, shared }: NewIndexEntry,
  bytes: number,
): Buffer {
  const hasTime = time !== positionTime;
  if (!hasTime && shared === null) {
    const value = Buffer.allocUnsafe(5);
    value[0] = HAS_BYTES;
    value[1] = bytes >>> 24;
    value[2] = bytes >>> 16;
    value[3] = bytes >>> 8;
    value[4] = bytes;
    return value;
  }
  const value = Buffer.allocUnsafe(5 + (hasTime ? TIME_BYTES : 0) + (shared?.length ?? 0));
  value[0] = HAS_BYTES | (hasTime ? HAS_TIME : 0) | (shared === null ? 0 : HAS_SHARED);
  let end = value.writeUInt32BE(bytes, 1);
  if (hasTime) end = value.writeUIntBE(time, end, TIME_BYTES);
  if (shared !== null) value.write(shared, end, "latin1");
  return value;
}

/** The entry of {@link formatIndexEntry}. */
export function parseIndexEntry(position: string, value: Buffer): IndexEntry {
  const flags = value[0] ?? 0;
  const bytes = flags & HAS_BYTES ? value.readUInt32BE(1) : null;
  const hasTime = (flags & HAS_TIME) > 0;
  const time = hasTime ? value.readUIntBE(5, TIME_BYTES) : timeOfPosition(position);
  const end = 5 + (hasTime ? TIME_BYTES : 0);
  const shared = flags & HAS_SHARED ? value.toString("latin1", end) : null;
  return { position, time, bytes, shared };
}
