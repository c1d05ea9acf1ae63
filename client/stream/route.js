/*
 * Which transport is tried next. "auto" takes a frame where the path lets it through, else polls,
 * and tries a frame again beside them from time to time. Any other choice is the page's.
 */

/** Whether the client chooses the transport. */
var isAuto = isAutomatic(options);

var FRAME_AGAIN_MS = 600000;

/**
 * A frame is first tried again after this part of `frameAgainMs`: the server may just have been
 * away.
 */
var FIRST_AGAIN = 16;

var frameAgainMs = orDefault(options.frameAgainMs, FRAME_AGAIN_MS);

/** How long polls last before a frame is tried again, in ms: longer after each that failed. */
var againMs = frameAgainMs / FIRST_AGAIN;

/** Frames in a row that fell silent after they had opened. */
var silences = 0;

function connectByRoute() {
  if (!isAuto) {
    connect(options.transport);
  } else if (pollsFor(origin, frameAgainMs)) {
    connect("poll", "remembered");
  } else if (!isLoaded) {
    connect("poll", "loading");
  } else {
    connect("frame");
  }
}

function isPolling() {
  return isAuto && current && current.transport === "poll" && !current.isOnce;
}

/** The current connection has just opened; isBeside: another one was open until then. */
function routeIsOpen(connection, isBeside) {
  if (isBeside) {
    // A frame was tried beside a poll: one silence is enough to go back.
    silences = 1;
  }
  if (isPolling()) {
    if (!connection.isEarly && !pollsFor(origin, frameAgainMs)) {
      rememberPath(origin, againMs);
    }
    planFrame();
  }
  if (connection.transport === "frame") {
    rememberPath(origin, 0);
  }
}

function routeIsGood() {
  silences = 0;
  againMs = frameAgainMs / FIRST_AGAIN;
}

function routeIsSilent() {
  silences++;
}

/** A frame was tried beside the polls, in vain. */
function keepPolls() {
  rememberPath(origin, againMs);
  planFrame();
}

/**
 * A connection is lost, and no other one is open. Returns whether polls take the place of a frame
 * at once.
 */
function fallBack(connection, wasOpen, reason) {
  if (
    isAuto &&
    connection.transport === "frame" &&
    (!wasOpen || connection.isHeld || silences > 1)
  ) {
    silences = 0;
    connect("poll", reason);
    return true;
  }
  if (!wasOpen) {
    rememberPath(origin, 0);
  }
  return false;
}

/** The polls work, so they stay; but the path may become a better one. */
function planFrame() {
  wait(pollsFor(origin, frameAgainMs), function () {
    againMs = Math.min(2 * againMs, frameAgainMs);
    tryFrame();
  });
}

/** Try a frame beside the polls, unless it would hold back the page's load event: see loaded(). */
function tryFrame() {
  if (isLoaded) {
    connect("frame", "again");
  }
}

/** The page's load event is over. */
function loaded() {
  if (isPolling() && !next && !pollsFor(origin, frameAgainMs)) {
    tryFrame();
  }
}
