/*
 * Cursors: places in the server's log. See docs/protocol.md.
 */

/** The part of a cursor up to its last dot. */
function epochOf(cursor) {
  return cursor.replace(/[^.]*$/, "");
}

/**
 * Whether `cursor` is not beyond `other`. Cursors compare as strings, but only within their epoch;
 * null is before all.
 */
function isReached(cursor, other) {
  return cursor !== null && other !== null && epochOf(cursor) === epochOf(other) && cursor <= other;
}
