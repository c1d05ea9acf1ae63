/*
 * The one global, and the life of the page.
 */

/** A frame made inside the load event still keeps the busy indicator of some browsers turning. */
var AFTER_LOAD_MS = 50;

/**
 * Streams do not wait longer for the load event, in ms: a picture that hangs holds it back for
 * minutes.
 */
var LOAD_WITHIN_MS = 10000;

/** Pause between two looks for the page's body, in ms. */
var BODY_CHECK_MS = 250;

/** Whether the load event is over, so that no frame holds it back. */
var isLoaded = false;

/** Whether streams may begin. */
var isReady = false;

/** When the page was hidden, in Unix ms. */
var hiddenAt;

/** { begin(), hide(), show(), loaded(), wake() } of each stream that has not ended. */
var allHooks = [];

/** open() is made of the files in stream/: see build.mjs. */
var api = { open: open };

function addHooks(hooks) {
  allHooks[allHooks.length] = hooks;
  if (isReady) {
    // Not before open() has returned.
    setTimeout(hooks.begin, 0);
  }
}

function removeHooks(hooks) {
  var i;
  for (i = 0; i < allHooks.length; i++) {
    if (allHooks[i] === hooks) {
      allHooks.splice(i, 1);
      return;
    }
  }
}

/** Call a hook of each stream; streams may end meanwhile. */
function callEach(method) {
  each(allHooks.slice(0), function (hooks) {
    hooks[method]();
  });
}

function beginAll() {
  isReady = true;
  callEach("begin");
}

function load() {
  setTimeout(function () {
    isLoaded = true;
    beginAll();
    callEach("loaded");
  }, AFTER_LOAD_MS);
}

function beginWithoutLoad() {
  if (document.body) {
    beginAll();
  } else {
    setTimeout(beginWithoutLoad, BODY_CHECK_MS);
  }
}

function wakeAll() {
  callEach("wake");
}

if (document.readyState === "complete") {
  isLoaded = isReady = true;
} else {
  listen(root, "load", load);
  setTimeout(beginWithoutLoad, LOAD_WITHIN_MS);
}
listen(root, "onpagehide" in root ? "pagehide" : "unload", function () {
  callEach("hide");
  // Chromium does not keep a page for its way back while one of its frames is loading.
  removeFrames();
});
listen(root, "pageshow", function (event) {
  if (event.persisted) {
    callEach("show");
  }
});
listen(root, "online", wakeAll);
// A frozen page goes on: https://wicg.github.io/page-lifecycle/
listen(document, "resume", wakeAll);
listen(document, "visibilitychange", function () {
  if (!isVisible()) {
    hiddenAt = now();
  } else if (now() - hiddenAt > LATE_MS) {
    wakeAll();
  }
});
root.foreverframe = api;
