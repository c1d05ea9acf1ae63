/*
 * When a stream connects: the pauses between its attempts, and its only timer.
 */
var RETRY_MS = 5000;
var MAX_RETRY_MS = 30000;

/** After a cut the pauses are this many times shorter. */
var HURRY = 5;

var retryMs = orDefault(options.retryMs, RETRY_MS);

/** Attempts since a connection was last open. */
var failures = 0;

/** Whether the pauses are short, and when they last began to be. */
var isHurried = false;
var hurriedAt;

/** For the next attempt, for the next try of a frame, or for the end of closing: one at a time. */
var timer;

function wait(ms, then) {
  stopWaiting();
  timer = later(ms, then);
}

function stopWaiting() {
  clearTimeout(timer);
}

function attempt() {
  stopWaiting();
  connectByRoute();
}

/**
 * Attempt to connect after a pause.
 *
 * `ms` is the pause; 0 for one that grows with each attempt in vain.
 */
function retry(ms, reason, wasCut) {
  var pause = ms;
  if (wasCut) {
    // Not short again soon: the path may cut every connection.
    isHurried = !(Math.abs(now() - hurriedAt) < MAX_RETRY_MS);
    hurriedAt = isHurried ? now() : hurriedAt;
  }
  if (!(ms > 0) || retryMs === Infinity) {
    pause = isHurried ? retryMs / HURRY : retryMs;
    // The server may be back after its first refusal, so a second short pause follows the first.
    pause *= Math.pow(2, Math.max(0, isHurried ? failures - 1 : failures));
    pause = Math.min(pause, Math.max(retryMs, MAX_RETRY_MS));
    // Spread, so that the clients of a server that was away do not all come at once.
    pause *= isHurried ? 0.5 + Math.random() : 0.75 + Math.random() / 2;
    pause = Math.round(pause);
  }
  failures++;
  wait(pause, attempt);
  changeState("lost", { retryMs: pause, reason: reason });
}

/** A connection has opened. */
function endRetries() {
  stopWaiting();
  failures = 0;
  isHurried = false;
}
