/*
 * The state of each door, with ?view=doors: one row a channel, which its last event fills. Query: channel (default
 * "doors.*"), and what doors.js takes.
 *
 * The stream starts with the last event of each channel, so nothing has to be kept here: a reload shows the same rows.
 */
(function (root) {
  var MAX_ROWS = 2000;
  var page = root.page;
  var channel = page.query("channel", "doors.*");
  // The channels that have a row, in the order of the rows.
  var names = [];
  var body = page.element("doors");

  /** The index of a name, or where it would be. */
  function placeOf(name) {
    var low = 0;
    var high = names.length;
    var middle;
    while (low < high) {
      middle = (low + high) >> 1;
      if (names[middle] < name) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  function show(message) {
    var cells = [{ text: message.channel }].concat(page.doorCells(page.doorTexts(message.data)));
    var place = placeOf(message.channel);
    var row = page.createRow(message.channel, cells);
    if (names[place] === message.channel) {
      body.replaceChild(row, body.rows[place]);
    } else if (names.length < MAX_ROWS) {
      body.insertBefore(row, body.rows[place] || null);
      names.splice(place, 0, message.channel);
      page.setText(page.element("doorCount"), String(names.length));
    } else {
      page.showNote("There are more than " + MAX_ROWS + " doors: these are the first that came.");
    }
  }

  if (page.query("view", "") === "doors") {
    page.element("eventsView").className = "hidden";
    page.element("doorsView").className = "";
    page.setText(page.element("channel"), channel);
    page.showState(
      root.foreverframe.open(
        page.streamOptions({
          channels: channel,
          each: 1,
          onmessage: show,
          ongap: function () {
            page.showNote("What is shown of some doors may be old.");
          },
          onstate: page.showState
        })
      ).state,
      {}
    );
  }
})(this);
