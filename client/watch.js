/*
 * Looks whether anything comes on an open connection. Some ends are not seen otherwise: Chromium
 * fires no event when a chunked answer breaks off, and a proxy that buffers holds everything back.
 *
 * Silence is counted in looks, because timers of a hidden page are late.
 */

/**
 * The longest silence, in ms, as long as the server has not said how often its heartbeats come.
 */
var SILENT_MS = 40000;

/** Looks in the time between two heartbeats, and the least time between two looks, in ms. */
var LOOKS_PER_HEARTBEAT = 10;
var MIN_LOOK_MS = 50;

/** After this many looks that see nothing new, a heartbeat counts as missed. */
var LOOKS_TO_MISS = 12;

/**
 * A look that comes this much too late, in ms, was held up: the machine slept, or the page was
 * frozen.
 */
var LATE_MS = 5000;

/**
 * A connection on which something came for this many times the longest silence runs along a good
 * path.
 */
var SILENCES_OF_A_GOOD_PATH = 4;

/**
 * A value that changes when something comes. It counts events, since messages of equal length leave
 * the document's size as it was, and looks at that size, since heartbeats are not events.
 */
function signOf(connection) {
  return connection.signs + ":" + (connection.sign ? connection.sign() : "");
}

/**
 * Watch a connection as long as it is live.
 *
 * heartbeatMs is the time between two heartbeats, silentMs the longest silence. Of `on`, missed()
 * is called when a heartbeat was missed, and once more for each that follows, or when the page was
 * held up. silent() is called at the end of the longest silence, and good() when the path has
 * proved good. Of a mute connection, only missed() is called: at the end of each longest silence.
 */
function watch(connection, heartbeatMs, silentMs, on) {
  var lookMs = Math.max(MIN_LOOK_MS, Math.min(heartbeatMs, silentMs) / LOOKS_PER_HEARTBEAT);
  var looks = 0;
  var silentLooks = 0;
  var looksToMiss = LOOKS_TO_MISS;
  var lastSign;
  var lookedAt = now();

  function look() {
    var sign = signOf(connection);
    var isLate = now() - lookedAt > lookMs + LATE_MS;
    var isSilent;
    if (!connection.isLive()) {
      return;
    }
    lookedAt = now();
    looks++;
    if (sign !== lastSign) {
      lastSign = sign;
      silentLooks = 0;
      looksToMiss = LOOKS_TO_MISS;
    } else if (!connection.isUnwatched) {
      silentLooks += isLate ? LOOKS_TO_MISS : 1;
    }
    if (
      !connection.isUnwatched &&
      !connection.isMute &&
      looks * lookMs > SILENCES_OF_A_GOOD_PATH * Math.min(silentMs, SILENT_MS)
    ) {
      on.good();
    }
    isSilent = silentLooks * lookMs >= silentMs;
    if (isSilent && !connection.isMute) {
      on.silent();
      return;
    }
    later(lookMs, look);
    if (isSilent) {
      silentLooks = 0;
      on.missed();
    } else if (silentLooks >= looksToMiss && !connection.isMute) {
      looksToMiss = silentLooks + LOOKS_PER_HEARTBEAT;
      on.missed();
    } else if (isLate && isVisible()) {
      on.missed();
    }
  }

  // Not all clients of a server look at the same moment.
  later(lookMs * Math.random(), look);
}
