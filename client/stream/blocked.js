/*
 * Finds out why a transport that the page asked for by name does not come through. A poll goes
 * where anything does. If the server answers it, again and again, the server is not away: the
 * browser or something on the path can't carry that transport. If the server refuses it, that is
 * what a WebSocket or an EventSource was not told.
 */

/** The page is told once the server has answered this many attempts in a row that were in vain. */
var ANSWERS_TO_TELL = 2;

/** Polls that the server has answered, each after another attempt in vain. */
var answers = 0;

/** An attempt of the page's own transport has ended in vain, and another one is planned. */
function doubtTransport(connection, wasOpen) {
  if (isAuto || connection.transport === "poll" || (wasOpen && !connection.isHeld)) {
    answers = 0;
  } else if (isWaiting() && (failures > 1 || connection.isHeld)) {
    pollOnce(connection.transport);
  }
}

function pollOnce(transport) {
  // The first asks for all that the page does, and may be refused for any of it. Its messages are
  // thrown away, and may be many, so the others start with what comes.
  var asked = answers ? { channels: options.channels, client: options.client } : options;
  var url = address + queryOf(asked, "poll", answers ? null : stream.cursor);
  if (options.token && !token) {
    // The page has not given one: without it the poll would be refused, and the stream over.
    return;
  }
  try {
    get(url + "&wait=0&at=" + now(), token, function (request) {
      var answer = request ? parse(request.responseText) : null;
      var refusal = ofTransport(toRefusal(answer));
      if (answer && answer.messages) {
        post(closeUrlOf({ close: "streams/" + answer.stream + "/close" }), "", token);
        answers++;
      } else {
        answers = 0;
      }
      if (!isWaiting()) {
        // The page has closed the stream or is going away, or another attempt is under way.
        return;
      }
      if (refusal && !refusal.reconnect) {
        refused(refusal);
      } else if (refusal || answers >= ANSWERS_TO_TELL) {
        tell(refusal || blocked(transport));
      }
    });
  } catch (error) {
    // XMLHttpRequest is switched off, or is too old to call another origin: nothing is known.
  }
}

/**
 * The refusal of a poll if the transport would be refused, too. To another origin the browser sends
 * cookies with a frame or a WebSocket, but not with a poll.
 */
function ofTransport(refusal) {
  var isDoubtful = refusal && !token && origin !== originOf(location);
  return isDoubtful && /^40[13]$/.test(refusal.status) ? null : refusal;
}

/** Say why the stream is lost, and leave the next attempt as it is planned. */
function tell(event) {
  changeState("lost", {
    retryMs: lastDetail.retryMs,
    reason: event.code,
    detail: event.detail
  });
  callHandler("onerror", event);
}
