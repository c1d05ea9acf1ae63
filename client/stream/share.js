/*
 * The stream's part in what tabs share. One tab holds the stream; the others follow it, and read
 * what they missed from the server's log. tabs.js decides which tab holds it.
 */

/** A following tab lets this many beats of the holder pass after a read that failed. */
var BEATS_AFTER_FAILURE = 5;

var tabs = null;

/** Whether another tab holds the stream. */
var isFollowing = false;

/** The last gap that took the cursor back: the tabs agree on it. */
var restart;

var beatsToPass = 0;

/**
 * Join the tabs that open the same stream, if the page wants it. Otherwise, or if tabs can't talk,
 * connect.
 */
function joinOrConnect() {
  if (options.share) {
    // No name has a line end.
    tabs = joinTabs(
      ["foreverframe", address, options.channels, options.client, !!options.latest].join("\n"),
      {
        describe: function (words) {
          words.state = stream.state;
          words.reason = lastDetail.reason;
          words.retryMs = lastDetail.retryMs;
          words.cursor = stream.cursor;
          words.restart = restart;
        },
        hold: hold,
        release: release,
        follow: follow
      }
    );
  }
  isFollowing = !!tabs;
  if (!tabs) {
    attempt();
  }
}

function leaveTabs() {
  if (tabs) {
    tabs.leave();
    tabs = null;
  }
}

/** Tell the tabs that follow of an event; `before` is the cursor before it. */
function tellTabs(event, before) {
  if (event.reason === "epoch") {
    restart = event.after + event.upTo;
  }
  if (tabs) {
    tabs.tell(event, before);
  }
}

/** This tab holds the stream from now on. */
function hold() {
  isFollowing = false;
  drop(next);
  drop(current);
  attempt();
}

/** Another tab holds the stream from now on. */
function release() {
  isFollowing = true;
  stopWaiting();
  drop(next);
  abandon(current);
  stream.transport = "shared";
}

/** The holder has said something: see tabs.js for its words. */
function follow(words) {
  var event = words.event;
  if (event && event.type === "close") {
    end("closed", event, "onclose");
    return;
  }
  if (event && isReached(words.before, stream.cursor)) {
    take(event);
  }
  if (words.kind === "beat" && beatsToPass > 0) {
    beatsToPass--;
  }
  if (hasEnded() || next || current || beatsToPass > 0) {
    return;
  }
  if (
    words.state === "open" &&
    (!isReached(words.cursor, stream.cursor) || words.restart !== restart)
  ) {
    restart = words.restart;
    connect("poll", "shared", true);
  } else if (words.state !== stream.state && /^(connecting|open|lost)$/.test(words.state)) {
    changeState(words.state, {
      transport: "shared",
      reason: words.reason,
      retryMs: words.retryMs
    });
  }
}

/**
 * A following tab's read has ended. A later beat of the holder starts another one if this one did
 * not bring everything.
 */
function endRead(wasOpen) {
  beatsToPass = wasOpen ? 0 : BEATS_AFTER_FAILURE;
}
