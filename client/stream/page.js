/*
 * How a stream follows its page: it begins and goes away with it, and may come back with it.
 */
var isHidden = false;

/** What the page calls: see foreverframe.js. */
var hooks = { begin: begin, hide: hide, show: show, loaded: loaded, wake: wake };

function begin() {
  if (!(hasEnded() || isHidden || tabs || next || current)) {
    joinOrConnect();
  }
}

/** The page goes away. If it comes back from the browser's cache, so does the stream. */
function hide() {
  // Even if it is lost: Firefox cuts requests before it hides the page.
  closeAtServer(postAtOnce);
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

/** Whether the stream is lost, and this tab is to connect again. */
function isWaiting() {
  return stream.state === "lost" && !isFollowing && !isHidden;
}

/** The browser is online again, or the page is seen again after a while. */
function wake() {
  if (isWaiting()) {
    attempt();
  } else {
    inquire();
  }
}

/** Give up everything that the stream has outside of itself. */
function leave() {
  stopWaiting();
  drop(next);
  drop(current);
  leaveTabs();
}

addHooks(hooks);
