/* What the demonstration pages share: the global `page`. */
(function (root) {
  var ROWS_KEPT = 200;
  var SUBMIT_WITHIN_MS = 10000;
  var document = root.document;
  var submitted = 0;
  var json = root["JSON"];

  function element(id) {
    return document.getElementById(id);
  }

  /** The value of a query parameter, or `otherwise` where it is absent or empty. */
  function query(name, otherwise) {
    // KHTML leaves the question mark out.
    var pairs = root.location.search.replace(/^\?/, "").split("&");
    var pair;
    var i;
    for (i = 0; i < pairs.length; i++) {
      pair = /^([^=]+)=(.+)$/.exec(pairs[i]);
      if (pair && pair[1] === name) {
        try {
          return decodeURIComponent(pair[2].replace(/\+/g, " "));
        } catch (error) {
          return otherwise;
        }
      }
    }
    return otherwise;
  }

  // A text node, because textContent is unknown to IE before 9 and innerHTML would run what a publisher sends.
  function setText(target, text) {
    while (target.firstChild) {
      target.removeChild(target.firstChild);
    }
    target.appendChild(document.createTextNode(text));
  }

  /** Make a row; `cells` is an array of { text, className, columns: how many it spans }. */
  function createRow(id, cells) {
    var row = document.createElement("tr");
    var cell;
    var i;
    row.setAttribute("data-id", id);
    for (i = 0; i < cells.length; i++) {
      cell = document.createElement("td");
      cell.className = cells[i].className || "";
      cell.colSpan = cells[i].columns || 1;
      setText(cell, cells[i].text);
      row.appendChild(cell);
    }
    return row;
  }

  /** Put a row on top of a tbody: see createRow(). */
  function addRow(body, id, cells) {
    body.insertBefore(createRow(id, cells), body.firstChild);
    while (body.rows.length > ROWS_KEPT) {
      body.removeChild(body.lastChild);
    }
  }

  function quote(text) {
    return (
      '"' +
      text
        .replace(/(["\\])/g, "\\$1")
        .replace(/\r/g, "\\r")
        .replace(/\n/g, "\\n") +
      '"'
    );
  }

  // For browsers without JSON. Not `instanceof Array`: the data was made in another window.
  function describe(value) {
    var parts = [];
    var i;
    if (typeof value === "string") {
      return quote(value);
    }
    if (value === null || typeof value !== "object") {
      return String(value);
    }
    if (Object.prototype.toString.call(value) === "[object Array]") {
      for (i = 0; i < value.length; i++) {
        parts[i] = describe(value[i]);
      }
      return "[" + parts.join(",") + "]";
    }
    for (i in value) {
      if (Object.prototype.hasOwnProperty.call(value, i)) {
        parts[parts.length] = quote(i) + ":" + describe(value[i]);
      }
    }
    return "{" + parts.join(",") + "}";
  }

  /** Any JSON value as text to read: strings as they are, all else as JSON. */
  function toText(value) {
    if (typeof value === "string") {
      return value;
    }
    return json ? json["stringify"](value) : describe(value);
  }

  /** The texts of a door event's fields. What is no door event is one text: all of it. */
  function doorTexts(data) {
    var fields = data !== null && typeof data === "object" ? data : {};
    var names = ["vid", "doorno", "rfsim", "optime", "ynopen"];
    var texts = [];
    var known = false;
    var i;
    for (i = 0; i < names.length; i++) {
      known = known || fields[names[i]] !== undefined;
      texts[i] = fields[names[i]] === undefined ? "" : toText(fields[names[i]]);
    }
    return known ? texts : [toText(data)];
  }

  /** The cells of a row that shows these texts: see createRow(). */
  function doorCells(texts) {
    var cells = [];
    var i;
    for (i = 0; i < texts.length; i++) {
      cells[i] = { text: texts[i] };
    }
    if (cells.length === 1) {
      cells[0].columns = 5;
    } else {
      cells[4].className = texts[4] === "Y" ? "yes" : "no";
    }
    return cells;
  }

  function twoDigits(number) {
    return (number < 10 ? "0" : "") + number;
  }

  /** The time of day, local, of a time in Unix ms. */
  function clock(time) {
    var date = new Date(time);
    return (
      twoDigits(date.getHours()) +
      ":" +
      twoDigits(date.getMinutes()) +
      ":" +
      twoDigits(date.getSeconds())
    );
  }

  function stateInWords(state, detail) {
    if (state === "lost") {
      return (
        "lost: retrying in " +
        Math.round(detail.retryMs / 100) / 10 +
        " s" +
        (detail.detail ? ". " + detail.detail : "")
      );
    }
    if (state === "closed") {
      return (
        (detail.reason === "client"
          ? "closed by you"
          : "closed (" + detail.reason + (detail.text ? ": " + detail.text : "") + ")") +
        ": will not reconnect"
      );
    }
    return state === "refused" ? "refused: " + detail.detail : state;
  }

  function showState(state, detail) {
    var target = element("state");
    setText(target, stateInWords(state, detail));
    target.className = "state " + state;
  }

  function showNote(text) {
    var note = element("note");
    setText(note, text);
    note.className = "note";
  }

  function hideNote() {
    element("note").className = "note hidden";
  }

  function createNamedFrame(name) {
    var frame;
    try {
      // IE 5 to 8 only take a name as a form's target when it is there from the start; others throw here.
      frame = document.createElement('<iframe name="' + name + '">');
    } catch (error) {
      frame = null;
    }
    if (!frame || frame.nodeName.toLowerCase() !== "iframe") {
      frame = document.createElement("iframe");
      frame.name = name;
    }
    frame.style.display = "none";
    return frame;
  }

  /** The text of a frame's document; "" for the empty one that is there first, null for another site's or an error page. */
  function textOf(frame) {
    var body;
    try {
      body = frame.contentWindow.document.body;
      return body ? body.textContent || body.innerText || "" : "";
    } catch (error) {
      return null;
    }
  }

  /**
   * Submit a form into a hidden frame of its own, so that its answer replaces nothing.
   *
   * onanswer(text) is given the text of the answer; or null if none came within 10 s, or none that may be read.
   */
  function submit(form, onanswer) {
    var frame = createNamedFrame("submit" + ++submitted);
    var answered = false;
    function answer(text) {
      if (!answered) {
        answered = true;
        onanswer(text);
      }
    }
    function loaded() {
      var text = textOf(frame);
      if (text !== "") {
        answer(text);
      }
    }
    document.body.appendChild(frame);
    if (frame.addEventListener) {
      frame.addEventListener("load", loaded, false);
    } else {
      frame.attachEvent("onload", loaded);
    }
    form.target = frame.name;
    form.submit();
    // Not at its load event: that one also fires for the empty document which some browsers put in first.
    setTimeout(function () {
      document.body.removeChild(frame);
      answer(null);
    }, SUBMIT_WITHIN_MS);
  }

  /** Options that every page takes from its query. */
  function streamOptions(options) {
    var names = ["client", "retryMs", "silentMs", "frameAgainMs", "transport"];
    var i;
    for (i = 0; i < names.length; i++) {
      options[names[i]] = options[names[i]] || query(names[i], "");
    }
    return options;
  }

  root.page = {
    rowsKept: ROWS_KEPT,
    element: element,
    query: query,
    setText: setText,
    createRow: createRow,
    addRow: addRow,
    doorTexts: doorTexts,
    doorCells: doorCells,
    toText: toText,
    clock: clock,
    showState: showState,
    streamOptions: streamOptions,
    submit: submit,
    showNote: showNote,
    hideNote: hideNote
  };
})(this);
