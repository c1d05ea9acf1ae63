import { timeOfPosition } from "../core/cursor.ts";

/** What the index of a channel says of one message. */
export interface IndexEntry {
  readonly position: string;
  /** Unix ms of the wall clock when it was appended: the message's age. Where that clock went back, not the position's. */
  readonly time: number;
}

const HAS_TIME = 1;
const TIME_BYTES = 6;

const PLAIN = Buffer.of(0);

/** An entry as the index stores it under its position. Its first byte says what follows. */
export function formatIndexEntry({ position, time }: IndexEntry): Buffer {
  if (time === timeOfPosition(position)) return PLAIN;
  const value = Buffer.alloc(1 + TIME_BYTES);
  value[0] = HAS_TIME;
  value.writeUIntBE(time, 1, TIME_BYTES);
  return value;
}

/** The entry of {@link formatIndexEntry}. One that version 0.1 wrote is empty. */
export function parseIndexEntry(position: string, value: Buffer): IndexEntry {
  const flags = value[0] ?? 0;
  const time = flags & HAS_TIME ? value.readUIntBE(1, TIME_BYTES) : timeOfPosition(position);
  return { position, time };
}
