/*
 * A stream: connects, notices when it is cut or held back, reconnects from its cursor, and ends for good when it is told to.
 */
var RETRY_MS = 5000;
var MAX_RETRY_MS = 30000;
var FRAME_AGAIN_MS = 600000;
var CLOSE_WITHIN_MS = 2000;

/**
 * Of a server that does not say how often its heartbeats come, and the silence that is long enough
 * before it has said it, in ms.
 */
var HEARTBEAT_MS = 15000;
var SILENT_MS = 40000;

/** A stream is taken for cut after so many heartbeats that were missed. */
var SILENT_HEARTBEATS = 3;

/**
 * The first event has to come within this part of the longest silence, and within so many ms where
 * silence is allowed for long.
 */
var OPEN_PART = 4;
var MAX_OPEN_MS = 30000;

/**
 * A path has so many ms to bring what the server has given to it before it counts as one that holds
 * back.
 */
var HELD_MS = 1000;

/**
 * After a cut the pauses are so many times shorter, but not again soon: it may be one that comes
 * again and again.
 */
var HURRY = 5;

/** The frame is tried again after this part of `frameAgainMs` at first: the server may just have been away. */
var FIRST_AGAIN = 16;

/** A tab that follows does not ask at every beat a server that refuses it. */
var BEATS_AFTER_FAILURE = 5;

/** An option in ms: a number or text of one, Infinity for never. */
function orDefault(ms, otherwise) {
  return ms > 0 ? Number(ms) : otherwise;
}

function open(options) {
  var link = linkTo((options.url || "") + "stream");
  var address = link.href;
  var origin = originOf(link);
  var isAuto = !options.transport || options.transport === "auto";
  var retryMs = orDefault(options.retryMs, RETRY_MS);
  var openMs = Math.min(orDefault(options.silentMs, SILENT_MS) / OPEN_PART, MAX_OPEN_MS);
  var frameAgainMs = orDefault(options.frameAgainMs, FRAME_AGAIN_MS);
  // The connection that is open, and the one that is to take its place or to be the first.
  var current = null;
  var next = null;
  var heartbeatMs = HEARTBEAT_MS;
  // Attempts since a connection was last open, and those of its frames that fell silent, running.
  var failures = 0;
  var silences = 0;
  // Whether the pauses are short, and when they last began to be.
  var isHurried = false;
  var hurriedAt;
  // Of the last stream that the server has not ended.
  var closeUrl = null;
  // How long polls are not given up for another try of the frame: longer after each that failed.
  var againMs = frameAgainMs / FIRST_AGAIN;
  // Never more than one wait: for the next attempt, for a new try of the frame, or for the end of closing.
  var timer;
  var tabs = null;
  // Whether another tab holds the stream.
  var isFollowing = false;
  // The last gap that took the cursor back: tabs that share a stream agree on it.
  var restart;
  // Beats of the holder that are let pass after a read from the log that failed.
  var beatsToPass = 0;
  var isHidden = false;
  var lastDetail = {};
  var stream = {
    state: "connecting",
    cursor: null,
    stream: null,
    transport: null,
    close: close,
    ack: ack
  };
  var hooks = { begin: begin, hide: hide, show: show, loaded: loaded, wake: wake };

  /** What a handler throws is the page's affair: the stream goes on. */
  function tell(name, first, second) {
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

  // The page may call close() from any handler: so what calls this or tell() does it last, or looks again.
  function changeState(state, detail) {
    stream.state = state;
    lastDetail = detail;
    tell("onstate", state, detail);
  }

  function wait(ms, then) {
    clearTimeout(timer);
    timer = later(ms, then);
  }

  function hasEnded() {
    return stream.state === "closed" || stream.state === "refused";
  }

  function end(state, event, handler) {
    leave();
    removeHooks(hooks);
    changeState(state, event);
    tell(handler, event);
  }

  function endHere(reason) {
    end(
      "closed",
      {
        type: "close",
        reason: reason,
        reconnect: false,
        retryMs: 0,
        cursor: stream.cursor
      },
      "onclose"
    );
  }

  /** Give up all that it has outside. */
  function leave() {
    clearTimeout(timer);
    drop(next);
    drop(current);
    leaveTabs();
  }

  function leaveTabs() {
    if (tabs) {
      tabs.leave();
      tabs = null;
    }
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
      connection.stop();
      connection.stop = null;
    }
    if (connection.isOnce && connection.closeUrl) {
      // Its stream would live on for a while without it.
      post(connection.closeUrl, "");
    }
  }

  /** Drop a connection whose other end would not notice, or late. */
  function abandon(connection) {
    if (connection && connection === current && closeUrl) {
      post(closeUrl, "");
      closeUrl = null;
    }
    drop(connection);
  }

  function query(transport) {
    var text =
      "?transport=" + transport + "&channels=" + encodeURIComponent(String(options.channels));
    if (stream.cursor !== null) {
      text += "&after=" + encodeURIComponent(stream.cursor);
    } else if (options.after) {
      text += "&after=" + encodeURIComponent(options.after);
    } else if (options.last) {
      text += "&last=" + encodeURIComponent(options.last);
    }
    if (options.client) {
      text += "&client=" + encodeURIComponent(options.client);
    }
    return text;
  }

  /**
   * Make a connection. It becomes the current one when it opens; one that is open until then goes on.
   *
   * @param reason why it is not the transport or the connection before, for onstate
   */
  function connect(transport, reason, isOnce) {
    var connection = {
      transport: transport,
      origin: origin,
      isOnce: isOnce,
      // Polls take the place of a frame that would hold the page's load event back.
      isEarly: !isLoaded,
      signs: 0,
      url: function (more) {
        return address + query(transport) + more;
      },
      isLive: function () {
        return connection === current || connection === next;
      },
      receive: function (event) {
        connection.signs++;
        if (event && connection.isLive()) {
          receive(connection, event);
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
      openers[transport](connection);
    } catch (error) {
      setTimeout(function () {
        connection.end(isAuto ? null : unsupported(transport, error));
      }, 0);
    }
    if (!current) {
      changeState("connecting", { transport: transport, reason: reason || null });
    }
  }

  function unsupported(transport, error) {
    return {
      type: "error",
      code: "FF_TRANSPORT_UNSUPPORTED",
      status: 0,
      detail:
        'This browser cannot use "' + transport + '" (' + error.message + '): take "auto" instead',
      reconnect: false
    };
  }

  function start() {
    clearTimeout(timer);
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

  /** @param ms the pause before the next attempt; 0 for one that grows with each attempt in vain */
  function lose(ms, reason, wasCut) {
    var pause = ms;
    if (wasCut) {
      isHurried = !(Math.abs(now() - hurriedAt) < MAX_RETRY_MS);
      hurriedAt = isHurried ? now() : hurriedAt;
    }
    if (!(ms > 0) || retryMs === Infinity) {
      // Spread, so that the clients of a server that was away do not all come at once.
      pause = isHurried ? retryMs / HURRY : retryMs;
      // The server may be back after its first refusal, so a second short pause follows the first.
      pause *= Math.pow(2, Math.max(0, isHurried ? failures - 1 : failures));
      pause = Math.min(pause, Math.max(retryMs, MAX_RETRY_MS));
      pause *= isHurried ? 0.5 + Math.random() : 0.75 + Math.random() / 2;
      pause = Math.round(pause);
    }
    failures++;
    wait(pause, start);
    changeState("lost", { retryMs: pause, reason: reason });
  }

  /**
   * A connection has ended without `close`, was refused, or what was awaited did not come in time.
   *
   * @param ms as lose() has it
   */
  function lost(connection, refusal, reason, ms) {
    var wasOpen = connection === current;
    var isFrame = isAuto && connection.transport === "frame";
    if (reason === "silent") {
      abandon(connection);
    } else {
      drop(connection);
    }
    if (connection.isOnce && refusal && !refusal.reconnect) {
      refused(refusal);
      return;
    }
    if (connection.isOnce) {
      // A later beat of the stream's holder asks for it again, if it was not all.
      beatsToPass = wasOpen ? 0 : BEATS_AFTER_FAILURE;
      return;
    }
    if (stream.state === "closing") {
      endHere("client");
    } else if (current) {
      // The frame was tried again beside a poll, in vain.
      rememberPath(origin, againMs);
      planFrame();
    } else if (refusal) {
      refused(refusal);
    } else if (isFrame && (!wasOpen || connection.isHeld || silences > 1)) {
      silences = 0;
      connect("poll", reason);
    } else {
      if (!wasOpen) {
        rememberPath(origin, 0);
      }
      lose(ms || 0, reason, wasOpen);
    }
  }

  function refused(refusal) {
    if (refusal.reconnect) {
      lose(0, refusal.code);
      tell("onerror", refusal);
    } else {
      // Not for all tabs: it may be what this one asked for.
      end("refused", refusal, "onerror");
    }
  }

  function watchFor(connection) {
    watch(connection, heartbeatMs, orDefault(options.silentMs, SILENT_HEARTBEATS * heartbeatMs), {
      good: function () {
        silences = 0;
        againMs = frameAgainMs / FIRST_AGAIN;
      },
      missed: ask,
      silent: function () {
        silences++;
        lost(connection, null, "silent");
      }
    });
  }

  /**
   * Ask the server what it has given to the open connection, which may have broken or be held back.
   */
  function ask() {
    var connection = current;
    var sign;
    function isOpen() {
      return connection === current && stream.state === "open";
    }
    if (!connection || connection.isOnce || connection.isAsking || !isOpen()) {
      return;
    }
    sign = signOf(connection);
    connection.isAsking = true;
    askState(connection.closeUrl.replace(/\/close$/, ""), function (answer) {
      var isFinal = answer.state === "closed" && FINAL_REASONS.test(answer.receipt.reason);
      connection.isAsking = false;
      if (!isOpen()) {
        return;
      }
      if (answer.state === "unknown" || (answer.state === "closed" && !isFinal)) {
        // The server is there: at once.
        lost(connection, null, "cut", 1);
      } else if (answer.state === "away" && signOf(connection) === sign) {
        lost(connection, null, "cut");
      } else if (answer.state === "away") {
        // The connection lives; or its end changed the document.
        later(HELD_MS, ask);
      } else if (answer.state) {
        later(HELD_MS, function () {
          if (!isOpen()) {
            return;
          }
          if (isFinal) {
            closed({
              type: "close",
              reason: answer.receipt.reason,
              reconnect: false,
              retryMs: 0,
              cursor: answer.cursor
            });
          } else if (signOf(connection) === sign && !isReached(answer.cursor, stream.cursor)) {
            // More than a silence: something was given and did not come.
            connection.isHeld = true;
            lost(connection, null, "silent");
          }
        });
      }
    });
  }

  /** The browser is online again, or the page is seen again after a while. */
  function wake() {
    if (stream.state === "lost" && !isFollowing && !isHidden) {
      start();
    } else {
      ask();
    }
  }

  /** A poll works, so it stays; but the path may become a better one. */
  function planFrame() {
    wait(pollsFor(origin, frameAgainMs), function () {
      againMs = Math.min(2 * againMs, frameAgainMs);
      tryFrame();
    });
  }

  /**
   * Try a frame beside a poll, unless it would hold back the page's load event: loaded() does it
   * then.
   */
  function tryFrame() {
    if (isLoaded) {
      connect("frame", "again");
    }
  }

  function isPolling() {
    return isAuto && current && current.transport === "poll" && !current.isOnce;
  }

  /** The page's load event is over. */
  function loaded() {
    if (isPolling() && !next && !pollsFor(origin, frameAgainMs)) {
      tryFrame();
    }
  }

  function receive(connection, event) {
    if (event.type === "open") {
      opened(connection, event);
    } else if (event.type === "error") {
      lost(connection, event);
    } else if (connection === current) {
      take(event);
    }
  }

  function opened(connection, event) {
    connection.closeUrl = address.replace(/stream$/, "") + event.close;
    if (stream.state === "closing") {
      // A poll went on under a new id.
      closeUrl = connection.closeUrl;
      post(closeUrl, "");
      return;
    }
    if (connection !== current) {
      if (current && !current.isOnce) {
        // It was tried beside a poll: one silence is enough to go back.
        silences = 1;
      }
      abandon(current);
      next = null;
    }
    current = connection;
    failures = 0;
    isHurried = false;
    heartbeatMs = orDefault(event.heartbeatMs, heartbeatMs);
    closeUrl = connection.isOnce ? null : connection.closeUrl;
    stream.stream = connection.isOnce ? null : event.stream;
    stream.transport = connection.isOnce ? "shared" : connection.transport;
    if (!isForeign(event.cursor)) {
      advance(event.cursor);
    }
    clearTimeout(connection.timer);
    clearTimeout(timer);
    watchFor(connection);
    if (isPolling()) {
      if (!connection.isEarly && !pollsFor(origin, frameAgainMs)) {
        rememberPath(origin, againMs);
      }
      planFrame();
    }
    if (connection.transport === "frame") {
      rememberPath(origin, 0);
    }
    if (connection.isOnce) {
      changeState("open", { transport: "shared" });
    } else {
      changeState("open", event);
      tell("onopen", event);
    }
  }

  /**
   * Whether a cursor is of another epoch than the stream's. Only the gap that tells of it may take
   * its place.
   */
  function isForeign(cursor) {
    return cursor !== null && stream.cursor !== null && epochOf(cursor) !== epochOf(stream.cursor);
  }

  /** @returns false for what was there before: a new connection may start before the end of the last */
  function advance(cursor) {
    if (cursor === null || isReached(cursor, stream.cursor)) {
      return false;
    }
    stream.cursor = cursor;
    return true;
  }

  function tellTabs(event, before) {
    if (tabs) {
      tabs.tell(event, before);
    }
  }

  function take(event) {
    var before = stream.cursor;
    if (event.type === "message") {
      if (advance(event.id)) {
        tellTabs(event, before);
        tell("onmessage", event);
      }
    } else if (event.type === "cursor") {
      if (advance(event.cursor)) {
        tellTabs(event, before);
      }
    } else if (event.type === "gap") {
      if (event.reason === "epoch") {
        // What follows may have ids below the cursor, which is of a log that is gone.
        stream.cursor = event.upTo;
        restart = event.after + event.upTo;
      }
      tellTabs(event, before);
      tell("ongap", event);
    } else if (event.type === "close") {
      closed(event);
    }
  }

  function closed(event) {
    var old = current;
    closeUrl = null;
    if (stream.state === "closing") {
      endHere(event.reconnect ? "client" : event.reason);
    } else if (!event.reconnect) {
      tellTabs(event, stream.cursor);
      end("closed", event, "onclose");
    } else if (old.isOnce) {
      drop(old);
      beatsToPass = BEATS_AFTER_FAILURE;
    } else if (event.reason === "recycle") {
      current = null;
      stream.stream = null;
      connect(old.transport, "recycle");
      drop(old);
    } else {
      drop(old);
      lose(event.retryMs, event.reason);
    }
  }

  function close() {
    if (hasEnded() || stream.state === "closing") {
      return;
    }
    if (!current || current.isOnce) {
      if (closeUrl) {
        // It was cut, and its end may not have been seen.
        post(closeUrl, "");
      }
      endHere("client");
      return;
    }
    leaveTabs();
    drop(next);
    // A frame's own connection can't carry a request before its answer ends: this takes another.
    post(closeUrl, "");
    wait(CLOSE_WITHIN_MS, function () {
      endHere("client");
    });
    changeState("closing", {});
  }

  function ack() {
    if (current && closeUrl && stream.cursor !== null) {
      post(closeUrl.replace(/close$/, "ack"), '{"cursor":"' + stream.cursor + '"}');
    }
  }

  /** The page goes away; if it comes back from the browser's cache, so does the stream. */
  function hide() {
    // Also if it is lost: Firefox cuts requests before it hides the page.
    if (closeUrl) {
      postAtOnce(closeUrl);
      closeUrl = null;
    }
    isHidden = true;
    leave();
  }

  function show() {
    if (!isHidden) {
      return;
    }
    isHidden = false;
    if (stream.state === "closing") {
      endHere("client");
    } else if (isReady) {
      begin();
    }
  }

  function begin() {
    if (hasEnded() || isHidden || tabs || next || current) {
      return;
    }
    if (options.share) {
      // No name has a line end.
      tabs = joinTabs(["foreverframe", address, options.channels, options.client].join("\n"), {
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
      });
    }
    isFollowing = !!tabs;
    if (!tabs) {
      start();
    }
  }

  /** This tab holds the stream from now on. */
  function hold() {
    isFollowing = false;
    drop(next);
    drop(current);
    start();
  }

  /** Another tab does. */
  function release() {
    isFollowing = true;
    clearTimeout(timer);
    drop(next);
    abandon(current);
    stream.transport = "shared";
  }

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

  if (!isAuto && !openers.hasOwnProperty(options.transport)) {
    throw new Error('foreverframe: there is no transport "' + options.transport + '"');
  }
  // A frame of any other address would be a script of this page.
  if (!/^https?:$/.test(link.protocol)) {
    throw new Error('foreverframe: "' + options.url + '" is no address of a server');
  }
  addHooks(hooks);
  return stream;
}
