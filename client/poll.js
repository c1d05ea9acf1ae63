/*
 * Long polling, for paths that hold back an answer until it is complete.
 */

/** How long the server may wait when there is nothing, in s. */
var WAIT_S = 25;

/**
 * An empty answer within this many ms comes from something that can't wait: ask again after a
 * pause, in ms.
 */
var TOO_SOON_MS = 1000;
var PAUSE_MS = 5000;

openers["poll"] = function (connection) {
  var request;
  var id = null;
  var timer;
  var saidLive = !connection.asksForKept;

  function ask(wait) {
    var askedAt = now();
    var known = id || connection.earlier;
    var more = "&wait=" + wait + (known ? "&stream=" + encodeURIComponent(known) : "");
    connection.limit(wait * 1000);
    // The time in the URL keeps out caches that ignore headers.
    request = send(
      "GET",
      connection.url(more + "&at=" + askedAt),
      null,
      function (answer) {
        if (answer.readyState === 4) {
          take(parse(answer.responseText), wait && now() - askedAt < TOO_SOON_MS);
        }
      },
      connection.token
    );
  }

  /** @param isSoon the answer did not wait, although it should have if there was nothing */
  function take(answer, isSoon) {
    var messages = answer && answer.messages;
    var event;
    if (!messages || !answer.gaps) {
      connection.end(toRefusal(answer));
      return;
    }
    if (answer.stream !== id) {
      id = answer.stream;
      connection.receive({
        type: "open",
        stream: id,
        // Where it starts is only known if nothing came already.
        cursor: messages.length ? null : answer.cursor,
        close: "streams/" + id + "/close"
      });
    }
    each(answer.gaps, connection.receive);
    each(messages, connection.receive);
    connection.receive({ type: "cursor", cursor: answer.cursor });
    if (answer.live && !saidLive) {
      saidLive = true;
      connection.receive({ type: "live", cursor: answer.cursor });
    }
    if (answer.reason) {
      event = closeEvent(answer.reason, answer.cursor, answer.text);
      event.reconnect = !answer.stop;
      connection.receive(event);
    } else if (connection.isOnce && !messages.length) {
      connection.end();
    } else if (connection.isLive() && isSoon && !messages.length) {
      connection.limit(PAUSE_MS);
      timer = setTimeout(function () {
        ask(WAIT_S);
      }, PAUSE_MS);
    } else if (connection.isLive()) {
      ask(connection.isOnce ? 0 : WAIT_S);
    }
  }

  connection.isUnwatched = true;
  connection.stop = function (isHidden) {
    clearTimeout(timer);
    // The answer to a first poll has the id by which its stream can be closed.
    if (request && (id || connection.earlier || isHidden)) {
      request.abort();
    }
  };
  // Don't wait, to have the stream's id, by which it can be closed.
  ask(0);
};
