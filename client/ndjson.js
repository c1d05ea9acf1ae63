/*
 * A line for each event, read while the answer grows: not in IE before 10.
 */

/**
 * Length of an answer after which a new one is asked for: its text stays in memory as long as it
 * lasts.
 */
var MAX_TEXT_LENGTH = 1000000;

openers["ndjson"] = function (connection) {
  var seen = 0;
  if (!root.addEventListener) {
    // IE before 9 throws at a look at an answer that has not ended.
    throw new Error("no partial answers");
  }
  function onchange(answer) {
    var text = answer.responseText;
    var lines = text.substring(seen).split("\n");
    seen = text.length - lines.pop().length;
    connection.signs = text.length;
    each(lines, function (line) {
      connection.receive(parse(line));
    });
    if (answer.readyState === 4) {
      connection.end(toRefusal(parse(text)));
    } else if (seen > MAX_TEXT_LENGTH) {
      connection.receive({ type: "close", reason: "recycle", reconnect: true });
    }
  }
  var request = send("GET", connection.url(""), null, onchange, connection.token);
  connection.stop = function () {
    request.abort();
  };
};
