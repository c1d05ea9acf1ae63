/*
 * The display frame: its document never ends, and each event is a script in it that calls this
 * page.
 */

/**
 * The connection behind each callback: push, push1, push2... Streams of a page seldom need more
 * than the first.
 */
var callbacks = [];

/** Pause between two looks at whether a frame's document has ended, in ms. */
var FRAME_CHECK_MS = 250;

/** Frames that are to be removed. */
var leaving = [];

/** See frameDocument(). Kept referenced: IE collects it otherwise, with its frames. */
var home;

/**
 * Where frames are put: in IE before 11 a document that is nowhere shown, in which they load
 * without the busy indicator, the click sound and an entry of the history.
 */
function frameDocument() {
  var htmlfile;
  if (!home) {
    home = document;
    try {
      // IE 11 would make one, but hides it from this question.
      htmlfile = root.ActiveXObject && new root.ActiveXObject("htmlfile");
      htmlfile.open();
      htmlfile.write("<html><body></body></html>");
      htmlfile.close();
      htmlfile.parentWindow.foreverframe = api;
      home = htmlfile.body ? htmlfile : home;
    } catch (error) {
      // There is none, or none that is whole.
    }
  }
  return home;
}

function removeFrames() {
  var frame = leaving.pop();
  while (frame) {
    // The page may have done it.
    if (frame.parentNode) {
      frame.parentNode.removeChild(frame);
    }
    frame = leaving.pop();
  }
}

/**
 * The size of a frame's document, which shows heartbeats: they are spaces. -1 for a frame that was
 * taken out of the page.
 */
function sizeOf(frame) {
  try {
    return frame.contentWindow.document.documentElement.innerHTML.length;
  } catch (error) {
    return -1;
  }
}

/** How far a frame's document is; "denied" where it is the browser's own, about a failure. */
function phaseOf(frame) {
  try {
    return frame.contentWindow.document.readyState;
  } catch (error) {
    return "denied";
  }
}

openers["frame"] = function (connection) {
  var isForeign = connection.origin !== originOf(location);
  var owner = isForeign ? document : frameDocument();
  var frame = owner.createElement("iframe");
  var place = put(callbacks, connection);
  var name = "push" + (place || "");
  var wasLoading = false;
  var timer;
  api[name] = function (event) {
    // A connection may be cut before the first look at it.
    wasLoading = wasLoading || phaseOf(frame) === "loading";
    if (callbacks[place]) {
      callbacks[place].receive(event);
    }
  };
  connection.stop = function () {
    clearInterval(timer);
    callbacks[place] = null;
    leaving[leaving.length] = frame;
    // Later, because this call may come from a script of that very frame.
    setTimeout(removeFrames, 0);
  };
  if (isForeign) {
    connection.isSource = function (source) {
      // IE 8 gives another object for the same window.
      return source && source == frame.contentWindow;
    };
  } else if (owner === document && root.addEventListener) {
    connection.sign = function () {
      return sizeOf(frame);
    };
    // Firefox fires no load event for a frame that could not be loaded or that was cut.
    timer = setInterval(function () {
      var phase = phaseOf(frame);
      if (phase === "denied" || (wasLoading && phase !== "loading")) {
        connection.end();
      }
    }, FRAME_CHECK_MS);
  } else {
    // IE before 9 drops the spaces, and before 11 the frame is in another document.
    connection.isUnwatched = true;
  }
  listen(frame, "load", function () {
    connection.end();
  });
  frame.style.display = "none";
  // On the way back to a page, old WebKit loads what the frame of the same name, or at the same
  // place if there is none, had loaded there before: from a cursor that is outdated.
  frame.name = name + now();
  // This tells the server whose page a frame of another origin is in, even if the page's own policy
  // is to say nothing.
  frame.referrerPolicy = "origin";
  frame.src = connection.url(
    isForeign
      ? "&origin=" + encodeURIComponent(originOf(location))
      : "&callback=parent.foreverframe." + name
  );
  owner.body.appendChild(frame);
};

/** A frame of another origin posts its events; what other windows post is ignored. */
listen(root, "message", function (event) {
  each(callbacks, function (connection) {
    if (
      connection &&
      connection.isSource &&
      connection.isSource(event.source) &&
      event.origin === connection.origin
    ) {
      connection.receive(parse(event.data));
    }
  });
});
