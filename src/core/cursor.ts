import { ForeverframeError, shorten } from "../errors.ts";

/**
 * A place in the log, and every message's id: everything up to and including one message. Opaque to
 * clients.
 *
 * Inside it is `<epoch>.<position>`: the epoch names one life of a log (4 to 12 characters of
 * [a-z0-9]), the position is 13 base-36 digits, so cursors of one epoch compare as strings. A log
 * that lost its messages starts a new epoch, so that an old cursor is answered with a gap instead
 * of matching by accident.
 */
export type Cursor = string;

export const TIME_DIGITS = 9;
export const COUNTER_DIGITS = 4;

/**
 * Digits of a position: 9 for the milliseconds since 1970 (they last to the year 5188), 4 for the
 * counter within one.
 */
const POSITION_LENGTH = TIME_DIGITS + COUNTER_DIGITS;

/** The position before every message. */
export const ORIGIN = "0".repeat(POSITION_LENGTH);

const CURSOR = /^[a-z0-9]{4,12}\.[0-9a-z]{13}$/;

/** Put a cursor together from its epoch and its position. */
export function formatCursor(epoch: string, position: string): Cursor {
  return `${epoch}.${position}`;
}

/** Whether a text has the form of a cursor. */
export function isCursor(text: string): text is Cursor {
  return CURSOR.test(text);
}

/**
 * Check a cursor that came from outside.
 *
 * @throws ForeverframeError FF_CURSOR_INVALID
 */
export function parseCursor(text: string): Cursor {
  if (isCursor(text)) return text;
  throw new ForeverframeError(
    "FF_CURSOR_INVALID",
    `"${shorten(text)}" is not a cursor: give the id of a message, or the cursor of another event`,
  );
}

/** The epoch of a cursor. */
export function epochOf(cursor: Cursor): string {
  return cursor.slice(0, -POSITION_LENGTH - 1);
}

/** The position of a cursor: compares as a string with others of the same epoch. */
export function positionOf(cursor: Cursor): string {
  return cursor.slice(-POSITION_LENGTH);
}

/** The greatest cursor before this one; of an origin, itself. */
export function cursorBefore(cursor: Cursor): Cursor {
  const position = positionOf(cursor);
  const zeros = /0*$/.exec(position)?.[0].length ?? 0;
  if (zeros === position.length) return cursor;
  const at = position.length - zeros - 1;
  const digit = (Number.parseInt(position.charAt(at), 36) - 1).toString(36);
  return formatCursor(epochOf(cursor), position.slice(0, at) + digit + "z".repeat(zeros));
}

/** The later of two positions. */
export function laterPosition(a: string, b: string): string {
  return a > b ? a : b;
}

/** The milliseconds since 1970 in a position. */
export function timeOfPosition(position: string): number {
  return Number.parseInt(position.slice(0, TIME_DIGITS), 36);
}

/** The latest time that a position can hold, in Unix ms. */
const MAX_TIME = 36 ** TIME_DIGITS - 1;

/**
 * The cursor before every message of an epoch whose id has this time, or a later one.
 *
 * @param unixMs any number, also one before 1970
 */
export function cursorBeforeTime(epoch: string, unixMs: number): Cursor {
  const ms = Math.min(Math.max(0, Math.ceil(unixMs)), MAX_TIME);
  const digits = ms.toString(36).padStart(TIME_DIGITS, "0");
  return cursorBefore(formatCursor(epoch, digits + "0".repeat(COUNTER_DIGITS)));
}

/** Make the name of a new epoch from 5 random bytes. */
export function formatEpoch(random: Uint8Array): string {
  return Array.from(random.slice(0, 5), (byte) => byte.toString(36).padStart(2, "0")).join("");
}
