/*
 * The one global, and the life of the page.
 */

/** A frame made inside the load event still keeps the busy indicator of some browsers turning. */
var AFTER_LOAD_MS = 50;

var isLoaded = false;

/** { begin(), hide(), show() } of each stream that has not ended. */
var streams = [];

var api = { open: open };

function add(stream) {
  streams[streams.length] = stream;
  if (isLoaded) {
    // Not before open() has returned.
    setTimeout(stream.begin, 0);
  }
}

function remove(stream) {
  var i;
  for (i = 0; i < streams.length; i++) {
    if (streams[i] === stream) {
      streams.splice(i, 1);
      return;
    }
  }
}

function load() {
  setTimeout(function () {
    isLoaded = true;
    each(streams.slice(0), function (stream) {
      stream.begin();
    });
  }, AFTER_LOAD_MS);
}

if (document.readyState === "complete") {
  isLoaded = true;
} else {
  listen(root, "load", load);
}
listen(root, "onpagehide" in root ? "pagehide" : "unload", function () {
  each(streams.slice(0), function (stream) {
    stream.hide();
  });
  // Chromium keeps no page for its way back that has a frame which is loading.
  removeFrames();
});
listen(root, "pageshow", function (event) {
  if (event.persisted && isLoaded) {
    each(streams.slice(0), function (stream) {
      stream.show();
    });
  }
});
root.foreverframe = api;
