/*
 * The connections of a stream, at most two: one is open, and one is to take its place.
 */

/** The open connection. */
var current = null;

/** The connection that is to take the place of the current one, or to be the first. */
var next = null;

/** The last connection that has opened, unless the server is known to have ended its stream. */
var unended = null;

/** The time between two heartbeats, in ms, as long as the server has not announced it. */
var HEARTBEAT_MS = 15000;

/** A connection that has missed this many heartbeats counts as cut. */
var SILENT_HEARTBEATS = 3;

/**
 * The first event has to come within this part of the longest silence, and within this time, in ms,
 * where a long silence is allowed.
 */
var OPEN_PART = 4;
var MAX_OPEN_MS = 30000;

var openMs = Math.min(orDefault(options.silentMs, SILENT_MS) / OPEN_PART, MAX_OPEN_MS);
var heartbeatMs = HEARTBEAT_MS;

/**
 * Make a connection. It becomes the current one when it opens; the current one stays open until
 * then.
 *
 * `reason` says, for onstate, why the transport or the connection changes. With isOnce the
 * connection ends as soon as the log has nothing more.
 */
function connect(transport, reason, isOnce) {
  var connection = {
    transport: transport,
    origin: origin,
    isOnce: isOnce,
    // Polls that were cut go on with their stream. A new one would leave the old one at the server.
    earlier: transport === "poll" && !isOnce && unended && unended.polled,
    // Polls take the place of a frame that would hold the page's load event back.
    isEarly: !isLoaded,
    signs: 0,
    asksForKept: stream.cursor !== null || asksForKept(options),
    url: function (more) {
      var ticket = connection.ticket ? "&ticket=" + connection.ticket : "";
      // A start with the last of each channel that was cut is asked for anew: after the cursor
      // would come all that the other channels have. The server knows where a poll goes on.
      var from = isStarted || /&stream=/.test(more) ? stream.cursor : null;
      return address + queryOf(options, transport, from) + ticket + more;
    },
    isLive: function () {
      return connection === current || connection === next;
    },
    receive: function (event) {
      connection.signs++;
      if (event && connection.isLive()) {
        receive(connection, event);
      } else if (event && event.type === "open") {
        // Nobody would poll it.
        post(closeUrlOf(event), "", token);
      }
    },
    end: function (refusal) {
      if (connection.isLive()) {
        lost(connection, refusal, connection === current ? "cut" : "failed");
      }
    },
    limit: function (ms) {
      clearTimeout(connection.timer);
      connection.timer = setTimeout(function () {
        lost(connection, null, "silent");
      }, ms + openMs);
    }
  };
  drop(next);
  next = connection;
  connection.limit(0);
  try {
    allow(connection, function () {
      if (connection.isLive()) {
        openBy(transport, connection);
      }
    });
  } catch (error) {
    // The page's own, or no request can be made.
    setTimeout(function () {
      connection.end();
      throw error;
    }, 0);
  }
  if (!current) {
    changeState("connecting", { transport: transport, reason: reason || null });
  }
}

function openBy(transport, connection) {
  try {
    openers[transport](connection);
  } catch (error) {
    setTimeout(function () {
      connection.end(isAuto ? null : unsupported(transport, error));
    }, 0);
  }
}

function closeUrlOf(event) {
  return address.replace(/stream$/, "") + event.close;
}

function drop(connection) {
  if (!connection) {
    return;
  }
  clearTimeout(connection.timer);
  if (connection === next) {
    next = null;
  }
  if (connection === current) {
    current = null;
    stream.stream = null;
  }
  if (connection.stop) {
    connection.stop(isHidden);
    connection.stop = null;
  }
  if (connection.isOnce && connection.closeUrl) {
    // Its stream would stay open at the server for a while.
    post(connection.closeUrl, "", token);
  }
}

/** Drop a connection whose other end would not notice, or would notice late. */
function abandon(connection) {
  if (connection && connection === current) {
    closeAtServer(post);
  }
  drop(connection);
}

/** Close the stream at the server, if the server has not ended it. */
function closeAtServer(send) {
  if (unended) {
    send(unended.closeUrl, "", token);
    unended = null;
  }
}

function receive(connection, event) {
  if (event.type === "open") {
    opened(connection, event);
  } else if (event.type === "error") {
    lost(connection, event);
  } else if (event.type === "expiring") {
    renew(connection, event.inMs);
  } else if (connection === current) {
    connection.hasEchoed = connection.hasEchoed || event.echo;
    take(event);
  }
}

function opened(connection, event) {
  var isBeside = connection !== current && current && !current.isOnce;
  connection.closeUrl = closeUrlOf(event);
  connection.polled = connection.transport === "poll" ? event.stream : null;
  if (stream.state === "closing") {
    // A poll went on under a new id.
    unended = connection;
    post(connection.closeUrl, "", token);
    return;
  }
  if (connection !== current) {
    abandon(current);
    next = null;
  }
  current = connection;
  heartbeatMs = orDefault(event.heartbeatMs, heartbeatMs);
  unended = connection.isOnce ? null : connection;
  stream.stream = connection.isOnce ? null : event.stream;
  stream.transport = connection.isOnce ? "shared" : connection.transport;
  if (!isForeign(event.cursor)) {
    advance(event.cursor);
  }
  clearTimeout(connection.timer);
  watch(connection, heartbeatMs, orDefault(options.silentMs, SILENT_HEARTBEATS * heartbeatMs), {
    good: routeIsGood,
    missed: inquire,
    silent: function () {
      routeIsSilent();
      lost(connection, null, "silent");
    }
  });
  endRetries();
  tokenIsGood();
  routeIsOpen(connection, isBeside);
  // Where polls had taken the place of a frame, the path is in doubt.
  testPath(connection, isBeside ? 0 : ECHO_AFTER_MS);
  if (connection.isOnce) {
    changeState("open", { transport: "shared" });
  } else {
    changeState("open", event);
    callHandler("onopen", event);
  }
}

/**
 * A connection has ended without `close`, was refused, or was silent for too long.
 *
 * `ms` is the pause before the next attempt, as in retry(); 0 if absent.
 */
function lost(connection, refusal, reason, ms) {
  var wasOpen = connection === current;
  if (reason === "silent" || reason === "held") {
    abandon(connection);
  } else {
    drop(connection);
  }
  if (connection.isOnce && refusal && !refusal.reconnect) {
    refused(refusal);
  } else if (connection.isOnce) {
    endRead(wasOpen);
  } else if (stream.state === "closing") {
    endHere("client");
  } else if (current) {
    keepPolls();
  } else if (refusal) {
    refused(refusal);
  } else if (!fallBack(connection, wasOpen, reason)) {
    retry(ms || 0, reason, wasOpen);
    doubtTransport(connection, wasOpen);
  }
}

/** The server has ended the stream of the open connection. */
function closed(event) {
  var connection = current;
  unended = null;
  if (stream.state === "closing") {
    endHere(event.reconnect ? "client" : event.reason);
  } else if (event.reason === "expired" && connection.transport === "poll" && dropToken()) {
    // Polls are not told before.
    drop(connection);
    retry(1, event.reason);
  } else if (!event.reconnect) {
    tellTabs(event, stream.cursor);
    end("closed", event, "onclose");
  } else if (connection.isOnce) {
    drop(connection);
    endRead(false);
  } else if (event.reason === "recycle") {
    // The old connection is dropped only when the new one is under way.
    current = null;
    stream.stream = null;
    connect(connection.transport, "recycle");
    drop(connection);
  } else {
    drop(connection);
    retry(event.retryMs, event.reason);
  }
}
