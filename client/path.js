/*
 * What is known of the path to a server, remembered for all pages of this origin: "path" that it
 * buffers, so that frames do not come through, "prompt" that it hands each event on at once.
 */
var MEMORY_KEY = "foreverframe.";

/**
 * By what is remembered, with the server's origin: until when, in Unix ms, as far as this page
 * found out. The only memory where there is no storage, or where it is forbidden or full.
 */
var rememberedUntil = {};

function pathStorage() {
  try {
    return root["localStorage"] || null;
  } catch (error) {
    // Where it is forbidden, looking at it throws.
    return null;
  }
}

/**
 * For how many ms more something is remembered; 0 if it is not. A clock that was set back does not
 * prolong it.
 */
function leftOf(what, maxMs) {
  var storage = pathStorage();
  var until = rememberedUntil[what];
  var left;
  try {
    until = until || (storage && storage.getItem(MEMORY_KEY + what));
  } catch (error) {
    // As if nothing was remembered.
  }
  left = until ? until - now() : 0;
  return left > 0 && left <= maxMs ? left : 0;
}

/** Remember something for some ms; 0 forgets it. */
function remember(what, ms) {
  var storage = pathStorage();
  rememberedUntil[what] = ms && now() + ms;
  try {
    if (ms) {
      storage.setItem(MEMORY_KEY + what, String(rememberedUntil[what]));
    } else {
      storage.removeItem(MEMORY_KEY + what);
    }
  } catch (error) {
    // This page knows it.
  }
}

/** For how many ms more frames need not be tried; 0 if they should be. */
function pollsFor(origin, maxMs) {
  return leftOf("path " + origin, maxMs);
}

/** Remember that the path buffers; with 0, that it does not. */
function rememberPath(origin, ms) {
  remember("path " + origin, ms);
}
