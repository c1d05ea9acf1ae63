/*
 * Foreverframe in the browser: one script, no dependencies, ECMAScript 3, so that it also runs in browsers of 2001.
 *
 *   var stream = foreverframe.open({
 *     channels: "doors.*,news",
 *     onmessage: function (message) { show(message.channel, message.data); }
 *   });
 *   stream.close();
 *
 * foreverframe.open(options) opens a stream once the page has loaded, and keeps it open over cuts. Options:
 *
 *   url        string: the server's base, "" or ending in "/"; streams are at url + "stream". Must be of the page's own
 *              origin. Default: "", relative to the page
 *   channels   string (comma-separated) or array of strings: 1 to 64 selectors. Required
 *   after      string: a cursor to start after, or "earliest". Default: only what comes from now on
 *   last       number, 0 to 1000: start with the last messages of these channels instead; not with `after`. Default: 0
 *   client     string: a name of your own for this client. Default: none
 *   retryMs    number, ms: the pause before reconnecting, unless the server asks for another. Default: 5000
 *   silentMs   number, ms: take the stream for cut when not even a heartbeat came for so long. More than twice the server's
 *              heartbeat interval, which is 15000 unless configured. Default: 40000
 *   onopen     function (event): { type: "open", stream, cursor, close }, at each (re)connect
 *   onmessage  function (event): { type: "message", id, channel, time (Unix ms), data }; each message once, in log order
 *   ongap      function (event): { type: "gap", after, upTo, channels, reason }; messages in between may be missing
 *   onclose    function (event): { type: "close", reason, reconnect: false, retryMs, cursor }, once, when the stream has
 *              been ended on purpose, by close() or by the server. The library makes this event itself when the
 *              server's does not arrive
 *   onerror    function (event): { type: "error", code, status, detail, reconnect }; the request was refused. Tried
 *              again after retryMs only where `reconnect` is true
 *   onstate    function (state, detail) at each change of state. `detail` is the event behind the change; for "lost" it
 *              is { retryMs, reason } with the pause in use, and `reason` null after a cut
 *
 * It returns an object to read and to close, not to write to:
 *
 *   state      "connecting", "open", "lost" (will reconnect), "closing", "closed" or "refused" (both final)
 *   cursor     string: where a later stream has to go on (as `after`); null before the first `open` event
 *   stream     string: the id of the open stream, else null. It is the right to close it: do not publish it
 *   close()    ends the stream for good. Messages on their way still arrive before onclose; a second call does nothing
 *
 * foreverframe.submit(form, onanswer) submits a form into a hidden frame of its own, so that its answer replaces nothing.
 * onanswer(text), optional, is given the text of the answer; or null if none came within 10 s, or none that may be read.
 *
 * `data` was made by another window, the frame's: `data instanceof Array` is false, and keeping `data` itself (not a
 * copy) keeps that window's memory.
 *
 * Besides `foreverframe`, two globals are taken because the server's documents call them: `push` (the events) and
 * `controlled` (the receipt of a close).
 */
(function (root) {
  var RETRY_MS = 5000;
  var OPEN_WITHIN_MS = 10000;
  var CLOSE_WITHIN_MS = 2000;
  var SILENT_MS = 40000;
  var CHECKS_BEFORE_SILENT = 4;
  var SUBMIT_WITHIN_MS = 10000;
  // A frame made inside the load event still keeps the busy indicator of some browsers turning.
  var AFTER_LOAD_MS = 50;

  var document = root.document;
  // Streams by callback: the first is called as parent.push, number n as parent.foreverframe.push<n>.
  var slots = [];
  // Refusals that came in, until the load event of a frame tells whose they are.
  var refusals = [];
  var loaded = document.readyState === "complete";
  var startWhenLoaded = [];
  var submitted = 0;
  var api;

  function listen(target, type, handler) {
    if (target.addEventListener) {
      target.addEventListener(type, handler, false);
    } else {
      target.attachEvent("on" + type, handler);
    }
  }

  function remove(element) {
    if (element.parentNode) {
      element.parentNode.removeChild(element);
    }
  }

  function eachStream(visit) {
    var i;
    for (i = 0; i < slots.length; i++) {
      if (slots[i]) {
        visit(slots[i]);
      }
    }
  }

  /** IE before 9 drops the heartbeats, which are spaces, from the document. */
  function keepsSpaces() {
    var probe = document.createElement("div");
    probe.innerHTML = " <b></b>";
    return probe.firstChild.nodeType === 3;
  }

  function sizeOf(frame) {
    try {
      return frame.contentWindow.document.documentElement.innerHTML.length;
    } catch (error) {
      // Not equal to itself: a document that can't be looked at is never taken for silent.
      return NaN;
    }
  }

  function dispatch(slot, event) {
    if (slots[slot]) {
      slots[slot].receive(event);
    }
  }

  function anyConnecting() {
    var found = false;
    eachStream(function (stream) {
      found = found || stream.isConnecting();
    });
    return found;
  }

  /** Reserve the first free callback; the streams of a page seldom need more than the default one. */
  function takeSlot(stream) {
    var slot = 0;
    while (slots[slot]) {
      slot++;
    }
    slots[slot] = stream;
    if (slot > 0) {
      api["push" + slot] = function (event) {
        dispatch(slot, event);
      };
    }
    return slot;
  }

  /** What an id has up to its last dot. */
  function epochOf(id) {
    return id.replace(/[^.]*$/, "");
  }

  /** Ids compare as strings, but only within their epoch. */
  function isRepeat(id, cursor) {
    return cursor !== null && epochOf(id) === epochOf(cursor) && id <= cursor;
  }

  /** Resolve a URL that is relative to the stream's, which is base + "stream". */
  function resolve(base, url) {
    return /^(\/|[a-z][a-z0-9+.\-]*:)/i.test(url) ? url : base + url;
  }

  function createNamedFrame(name) {
    var frame;
    try {
      // IE 5 to 8 only take a name as a form's target when it is there from the start; others throw here.
      frame = document.createElement('<iframe name="' + name + '">');
    } catch (error) {
      frame = null;
    }
    if (!frame || frame.nodeName.toLowerCase() !== "iframe") {
      frame = document.createElement("iframe");
      frame.name = name;
    }
    frame.style.display = "none";
    return frame;
  }

  /** The text of a frame's document; "" for the empty one that is there first, null for another site's or an error page. */
  function textOf(frame) {
    var body;
    try {
      body = frame.contentWindow.document.body;
      return body ? body.textContent || body.innerText || "" : "";
    } catch (error) {
      return null;
    }
  }

  function submit(form, onanswer) {
    var frame = createNamedFrame("foreverframe_submit" + ++submitted);
    function answer(text) {
      if (onanswer) {
        onanswer(text);
      }
      onanswer = null;
    }
    document.body.appendChild(frame);
    listen(frame, "load", function () {
      var text = textOf(frame);
      if (text !== "") {
        answer(text);
      }
    });
    form.target = frame.name;
    form.submit();
    // Not at its load event: that one also fires for the empty document which some browsers put in first.
    setTimeout(function () {
      remove(frame);
      answer(null);
    }, SUBMIT_WITHIN_MS);
  }

  function postInFrame(url) {
    var form = document.createElement("form");
    form.method = "POST";
    form.action = url;
    form.style.display = "none";
    document.body.appendChild(form);
    submit(form);
    setTimeout(function () {
      remove(form);
    }, SUBMIT_WITHIN_MS);
  }

  /** POST from a page that is going away: a form or an asynchronous request would be cancelled with it. */
  function postAtOnce(url) {
    var request;
    try {
      if (root.navigator["sendBeacon"] && root.navigator["sendBeacon"](url, "")) {
        return;
      }
      request = root.XMLHttpRequest
        ? new root.XMLHttpRequest()
        : new root.ActiveXObject("Microsoft.XMLHTTP");
      request.open("POST", url, false);
      request.send("");
    } catch (error) {
      // Then the server learns it from the connection, which ends with the frame.
    }
  }

  function open(options) {
    var base = options.url || "";
    var retryMs = options.retryMs > 0 ? options.retryMs : RETRY_MS;
    var frame = null;
    // Whether `open` has come through this frame.
    var opened = false;
    var checkMs = (options.silentMs > 0 ? options.silentMs : SILENT_MS) / CHECKS_BEFORE_SILENT;
    var size = 0;
    var silentChecks = 0;
    var closeUrl = null;
    var closeReason = "client";
    // Never more than one wait: for `open`, for a sign of life, for the next attempt, or for the end of closing.
    var timer = null;
    var stream = { state: "connecting", cursor: null, stream: null, close: close };
    var slot = takeSlot({
      receive: receive,
      isConnecting: isConnecting,
      controlled: controlled,
      hide: hide,
      show: show
    });

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

    // The page may call close() from any handler: whatever calls these two does so last.
    function changeState(state, detail) {
      stream.state = state;
      tell("onstate", state, detail);
    }

    function end(state, event, handler) {
      stopWaiting();
      dropFrame(function () {
        slots[slot] = null;
      });
      changeState(state, event);
      tell(handler, event);
    }

    function wait(ms, then) {
      stopWaiting();
      timer = setTimeout(then, ms);
    }

    function stopWaiting() {
      clearTimeout(timer);
    }

    function hasEnded() {
      return stream.state === "closed" || stream.state === "refused";
    }

    function isConnecting() {
      return frame !== null && !opened;
    }

    /** Later, because the call may come from a script of that very frame. */
    function removeLater(element, then) {
      setTimeout(function () {
        if (element) {
          remove(element);
        }
        if (then) {
          then();
        }
      }, 0);
    }

    function dropFrame(then) {
      removeLater(frame, then);
      forgetFrame();
    }

    function forgetFrame() {
      frame = null;
      opened = false;
      stream.stream = null;
    }

    function address() {
      var query = "?channels=" + encodeURIComponent(String(options.channels));
      if (stream.cursor !== null) {
        query += "&after=" + encodeURIComponent(stream.cursor);
      } else if (options.after) {
        query += "&after=" + encodeURIComponent(options.after);
      } else if (options.last) {
        query += "&last=" + encodeURIComponent(options.last);
      }
      if (options.client) {
        query += "&client=" + encodeURIComponent(options.client);
      }
      if (slot > 0) {
        query += "&callback=parent.foreverframe.push" + slot;
      }
      return base + "stream" + query;
    }

    function connect() {
      var old = frame;
      var fresh = document.createElement("iframe");
      if (!anyConnecting()) {
        refusals = [];
      }
      forgetFrame();
      frame = fresh;
      fresh.style.display = "none";
      fresh.src = address();
      listen(fresh, "load", function () {
        if (frame === fresh) {
          cut();
        }
      });
      document.body.appendChild(fresh);
      if (old) {
        removeLater(old);
      }
      wait(OPEN_WITHIN_MS, cut);
      changeState("connecting", {});
    }

    function lose(ms, reason) {
      dropFrame();
      wait(ms, connect);
      changeState("lost", { retryMs: ms, reason: reason });
    }

    /** The document has ended without `close`, or what was awaited did not come in time. */
    function cut() {
      var refusal = opened ? null : refusals.shift();
      if (stream.state === "closing") {
        end("closed", closedHere(), "onclose");
      } else if (refusal) {
        refused(refusal);
      } else {
        lose(retryMs, null);
      }
    }

    /**
     * Chromium fires no event at all when a chunked answer breaks off: the frame stays "loading" for ever. Counted in
     * checks, not by the clock, because timers of a page in the background or of a sleeping machine are late.
     */
    function watch() {
      var before = size;
      size = sizeOf(frame);
      silentChecks = size === before ? silentChecks + 1 : 0;
      if (silentChecks >= CHECKS_BEFORE_SILENT) {
        cut();
      } else {
        wait(checkMs, watch);
      }
    }

    function refused(event) {
      if (event.reconnect) {
        lose(retryMs, event.code);
        tell("onerror", event);
      } else {
        end("refused", event, "onerror");
      }
    }

    function closed(event) {
      if (stream.state === "closing" && event.reconnect) {
        end("closed", closedHere(), "onclose");
      } else if (!event.reconnect) {
        end("closed", event, "onclose");
      } else if (event.reason === "recycle") {
        connect();
      } else {
        lose(event.retryMs > 0 ? event.retryMs : retryMs, event.reason);
      }
    }

    function closedHere() {
      return {
        type: "close",
        reason: closeReason,
        reconnect: false,
        retryMs: 0,
        cursor: stream.cursor
      };
    }

    function receive(event) {
      if (!frame) {
        return;
      }
      silentChecks = 0;
      if (event.type === "open") {
        stopWaiting();
        if (keepsSpaces()) {
          wait(checkMs, watch);
        }
        opened = true;
        closeUrl = resolve(base, event.close);
        stream.stream = event.stream;
        stream.cursor = event.cursor;
        changeState("open", event);
        tell("onopen", event);
      } else if (event.type === "message") {
        if (!isRepeat(event.id, stream.cursor)) {
          stream.cursor = event.id;
          tell("onmessage", event);
        }
      } else if (event.type === "cursor") {
        stream.cursor = event.cursor;
      } else if (event.type === "gap") {
        tell("ongap", event);
      } else if (event.type === "close") {
        closed(event);
      } else if (event.type === "error") {
        refused(event);
      }
    }

    function close() {
      if (hasEnded() || stream.state === "closing") {
        return;
      }
      if (!opened) {
        end("closed", closedHere(), "onclose");
        return;
      }
      // The display frame's connection can't carry a request before its answer ends: this one takes another.
      postInFrame(closeUrl);
      wait(CLOSE_WITHIN_MS, cut);
      changeState("closing", {});
    }

    /** The receipt may be earlier or later than the `close` event: it only tells why, should that one not come. */
    function controlled(receipt) {
      if (stream.state === "closing" && receipt.stream === stream.stream) {
        closeReason = receipt.reason;
      }
    }

    function hide() {
      if (hasEnded()) {
        return;
      }
      stopWaiting();
      if (opened) {
        postAtOnce(closeUrl);
      }
      // Here and now: a page that is kept for the Back button must not have an open connection.
      if (frame) {
        remove(frame);
      }
      if (stream.state === "closing") {
        end("closed", closedHere(), "onclose");
      } else {
        forgetFrame();
        changeState("lost", { retryMs: 0, reason: "pagehide" });
      }
    }

    function show() {
      if (!hasEnded()) {
        connect();
      }
    }

    function start() {
      if (stream.state === "connecting" && !frame) {
        connect();
      }
    }

    if (loaded) {
      setTimeout(start, 0);
    } else {
      startWhenLoaded[startWhenLoaded.length] = start;
    }
    return stream;
  }

  listen(root, "load", function () {
    setTimeout(function () {
      loaded = true;
      while (startWhenLoaded.length > 0) {
        startWhenLoaded.shift()();
      }
    }, AFTER_LOAD_MS);
  });

  // An unload listener alone would keep the page out of the Back button's cache.
  listen(root, "onpagehide" in root ? "pagehide" : "unload", function () {
    eachStream(function (stream) {
      stream.hide();
    });
  });

  listen(root, "pageshow", function (event) {
    if (event.persisted) {
      eachStream(function (stream) {
        stream.show();
      });
    }
  });

  root.push = function (event) {
    // A refused request calls this one whatever callback it asked for, so it can be any stream's.
    if (event.type === "error" && anyConnecting()) {
      refusals[refusals.length] = event;
    } else {
      dispatch(0, event);
    }
  };

  root.controlled = function (receipt) {
    eachStream(function (stream) {
      stream.controlled(receipt);
    });
  };

  api = { open: open, submit: submit };
  root.foreverframe = api;
})(this);
