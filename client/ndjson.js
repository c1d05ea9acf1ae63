/*
 * A line for each event, read while the answer grows: not in IE before 10.
 */

/** Length of an answer after which a new one is asked for: its text stays in memory as long as it lasts. */
var MAX_TEXT_LENGTH = 1000000;

openers["ndjson"] = function (mine) {
  var seen = 0;
  var request = send("GET", mine.url(""), null, function (answer) {
    var text = answer.responseText;
    var lines = text.substring(seen).split("\n");
    seen = text.length - lines.pop().length;
    mine.signs = text.length;
    each(lines, function (line) {
      mine.receive(parse(line));
    });
    if (answer.readyState === 4) {
      mine.end(toRefusal(parse(text)));
    } else if (seen > MAX_TEXT_LENGTH) {
      mine.receive({ type: "close", reason: "recycle", reconnect: true });
    }
  });
  mine.stop = function () {
    request.abort();
  };
};
