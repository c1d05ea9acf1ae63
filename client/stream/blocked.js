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
  } else if (stream.state === "lost" && (failures > 1 || connection.isHeld)) {
    pollOnce(connection.transport);
  }
}

function pollOnce(transport) {
  // Not what the page starts with: that is much, and would be thrown away.
  var asked = { channels: options.channels, client: options.client };
  var url = address + queryOf(asked, "poll", stream.cursor) + "&wait=0&at=" + now();
  try {
    get(url, token, function (request) {
      var answer = request ? parse(request.responseText) : null;
      var refusal = toRefusal(answer);
      if (answer && answer.messages) {
        post(closeUrlOf({ close: "streams/" + answer.stream + "/close" }), "", token);
        answers++;
      } else {
        answers = 0;
      }
      if (stream.state !== "lost" || next) {
        // The page has closed the stream, or the browser has told of a change: try first.
        return;
      }
      if (refusal) {
        refused(refusal);
      } else if (answers >= ANSWERS_TO_TELL) {
        tellBlocked(blocked(transport));
      }
    });
  } catch (error) {
    // XMLHttpRequest is switched off, or is too old to call another origin: nothing is known.
  }
}

function tellBlocked(event) {
  changeState("lost", {
    retryMs: lastDetail.retryMs,
    reason: event.code,
    detail: event.detail
  });
  callHandler("onerror", event);
}
