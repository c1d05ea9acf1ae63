// For JScript: as much of a document as IE 6 to 8 have and the client uses. There is attachEvent
// and no addEventListener; a link, and the name of a frame, count only if a parser has seen them.

function StubNode(name, owner) {
  this.nodeName = name.toUpperCase();
  this.ownerDocument = owner;
  this.childNodes = [];
  this.firstChild = this.lastChild = this.parentNode = null;
  this.style = {};
  this.handlers = {};
}

StubNode.prototype = {
  attachEvent: function (type, handler) {
    this.handlers[type] = (this.handlers[type] || []).concat(handler);
  },
  fire: function (type) {
    var handlers = this.handlers[type] || [];
    var i;
    function call(handler) {
      attempt(function () {
        handler({ type: type.substring(2) });
      });
    }
    for (i = 0; i < handlers.length; i++) {
      call(handlers[i]);
    }
  },
  appendChild: function (child) {
    this.childNodes.push(child);
    child.parentNode = this;
    this.relink();
    eachNode(child, function (node) {
      if (node.nodeName === "IFRAME" && isShown(node)) {
        loadFrame(node);
      }
    });
    return child;
  },
  removeChild: function (child) {
    var i;
    for (i = 0; i < this.childNodes.length; i++) {
      if (this.childNodes[i] === child) {
        this.childNodes.splice(i, 1);
        child.parentNode = null;
        this.relink();
        return child;
      }
    }
    throw new Error("Invalid argument.");
  },
  relink: function () {
    this.firstChild = this.childNodes[0] || null;
    this.lastChild = this.childNodes[this.childNodes.length - 1] || null;
  },
  submit: function () {
    submitForm(this);
  }
};

function eachNode(node, visit) {
  var i;
  visit(node);
  for (i = 0; i < node.childNodes.length; i++) {
    eachNode(node.childNodes[i], visit);
  }
}

/** Whether a node is in a document. */
function isShown(node) {
  var top = node;
  while (top.parentNode) {
    top = top.parentNode;
  }
  return top === node.ownerDocument.body;
}

/** What `node.innerHTML = html` is made into, since JScript has no setters. */
function setHtml(node, html) {
  var tags = html.match(/<[^>]*>/g);
  var open = node;
  var child;
  var i;
  for (i = 0; i < tags.length; i++) {
    if (tags[i].charAt(1) === "/") {
      open = open.parentNode;
    } else {
      child = parseTag(tags[i], node.ownerDocument);
      open.appendChild(child);
      open = child;
    }
  }
}

function parseTag(tag, owner) {
  var node = new StubNode(/^<(\w+)/.exec(tag)[1], owner);
  var attribute = /(\w+)="([^"]*)"/g;
  var found = attribute.exec(tag);
  while (found) {
    node[found[1]] = found[2].replace(/&quot;/g, '"').replace(/&amp;/g, "&");
    found = attribute.exec(tag);
  }
  node.isParsed = true;
  if (node.href !== undefined) {
    node.href = resolve(node.href);
    node.protocol = /^\w+:/.exec(node.href)[0];
  }
  return node;
}

function createDocument(owner) {
  var made = { readyState: "complete", parentWindow: owner, documentElement: { innerHTML: "" } };
  made.createElement = function (name) {
    return new StubNode(name, made);
  };
  made.body = new StubNode("body", made);
  return made;
}
