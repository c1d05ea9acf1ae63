/*
 * A stream: connects, notices when it is cut or held back, reconnects from its cursor, and ends for good when it is told to.
 */
var RETRY_MS = 5000;
var MAX_RETRY_MS = 30000;
var SILENT_MS = 40000;
var FRAME_AGAIN_MS = 600000;
var CLOSE_WITHIN_MS = 2000;

/** The frame is tried again after this part of `frameAgainMs` at first: the server may just have been away. */
var FIRST_AGAIN = 16;

/** Silence is looked for so often in `silentMs`. Counted in looks, because timers of a hidden page or a sleeping machine are late. */
var LOOKS = 4;
/** A frame that fell silent before so many looks, twice running, comes along a path that buffers. */
var LOOKS_OF_A_GOOD_PATH = 16;

/** A tab that follows does not ask at every beat a server that refuses it. */
var BEATS_AFTER_FAILURE = 5;

function orDefault(ms, otherwise) {
  return ms > 0 ? Number(ms) : otherwise;
}

function open(options) {
  var link = linkTo((options.url || "") + "stream");
  var address = link.href;
  var origin = originOf(link);
  var isAuto = !options.transport || options.transport === "auto";
  var retryMs = orDefault(options.retryMs, RETRY_MS);
  var lookMs = orDefault(options.silentMs, SILENT_MS) / LOOKS;
  var frameAgainMs = orDefault(options.frameAgainMs, FRAME_AGAIN_MS);
  // The connection that is open, and the one that is to take its place or to be the first.
  var current = null;
  var next = null;
  // Attempts since a connection was last open, and those of its frames that fell silent, running.
  var failures = 0;
  var silences = 0;
  // Of the last stream that the server has not ended.
  var closeUrl = null;
  // How long polls are not given up for another try of the frame: longer after each that failed.
  var againMs = frameAgainMs / FIRST_AGAIN;
  // Never more than one wait: for the next attempt, for a new try of the frame, or for the end of closing.
  var timer;
  var tabs = null;
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
  var handle = { begin: begin, hide: hide, show: show };

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
    timer = setTimeout(then, ms);
  }

  function hasEnded() {
    return stream.state === "closed" || stream.state === "refused";
  }

  function end(state, event, handler) {
    leave();
    remove(handle);
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

  function drop(mine) {
    if (!mine) {
      return;
    }
    clearTimeout(mine.timer);
    if (mine === next) {
      next = null;
    }
    if (mine === current) {
      current = null;
      stream.stream = null;
    }
    if (mine.stop) {
      mine.stop();
      mine.stop = null;
    }
    if (mine.isOnce && mine.closeUrl) {
      // Its stream would live on for a while without it.
      post(mine.closeUrl, "");
    }
  }

  /** Drop a connection whose other end would not notice, or late. */
  function abandon(mine) {
    if (mine && mine === current && closeUrl) {
      post(closeUrl, "");
      closeUrl = null;
    }
    drop(mine);
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
   * @param why it is not the transport or the connection before, for onstate
   */
  function connect(transport, why, isOnce) {
    var mine = {
      transport: transport,
      origin: origin,
      isOnce: isOnce,
      signs: 0,
      looks: 0,
      silentLooks: 0,
      url: function (more) {
        return address + query(transport) + more;
      },
      isLive: function () {
        return mine === current || mine === next;
      },
      receive: function (event) {
        mine.signs++;
        if (event && mine.isLive()) {
          receive(mine, event);
        }
      },
      end: function (refusal) {
        if (mine.isLive()) {
          lost(mine, refusal, mine === current ? "cut" : "failed");
        }
      },
      limit: function (ms) {
        clearTimeout(mine.timer);
        mine.timer = setTimeout(function () {
          lost(mine, null, "silent");
        }, ms + lookMs);
      }
    };
    drop(next);
    next = mine;
    mine.limit(0);
    try {
      openers[transport](mine);
    } catch (error) {
      setTimeout(function () {
        mine.end(isAuto ? null : unsupported(transport, error));
      }, 0);
    }
    if (!current) {
      changeState("connecting", { transport: transport, reason: why || null });
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
    if (!isAuto) {
      connect(options.transport);
    } else if (pollsFor(origin, frameAgainMs)) {
      connect("poll", "remembered");
    } else {
      connect("frame");
    }
  }

  function lose(ms, reason) {
    var pause = ms;
    if (!(ms > 0)) {
      // Spread, so that the clients of a server that was away do not all come at once.
      pause = Math.min(retryMs * Math.pow(2, failures), Math.max(retryMs, MAX_RETRY_MS));
      pause = Math.round(pause * (0.75 + Math.random() / 2));
    }
    failures++;
    wait(pause, start);
    changeState("lost", { retryMs: pause, reason: reason });
  }

  /** A connection has ended without `close`, was refused, or what was awaited did not come in time. */
  function lost(mine, refusal, why) {
    var wasOpen = mine === current;
    var isFrame = isAuto && mine.transport === "frame";
    if (why === "silent") {
      abandon(mine);
    } else {
      drop(mine);
    }
    if (mine.isOnce && refusal && !refusal.reconnect) {
      refused(refusal);
      return;
    }
    if (mine.isOnce) {
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
    } else if (isFrame && (!wasOpen || silences > 1)) {
      silences = 0;
      connect("poll", why);
    } else {
      if (!wasOpen) {
        rememberPath(origin, 0);
      }
      lose(0, why);
    }
  }

  function refused(event) {
    if (event.reconnect) {
      lose(0, event.code);
      tell("onerror", event);
    } else {
      // Not for all tabs: it may be what this one asked for.
      end("refused", event, "onerror");
    }
  }

  /**
   * Some ends are not seen otherwise: Chromium fires no event when a chunked answer breaks off, and a proxy that buffers
   * holds everything back.
   */
  function look(mine) {
    // Both: messages of one length may come and be swept out between two looks, and heartbeats are no events.
    var sign = mine.signs + ":" + (mine.sign ? mine.sign() : "");
    mine.looks++;
    mine.silentLooks = sign === mine.lastSign ? mine.silentLooks + 1 : 0;
    mine.lastSign = sign;
    if (mine.looks > LOOKS_OF_A_GOOD_PATH) {
      silences = 0;
      againMs = frameAgainMs / FIRST_AGAIN;
    }
    if (mine.silentLooks < LOOKS) {
      mine.timer = setTimeout(function () {
        look(mine);
      }, lookMs);
    } else {
      silences++;
      lost(mine, null, "silent");
    }
  }

  /** A poll works, so it stays; but the path may become a better one. */
  function planFrame() {
    wait(pollsFor(origin, frameAgainMs), function () {
      againMs = Math.min(2 * againMs, frameAgainMs);
      connect("frame", "again");
    });
  }

  function receive(mine, event) {
    if (event.type === "open") {
      opened(mine, event);
    } else if (event.type === "error") {
      lost(mine, event);
    } else if (mine === current) {
      take(event);
    }
  }

  function opened(mine, event) {
    mine.closeUrl = address.replace(/stream$/, "") + event.close;
    if (stream.state === "closing") {
      // A poll went on under a new id.
      closeUrl = mine.closeUrl;
      post(closeUrl, "");
      return;
    }
    if (mine !== current) {
      if (current && !current.isOnce) {
        // It was tried beside a poll: one silence is enough to go back.
        silences = 1;
      }
      abandon(current);
      next = null;
    }
    current = mine;
    failures = 0;
    closeUrl = mine.isOnce ? null : mine.closeUrl;
    stream.stream = mine.isOnce ? null : event.stream;
    stream.transport = mine.isOnce ? "shared" : mine.transport;
    advance(event.cursor);
    clearTimeout(mine.timer);
    clearTimeout(timer);
    if (!mine.isUnwatched) {
      look(mine);
    }
    if (isAuto && mine.transport === "poll" && !mine.isOnce) {
      if (!pollsFor(origin, frameAgainMs)) {
        rememberPath(origin, againMs);
      }
      planFrame();
    }
    if (mine.transport === "frame") {
      rememberPath(origin, 0);
    }
    if (mine.isOnce) {
      changeState("open", { transport: "shared" });
    } else {
      changeState("open", event);
      tell("onopen", event);
    }
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
    } else {
      begin();
    }
  }

  function begin() {
    if (hasEnded() || tabs || next || current) {
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
        },
        hold: hold,
        release: release,
        follow: follow
      });
    }
    if (!tabs) {
      start();
    }
  }

  /** This tab holds the stream from now on. */
  function hold() {
    drop(next);
    drop(current);
    start();
  }

  /** Another tab does. */
  function release() {
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
    if (words.state === "open" && !isReached(words.cursor, stream.cursor)) {
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
  add(handle);
  return stream;
}
