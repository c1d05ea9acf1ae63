/*
 * One stream for all tabs of a browser: one tab holds it and tells the others what comes.
 *
 * All that is said is { from, kind, visible, state, detail, cursor, event, before }: who says it, whether its tab is visible,
 * the state, the cursor of its stream, and for kind "event" an event with the cursor before it. So whoever misses
 * something notices, and reads it from the server's log. Other kinds are "hello" of a new tab, "beat" of the holder, and
 * "bye" of one that goes.
 *
 * Time is counted in ticks, and not by the clock: those of a tab in the background or of a sleeping machine are late, and the
 * others' with them.
 */
var TICK_MS = 250;
var TICKS_PER_BEAT = 4;
/** Ticks without a beat after which a visible tab, or another, takes over. */
var MISSED_BY_VISIBLE = 8;
var MISSED_BY_HIDDEN = 10;

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
          try {
            storage.setItem(name, root["JSON"]["stringify"](words));
          } catch (error) {
            // Full: the others miss the beats, and open streams of their own.
          }
        },
        close: function () {
          root.removeEventListener("storage", onstorage, false);
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
 * tab has `describe(words)`, which adds the state of its stream, and is told to `hold()` a stream, to `release()` it, and to
 * `follow(words)` of the holder.
 *
 * Gives { isHolding(), tell(event, before), leave() }; null if tabs can't talk here.
 */
function joinTabs(name, tab) {
  var id = String(Math.random());
  var holding = false;
  var ticks = 0;
  // A new tab asks who is there, and does not wait for long.
  var missed = MISSED_BY_VISIBLE - 1;
  var medium = openMedium(name, hear);
  var timer;

  function say(kind, event, before) {
    var words = { from: id, kind: kind, visible: isVisible(), event: event, before: before };
    tab.describe(words);
    medium.say(words);
  }

  function tick() {
    ticks++;
    if (holding) {
      if (ticks % TICKS_PER_BEAT === 0) {
        say("beat");
      }
    } else if (++missed > (isVisible() ? MISSED_BY_VISIBLE : MISSED_BY_HIDDEN)) {
      holding = true;
      say("beat");
      tab.hold();
    }
  }

  /** Two may have taken over at once: a visible one goes on, else the one with the smaller id. */
  function isStronger(words) {
    return words.visible === isVisible() ? words.from < id : words.visible;
  }

  function hear(words) {
    // IE tells a tab its own words.
    if (!medium || words.from === id) {
      return;
    }
    if (words.kind === "hello") {
      if (holding) {
        say("beat");
      }
    } else if (words.kind === "bye") {
      missed = MISSED_BY_VISIBLE;
    } else if (holding && !isStronger(words)) {
      say("beat");
    } else {
      if (holding) {
        holding = false;
        tab.release();
      }
      // A browser slows hidden tabs down: a visible one takes the stream over from them.
      missed = isVisible() && !words.visible ? MISSED_BY_VISIBLE : 0;
      tab.follow(words);
    }
  }

  if (!medium) {
    return null;
  }
  timer = setInterval(tick, TICK_MS);
  say("hello");
  return {
    isHolding: function () {
      return holding;
    },
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
