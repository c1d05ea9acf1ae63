// For JScript: windows of IE 6 to 8 with the client in them, and what a test is told of it.

/**
 * A window. Of `browser`, `request` is "native" (IE 7 and 8) or "ActiveX" (IE 6); `htmlfile` is
 * "whole", "denied" where the page may not make one, or "broken" where it has no window.
 */
function createWindow(browser) {
  var made = {
    handlers: {},
    attachEvent: StubNode.prototype.attachEvent,
    fire: StubNode.prototype.fire
  };
  made.window = made;
  made.navigator = {};
  made.location = { href: SERVER + "/page.html", search: "" };
  made.document = createDocument(made);
  made.ActiveXObject = function (name) {
    if (name === "htmlfile" && browser.htmlfile !== "denied") {
      made.htmlfile = createDocument({});
      made.htmlfile.open = made.htmlfile.write = made.htmlfile.close = function () {};
      if (browser.htmlfile === "broken") {
        made.htmlfile.parentWindow = null;
      }
      return made.htmlfile;
    }
    if (name === "Microsoft.XMLHTTP" && browser.request === "ActiveX") {
      return new StubRequest();
    }
    throw new Error("Automation server can't create object");
  };
  if (browser.request === "native") {
    made.XMLHttpRequest = StubRequest;
  }
  return made;
}

/** Run a script in a window. */
function runIn(page, script) {
  new Function(
    "window",
    "document",
    "location",
    "setTimeout",
    "clearTimeout",
    "setInterval",
    "clearInterval",
    "ActiveXObject",
    "Date",
    script
  ).call(
    page,
    page,
    page.document,
    page.location,
    startTimeout,
    stopTimer,
    startInterval,
    stopTimer,
    page.ActiveXObject,
    StubDate
  );
}

function createPage(browser) {
  var page = createWindow(browser);
  runIn(page, CLIENT);
  return page;
}

/** Open a stream, and keep what its handlers are told. */
function record(page, options) {
  var kept = { data: [], states: [], ends: [] };
  options.onmessage = function (event) {
    kept.data.push(event.data);
  };
  options.onstate = function (state, detail) {
    kept.states.push(detail.reason ? state + " " + detail.reason : state);
  };
  options.onclose = function (event) {
    kept.ends.push(event.reason);
  };
  options.onerror = function (event) {
    kept.ends.push(event.code);
  };
  kept.stream = page.foreverframe.open(options);
  return kept;
}

/** How many nodes are in the page, and in its htmlfile; -1 where it has none. */
function countNodes(page) {
  return [
    page.document.body.childNodes.length,
    page.htmlfile ? page.htmlfile.body.childNodes.length : -1
  ];
}

/** JSON in ASCII, which is all that the console takes. Members that are functions are left out. */
function toJson(value) {
  var parts = [];
  var name;
  if (typeof value === "string") {
    return '"' + value.replace(/[^ !#-[\]-~]/g, escapeUnit) + '"';
  }
  if (value === undefined || value === null || typeof value !== "object") {
    return value === 0 && 1 / value < 0 ? "-0" : String(value === undefined ? null : value);
  }
  for (name in value) {
    if (typeof value[name] !== "function") {
      parts.push((isArray(value) ? "" : toJson(name) + ":") + toJson(value[name]));
    }
  }
  return isArray(value) ? "[" + parts.join(",") + "]" : "{" + parts.join(",") + "}";
}

function isArray(value) {
  return Object.prototype.toString.call(value) === "[object Array]";
}

function escapeUnit(character) {
  return "\\u" + ("000" + character.charCodeAt(0).toString(16)).slice(-4);
}

/** Tell the test a value. */
function tell(value) {
  WScript.Echo("told " + toJson(value));
}
