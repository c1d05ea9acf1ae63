/*
 * The live table of door events; doors-state.js has the other view. Query: channel (default "doors"), transport, retryMs, silentMs, frameAgainMs.
 *
 * The rows and the cursor that belongs to them are kept as one value in sessionStorage, so whatever was kept last, a
 * reload goes on right behind the rows that it shows: no event is lost or doubled.
 */
(function (root) {
  var SAVE_EVERY_MS = 1000;
  var page = root.page;
  if (page.query("view", "") === "doors") {
    return;
  }
  var json = root["JSON"];
  var channel = page.query("channel", "doors");
  var key = "foreverframe.doors." + channel;
  var storage = usableStorage();
  // events: the `{ id, cells }` that are shown, oldest first.
  var kept = { cursor: null, received: 0, gap: null, events: [] };
  var changed = false;
  var stream;

  function usableStorage() {
    try {
      // Where cookies are forbidden, even looking at it throws.
      root["sessionStorage"].setItem(key + ".probe", "");
      root["sessionStorage"].removeItem(key + ".probe");
      return json ? root["sessionStorage"] : null;
    } catch (error) {
      return null;
    }
  }

  function restore() {
    try {
      kept = json["parse"](storage.getItem(key)) || kept;
    } catch (error) {
      // Without storage, or with something else in it, the page starts anew.
    }
  }

  function save() {
    if (!storage || stream.cursor === null || (stream.cursor === kept.cursor && !changed)) {
      return;
    }
    kept.cursor = stream.cursor;
    try {
      storage.setItem(key, json["stringify"](kept));
      changed = false;
    } catch (error) {
      // Full: what was kept before is older but whole, so a reload still goes on from there.
    }
  }

  function showEvent(event) {
    page.addRow(page.element("events"), event.id, page.doorCells(event.cells));
  }

  function showCount() {
    page.setText(page.element("count"), String(kept.received));
  }

  function showGap() {
    if (kept.gap) {
      page.showNote("Some events may be missing (noticed at " + kept.gap + ").");
    }
  }

  function receive(message) {
    var event = { id: message.id, cells: page.doorTexts(message.data) };
    kept.received++;
    kept.events[kept.events.length] = event;
    if (kept.events.length > page.rowsKept) {
      kept.events.shift();
    }
    changed = true;
    showEvent(event);
    showCount();
  }

  function noticeGap() {
    kept.gap = page.clock(new Date().getTime());
    changed = true;
    showGap();
  }

  function start() {
    var i;
    restore();
    for (i = 0; i < kept.events.length; i++) {
      showEvent(kept.events[i]);
    }
    showCount();
    showGap();
    stream = root.foreverframe.open(
      page.streamOptions({
        channels: channel,
        after: kept.cursor,
        last: 20,
        onmessage: receive,
        ongap: noticeGap,
        onstate: page.showState
      })
    );
    page.showState(stream.state, {});
  }

  page.setText(page.element("channel"), channel);
  start();
  setInterval(save, SAVE_EVERY_MS);
  if (root.addEventListener) {
    root.addEventListener("onpagehide" in root ? "pagehide" : "unload", save, false);
  } else {
    root.attachEvent("onunload", save);
  }
})(this);
