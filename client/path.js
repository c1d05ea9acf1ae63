/*
 * Whether the path to a server buffers, so that frames do not come through: remembered for all
 * pages of this origin.
 */
var PATH_KEY = "foreverframe.path ";

/**
 * By the server's origin: until when its path is taken to buffer, in Unix ms, as far as this page
 * found out. The only memory where there is no storage, or where it is forbidden or full.
 */
var pathUntil = {};

function pathStorage() {
  try {
    return root["localStorage"] || null;
  } catch (error) {
    // Where it is forbidden, looking at it throws.
    return null;
  }
}

/**
 * For how many ms more frames need not be tried; 0 if they should be. A clock that was set back
 * does not prolong it.
 */
function pollsFor(origin, maxMs) {
  var storage = pathStorage();
  var until = pathUntil[origin];
  var left;
  try {
    until = until || (storage && storage.getItem(PATH_KEY + origin));
  } catch (error) {
    // As if nothing was remembered.
  }
  left = until ? until - now() : 0;
  return left > 0 && left <= maxMs ? left : 0;
}

/** Remember that the path buffers; with 0, that it does not. */
function rememberPath(origin, ms) {
  var storage = pathStorage();
  pathUntil[origin] = ms && now() + ms;
  try {
    if (ms) {
      storage.setItem(PATH_KEY + origin, String(pathUntil[origin]));
    } else {
      storage.removeItem(PATH_KEY + origin);
    }
  } catch (error) {
    // This page knows it.
  }
}
