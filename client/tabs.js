/*
 * One stream for all tabs of a browser: one tab holds it and tells the others what comes.
 *
 * All words between tabs are { n, from, kind, visible, state, reason, retryMs, cursor, event,
 * before }: which tab says them, whether it is visible, the state and the cursor of its stream, and
 * for kind "event" an event with the cursor before it. So a tab that misses something notices, and
 * reads it from the server's log. Other kinds are "hello", which the holder answers, "beat" from
 * the holder, and "bye" from a holder that leaves.
 *
 * A browser slows down the timers of hidden tabs, but not what they hear. So a tab takes over only
 * after a "hello" has had no answer for a tick. Two tabs that take over at once hear each other,
 * and one gives in.
 */
var TICK_MS = 250;
var TICKS_PER_BEAT = 4;
/**
 * Silence of the holder after which it is asked, and after which a visible tab, or a hidden one,
 * takes over, in ms.
 */
var ASK_AFTER_MS = 1200;
var VISIBLE_AFTER_MS = 2000;
var HIDDEN_AFTER_MS = 2400;

/** What carries words between tabs: { say(words), close() }; null if nothing does. */
function openMedium(name, hear) {
  var channel;
  var storage;
  function onstorage(event) {
    if (event.key === name && event.newValue) {
      hear(parse(event.newValue));
    }
  }
  try {
    if (root["BroadcastChannel"]) {
      channel = new root["BroadcastChannel"](name);
      channel.onmessage = function (event) {
        hear(event.data);
      };
      return {
        say: function (words) {
          channel.postMessage(words);
        },
        close: function () {
          channel.close();
        }
      };
    }
    storage = root["localStorage"];
    // Throws where storage is forbidden or full. IE 8 tells no tab what another has stored.
    storage.setItem(name, "");
    if (root.addEventListener) {
      root.addEventListener("storage", onstorage, false);
      return {
        say: function (words) {
          storage.setItem(name, root["JSON"]["stringify"](words));
        },
        close: function () {
          root.removeEventListener("storage", onstorage, false);
          try {
            storage.removeItem(name);
          } catch (error) {
            // Forbidden meanwhile.
          }
        }
      };
    }
  } catch (error) {
    // As if it was not there.
  }
  return null;
}

/**
 * Join the tabs that share a stream.
 *
 * tab has `describe(words)`, which adds the state of its stream, and is told to `hold()` a stream,
 * to `release()` it, and to `follow(words)` of the holder.
 *
 * Gives { tell(event, before), leave() }; null if tabs can't talk here.
 */
function joinTabs(name, tab) {
  var id = String(Math.random());
  var holding = false;
  var ticks = 0;
  var said = 0;
  // When the holder was heard, and whether it was asked since then. A new tab does not wait for
  // long.
  var heardAt = now() - VISIBLE_AFTER_MS;
  var hasAsked = true;
  var medium = openMedium(name, hear);
  var timer;

  function say(kind, event, before) {
    // Counted, because storage does not tell of a value that is the same as before.
    var words = {
      n: ++said,
      from: id,
      kind: kind,
      visible: isVisible(),
      event: event,
      before: before
    };
    tab.describe(words);
    try {
      medium.say(words);
    } catch (error) {
      // Storage is full, or the page has no origin: the others miss the beats, and open streams of
      // their own.
    }
  }

  function tick() {
    var silentMs = now() - heardAt;
    ticks++;
    if (holding) {
      if (ticks % TICKS_PER_BEAT === 0 || !isVisible()) {
        say("beat");
      }
    } else if (silentMs < 0) {
      // The clock was set back.
      heardAt = now();
    } else if (hasAsked && silentMs > (isVisible() ? VISIBLE_AFTER_MS : HIDDEN_AFTER_MS)) {
      holding = true;
      say("beat");
      tab.hold();
    } else if (silentMs > ASK_AFTER_MS) {
      hasAsked = true;
      say("hello");
    }
  }

  /**
   * There is no holder any more, or one that should not hold the stream: the next tick of a visible
   * tab takes over.
   */
  function expectNone() {
    heardAt = now() - VISIBLE_AFTER_MS;
    hasAsked = true;
  }

  /** Two may have taken over at once: a visible one stays, else the one with the smaller id. */
  function isStronger(words) {
    return words.visible === isVisible() ? words.from < id : words.visible;
  }

  function hear(words) {
    // IE tells a tab its own words.
    if (!medium || !words || words.from === id) {
      return;
    }
    if (words.kind === "hello") {
      if (holding) {
        say("beat");
      }
    } else if (words.kind === "bye") {
      expectNone();
    } else if (holding && !isStronger(words)) {
      say("beat");
    } else {
      if (holding) {
        holding = false;
        tab.release();
      }
      heardAt = now();
      hasAsked = false;
      if (isVisible() && !words.visible) {
        // A hidden tab is slow, and may be put to sleep.
        expectNone();
      }
      tab.follow(words);
    }
  }

  if (!medium) {
    return null;
  }
  timer = setInterval(tick, TICK_MS);
  say("hello");
  return {
    tell: function (event, before) {
      if (holding) {
        say("event", event, before);
      }
    },
    leave: function () {
      clearInterval(timer);
      if (holding) {
        say("bye");
      }
      medium.close();
      medium = null;
    }
  };
}
