// For JScript: what goes over the network does so by synchronous requests to a real server, which
// has to end its frames soon (--recycle-ms).

/** What was asked for, in order: "frame", "form", or a request's method, then the path. */
var asked = [];

/** Whether frames end as they do on the wire; else they are taken to go on. */
var isEnding = true;

/** Whether XMLHTTP is switched off, as an administrator may have it. */
var isXmlOff = false;

function resolve(url) {
  return /^\w+:/.test(url) ? url : SERVER + "/" + url.replace(/^\//, "");
}

/** A request that is answered when this returns; throws where there is no server. */
function exchange(method, url, body, headers) {
  var request = new ActiveXObject("Microsoft.XMLHTTP");
  var name;
  request.open(method, resolve(url), false);
  for (name in headers) {
    request.setRequestHeader(name, headers[name]);
  }
  request.send(body);
  return request;
}

function note(kind, url) {
  asked.push(
    kind +
      " " +
      resolve(url)
        .replace(SERVER, "")
        .replace(/[?&]at=\d+/, "")
  );
}

/**
 * Load a frame as a parser would, though all at once. Each script but the first calls the parent.
 */
function loadFrame(frame) {
  var owner = frame.ownerDocument.parentWindow;
  if (!frame.src || frame.isLoading) {
    return;
  }
  frame.isLoading = true;
  note("frame", frame.src);
  startTimeout(function () {
    var scripts;
    var i;
    if (!isShown(frame)) {
      return;
    }
    scripts = exchange("GET", frame.src, null, {}).responseText.match(
      /<script>parent[\s\S]*?<\/script>/g
    );
    for (i = 0; scripts && i < scripts.length && isShown(frame); i++) {
      if (isEnding || !/^[^"]*"type":"close"/.test(scripts[i])) {
        runScript(scripts[i].replace(/^<script>|<\/script>$/g, ""), owner);
      }
    }
    if (isEnding && isShown(frame)) {
      frame.fire("onload");
    }
  }, 5);
}

function runScript(text, owner) {
  attempt(function () {
    new Function("parent", text)(owner);
  });
}

/**
 * A form goes to the frame of its target's name, if a parser has made that; else to a new window.
 */
function submitForm(form) {
  var target = null;
  eachNode(form.ownerDocument.body, function (node) {
    if (node.nodeName === "IFRAME" && node.isParsed && node.name === form.target) {
      target = node;
    }
  });
  note(target ? "form" : "form in a new window", form.action);
  startTimeout(function () {
    exchange("POST", form.action, "", { "Content-Type": "application/x-www-form-urlencoded" });
    if (target) {
      target.fire("onload");
    }
  }, 5);
}

/** XMLHttpRequest of IE 7, and XMLHTTP of IE 6: abort() calls the handler. */
function StubRequest() {
  var self = this;
  var headers = {};
  var isAborted = false;
  var method;
  var url;
  var isLater;
  function change(state) {
    self.readyState = state;
    if (self.onreadystatechange) {
      attempt(self.onreadystatechange);
    }
  }
  function answer(body) {
    var real;
    if (isAborted) {
      return;
    }
    change(3);
    try {
      // A poll that has nothing to wait for would hold everything up.
      real = exchange(method, url.replace(/&wait=\d+/, "&wait=0"), body, headers);
      self.responseText = real.responseText;
      self.status = real.status;
    } catch (_) {
      self.responseText = "";
      self.status = 12029;
    }
    change(4);
  }
  self.readyState = 0;
  self.open = function (itsMethod, itsUrl, isAsynchronous) {
    if (isXmlOff) {
      throw new Error("Access is denied.");
    }
    method = itsMethod;
    url = itsUrl;
    isLater = isAsynchronous;
  };
  self.setRequestHeader = function (name, value) {
    headers[name] = value;
  };
  self.send = function (body) {
    note(isLater ? method : "synchronous " + method, url);
    if (isLater) {
      // As long as a poll waits, if it does.
      startTimeout(
        function () {
          answer(body);
        },
        5 + 1000 * Number((/&wait=(\d+)/.exec(url) || [0, 0])[1])
      );
    } else {
      answer(body);
    }
  };
  self.abort = function () {
    isAborted = true;
    self.responseText = "";
    change(4);
  };
}

/** Publish JSON. */
function publish(channel, json) {
  var path = "channels/" + channel + "/messages";
  var answer = exchange("POST", path, json, { "Content-Type": "application/json" });
  if (answer.status !== 201) {
    throw new Error("a publish was answered " + answer.status + ": " + answer.responseText);
  }
}
