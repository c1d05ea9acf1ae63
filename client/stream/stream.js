/*
 * A stream as the page sees it: its object, its states, and the events that its handlers get.
 */

/** A close counts as done after this time, in ms, even if the server has not answered. */
var CLOSE_WITHIN_MS = 2000;

/** Whether the stream has been given the whole start that it asked for with `each`. */
var isStarted = !options.each || !!options.after;

/** The detail of the last change of state. */
var lastDetail = {};

var stream = {
  state: "connecting",
  cursor: null,
  stream: null,
  transport: null,
  close: close,
  ack: ack
};

/** Call a handler of the page. What it throws is the page's affair: the stream goes on. */
function callHandler(name, first, second) {
  if (!options[name]) {
    return;
  }
  try {
    options[name](first, second);
  } catch (error) {
    setTimeout(function () {
      throw error;
    }, 0);
  }
}

// The page may call close() from any handler. So a function that calls changeState() or
// callHandler() does it last, or looks at the state again.
function changeState(state, detail) {
  stream.state = state;
  lastDetail = detail;
  callHandler("onstate", state, detail);
}

function hasEnded() {
  return stream.state === "closed" || stream.state === "refused";
}

/**
 * Whether a cursor is of another epoch than the stream's. Only the gap that tells of the new epoch
 * may replace the stream's cursor by it.
 */
function isForeign(cursor) {
  return cursor !== null && stream.cursor !== null && epochOf(cursor) !== epochOf(stream.cursor);
}

/**
 * Move the cursor forward. Returns false if the stream has been there already: a new connection may
 * start before the end of the last one.
 */
function advance(cursor) {
  if (cursor === null || isReached(cursor, stream.cursor)) {
    return false;
  }
  stream.cursor = cursor;
  return true;
}

/** Take an event of the open connection, or of the tab that holds the stream. */
function take(event) {
  var before = stream.cursor;
  if (event.type === "message") {
    if (advance(event.id)) {
      tellTabs(event, before);
      callHandler("onmessage", event);
    }
  } else if (event.type === "cursor") {
    if (advance(event.cursor)) {
      tellTabs(event, before);
    }
  } else if (event.type === "live") {
    isStarted = true;
    advance(event.cursor);
    tellTabs(event, before);
    callHandler("onlive", event);
  } else if (event.type === "gap") {
    if (event.reason === "epoch") {
      // What follows may have ids below the cursor, which is of a log that is gone.
      stream.cursor = event.upTo;
    }
    tellTabs(event, before);
    callHandler("ongap", event);
  } else if (event.type === "close") {
    closed(event);
  }
}

/** The server has refused the stream. */
function refused(refusal) {
  if (isOutworn(refusal)) {
    retry(1, refusal.code);
  } else if (refusal.reconnect) {
    retry(0, refusal.code);
    callHandler("onerror", refusal);
  } else {
    // Not for all tabs: the cause may be what this tab asked for.
    end("refused", refusal, "onerror");
  }
}

/** End the stream for good. */
function end(state, event, handler) {
  leave();
  removeHooks(hooks);
  changeState(state, event);
  callHandler(handler, event);
}

/** End the stream without waiting for the server's `close`. */
function endHere(reason) {
  end("closed", closeEvent(reason, stream.cursor), "onclose");
}

function close() {
  if (hasEnded() || stream.state === "closing") {
    return;
  }
  if (!current || current.isOnce) {
    // The connection was cut, and the server may not have noticed.
    closeAtServer(post);
    endHere("client");
    return;
  }
  leaveTabs();
  drop(next);
  // A frame's own connection can't carry a request before its answer ends: this takes another.
  post(current.closeUrl, "", token);
  wait(CLOSE_WITHIN_MS, function () {
    endHere("client");
  });
  changeState("closing", {});
}

function ack() {
  if (current && unended && stream.cursor !== null) {
    post(unended.closeUrl.replace(/close$/, "ack"), '{"cursor":"' + stream.cursor + '"}', token);
  }
}
