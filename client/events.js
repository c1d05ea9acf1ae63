/*
 * The events that the client makes itself, as the server would: docs/protocol.md, "Events".
 */

/**
 * The `close` event of a stream that has ended for good.
 *
 * @param text what an admin said with it; undefined for nothing
 */
function closeEvent(reason, cursor, text) {
  return {
    type: "close",
    reason: reason,
    reconnect: false,
    retryMs: 0,
    cursor: cursor,
    text: text
  };
}

/**
 * The body of a refusal as an `error` event; null if it was not Foreverframe that refused, but
 * something before it.
 */
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

/** The `error` event for a transport that the browser does not have. */
function unsupported(transport, error) {
  return {
    type: "error",
    code: "FF_TRANSPORT_UNSUPPORTED",
    status: 0,
    detail:
      'This browser cannot use "' + transport + '" (' + error.message + '): take "auto" instead',
    reconnect: false
  };
}

/** The `error` event for a transport that does not come through, although polls do. */
function blocked(transport) {
  return {
    type: "error",
    code: "FF_TRANSPORT_BLOCKED",
    status: 0,
    detail:
      '"' +
      transport +
      "\" does not come through, although polls do: the browser or a proxy on the path can't carry it. " +
      'Take "auto" or "poll" instead',
    reconnect: true
  };
}
