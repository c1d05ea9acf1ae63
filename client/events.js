/*
 * What the server says: docs/protocol.md, "Events".
 */

/** What an id has up to its last dot. */
function epochOf(id) {
  return id.replace(/[^.]*$/, "");
}

/** Whether a cursor is not beyond another. They compare as strings, but only within their epoch; null is before all. */
function isReached(id, cursor) {
  return id !== null && cursor !== null && epochOf(id) === epochOf(cursor) && id <= cursor;
}

/** The body of a refusal as an `error` event; null if it is not one of Foreverframe's, but of something before it. */
function toRefusal(answer) {
  if (!answer || !/^FF_/.test(answer.code)) {
    return null;
  }
  return {
    type: "error",
    code: answer.code,
    status: answer.status,
    detail: answer.detail,
    reconnect: answer.status === 408 || answer.status === 429 || answer.status >= 500
  };
}
