/*
 * Finds paths that hand each piece of a frame on only when the next one comes, as some virus
 * scanners do. A frame behind one looks like any other, but each of its events is late until the
 * next one, and heartbeats don't show that. So the server is asked for an event, which has to come
 * at once.
 */

/** A frame is tested this long after it has opened, in ms. */
var ECHO_AFTER_MS = 3000;

/** A path that was found good is not tested again for this long, in ms. */
var PROMPT_MS = 1200000;

/**
 * The event is awaited for HELD_MS, and so many times more while anything comes: the piece that was
 * held back before, or much that is on its way.
 */
var ECHO_WAITS = 5;

/** Test the path of the current connection after some ms, if it may be one that is late. */
function testPath(connection, ms) {
  later(ms, function () {
    if (
      isAuto &&
      connection === current &&
      connection.transport === "frame" &&
      !leftOf("prompt " + origin, PROMPT_MS)
    ) {
      askState(stateUrlOf(connection), "echo=1&", token, function (answer) {
        // The server may be of a version that has no echo, or could not give one.
        if (answer.echo) {
          awaitEcho(connection, ECHO_WAITS);
        }
      });
    }
  });
}

function awaitEcho(connection, times) {
  var sign = signOf(connection);
  var askedAt = now();
  later(HELD_MS, function () {
    // The page, too, may have been held up, and take what has come only after this.
    var isLate = Math.abs(now() - askedAt) > HELD_MS + LATE_MS;
    if (connection !== current || stream.state !== "open") {
      return;
    }
    if (connection.hasEchoed) {
      remember("prompt " + origin, PROMPT_MS);
    } else if (!isLate && signOf(connection) === sign) {
      connection.isHeld = true;
      lost(connection, null, "held");
    } else if (times) {
      awaitEcho(connection, times - 1);
    }
  });
}
