// For JScript: time that passes only when a test lets it.

var clock = 1500000000000;
var timers = [];
var lastTimer = 0;

/** What timers and handlers have thrown. */
var thrown = [];

function attempt(action) {
  try {
    action();
  } catch (error) {
    thrown.push(error.message);
  }
}

function addTimer(callback, ms, everyMs) {
  timers.push({
    id: ++lastTimer,
    dueAt: clock + Math.max(ms || 0, 0),
    callback: callback,
    everyMs: everyMs
  });
  return lastTimer;
}

function startTimeout(callback, ms) {
  return addTimer(callback, ms, 0);
}

function startInterval(callback, ms) {
  return addTimer(callback, ms, ms);
}

function stopTimer(id) {
  var i;
  for (i = 0; i < timers.length; i++) {
    if (timers[i].id === id) {
      timers.splice(i, 1);
      return;
    }
  }
}

/** The timer that is due first; null if none is due by then. */
function nextTimer(end) {
  var first = null;
  var i;
  for (i = 0; i < timers.length; i++) {
    if (timers[i].dueAt <= end && (!first || timers[i].dueAt < first.dueAt)) {
      first = timers[i];
    }
  }
  return first;
}

/** Let so many ms pass. Requests take none of them. */
function pass(ms) {
  var end = clock + ms;
  var timer = nextTimer(end);
  while (timer) {
    clock = Math.max(clock, timer.dueAt);
    if (timer.everyMs) {
      timer.dueAt += timer.everyMs;
    } else {
      stopTimer(timer.id);
    }
    attempt(timer.callback);
    timer = nextTimer(end);
  }
  clock = end;
}

function StubDate() {
  this.getTime = function () {
    return clock;
  };
}
