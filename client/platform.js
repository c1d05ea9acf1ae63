/*
 * What old browsers lack or do in their own way. `root` is the window: see build.mjs.
 */
var document = root.document;
var location = root.location;

/** Requests under way: KHTML collects one that is only held by its own handler. */
var requests = [];

/** A longer timer fires at once. */
var MAX_TIMER_MS = 2147483647;

/** How long a form's frame lives, in ms: its answer is not awaited. */
var FORM_MS = 10000;

function now() {
  return new Date().getTime();
}

/** Call after a time in ms, which may be Infinity: never. Gives the timer. */
function later(ms, then) {
  return ms === Infinity ? null : setTimeout(then, Math.min(ms, MAX_TIMER_MS));
}

function listen(target, type, handler) {
  if (target.addEventListener) {
    target.addEventListener(type, handler, false);
  } else if (target.attachEvent) {
    target.attachEvent("on" + type, handler);
  }
}

function each(list, visit) {
  var i;
  for (i = 0; i < list.length; i++) {
    visit(list[i]);
  }
}

/** Put an item into the first free place of a list, and say which. */
function put(list, item) {
  var i = 0;
  while (list[i]) {
    i++;
  }
  list[i] = item;
  return i;
}

/** JSON as a value; null for what is no JSON, such as a proxy's error page. */
function parse(text) {
  try {
    // IE before 8 has no JSON. What Foreverframe answers is escaped, so that it is a safe
    // expression too.
    return root["JSON"] ? root["JSON"]["parse"](text) : new Function("return " + text)();
  } catch (error) {
    return null;
  }
}

function isVisible() {
  return document["visibilityState"] !== "hidden";
}

/** A link to what `url` means on this page: its `href` is absolute. */
function linkTo(url) {
  var box = document.createElement("div");
  var link = document.createElement("a");
  link.href = url;
  if (!root.addEventListener) {
    // IE before 8 only resolves what its parser has seen.
    box.innerHTML = '<a href="' + url.replace(/&/g, "&amp;").replace(/"/g, "&quot;") + '"></a>';
    link = box.firstChild;
  }
  return link;
}

/**
 * The origin of a link or of the page, as browsers write it in events: without the port that
 * belongs to the scheme. Of the whole address, because IE adds that port to a link's host, and
 * KHTML leaves every port out of it.
 */
function originOf(link) {
  var parts = /^(\w+:)\/\/(?:[^\/?#]*@)?([^\/?#]*)/.exec(link.href) || ["", "", ""];
  return (parts[1] + "//" + parts[2].replace(/:(80|443)?$/, "")).toLowerCase();
}

function createRequest() {
  return root.XMLHttpRequest
    ? new root.XMLHttpRequest()
    : new root.ActiveXObject("Microsoft.XMLHTTP");
}

/**
 * Start a request.
 *
 * onchange(request) is called when there is more of the answer, and when it is complete. The token
 * may be absent.
 */
function send(method, url, body, onchange, token) {
  var request = createRequest();
  var place;
  request.open(method, url, true);
  authorize(request, token);
  place = put(requests, request);
  request.onreadystatechange = function () {
    if (request.readyState === 4) {
      requests[place] = null;
    }
    if (onchange && request.readyState > 2) {
      onchange(request);
    }
  };
  request.send(body);
  return request;
}

function authorize(request, token) {
  if (token) {
    request.setRequestHeader("Authorization", "Bearer " + token);
  }
}

/** POST, whatever the answer is. */
function post(url, body, token) {
  try {
    send("POST", url, body, null, token);
  } catch (error) {
    // XMLHttpRequest is switched off, or is too old to call another origin.
    postForm(url);
  }
}

/** POST from a page that is going away, which would take other requests with it. */
function postAtOnce(url, body, token) {
  var request;
  try {
    if (token && root["fetch"]) {
      // A beacon carries no header.
      root["fetch"](url, {
        method: "POST",
        keepalive: true,
        headers: { Authorization: "Bearer " + token }
      })["catch"](function () {});
    } else if (!root.navigator["sendBeacon"] || !root.navigator["sendBeacon"](url, "")) {
      request = createRequest();
      request.open("POST", url, false);
      authorize(request, token);
      request.send("");
    }
  } catch (error) {
    // Then the server learns it from the connection, which ends with the page.
  }
}

function postForm(url) {
  var box = document.createElement("div");
  var name = "foreverframe" + String(Math.random()).substring(2);
  box.style.display = "none";
  // IE before 8 takes a name as a form's target only if its parser has seen it.
  box.innerHTML =
    '<iframe name="' + name + '"></iframe><form method="post" target="' + name + '"></form>';
  document.body.appendChild(box);
  box.lastChild.action = url;
  box.lastChild.submit();
  setTimeout(function () {
    // The page may have done it.
    if (box.parentNode) {
      box.parentNode.removeChild(box);
    }
  }, FORM_MS);
}
