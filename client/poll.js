/*
 * Long polling, for paths that hold back an answer until it is complete.
 */

/** How long the server may wait when there is nothing, in s. */
var WAIT_S = 25;

openers["poll"] = function (mine) {
  var request;
  var stream = null;

  function ask(wait) {
    var more = "&wait=" + wait + (stream ? "&stream=" + encodeURIComponent(stream) : "");
    mine.limit(wait * 1000);
    request = send("GET", mine.url(more), null, function (answer) {
      if (answer.readyState === 4) {
        take(parse(answer.responseText));
      }
    });
  }

  function take(answer) {
    var messages = answer && answer.messages;
    if (!messages || !answer.gaps) {
      mine.end(toRefusal(answer));
      return;
    }
    if (answer.stream !== stream) {
      stream = answer.stream;
      mine.receive({
        type: "open",
        stream: stream,
        // Where it starts is only known if nothing came already.
        cursor: messages.length ? null : answer.cursor,
        close: "streams/" + stream + "/close"
      });
    }
    each(answer.gaps, mine.receive);
    each(messages, mine.receive);
    mine.receive({ type: "cursor", cursor: answer.cursor });
    if (answer.reason) {
      mine.receive({
        type: "close",
        reason: answer.reason,
        reconnect: !answer.stop,
        retryMs: 0,
        cursor: answer.cursor
      });
    } else if (mine.isOnce && !messages.length) {
      mine.end();
    } else if (mine.isLive()) {
      ask(mine.isOnce ? 0 : WAIT_S);
    }
  }

  mine.isUnwatched = true;
  mine.stop = function () {
    request.abort();
  };
  // At once, to have the stream's id, by which it can be closed.
  ask(0);
};
