/*
 * Server-sent events. The browser keeps heartbeats to itself, and does not tell a refusal from a
 * cut.
 */
openers["sse"] = function (connection) {
  var source = new root["EventSource"](connection.url(""));
  each("message ff-open ff-cursor ff-live ff-gap ff-expiring ff-close".split(" "), function (type) {
    source.addEventListener(type, function (event) {
      connection.receive(parse(event.data));
    });
  });
  // A refusal for a while, which has status 200 so that the browser would come back.
  source.addEventListener("ff-error", function (event) {
    connection.end(parse(event.data));
  });
  // Reconnecting is up to the stream, from its cursor: it also knows when to stop.
  source.onerror = function () {
    connection.end();
  };
  connection.isMute = true;
  connection.stop = function () {
    source.close();
  };
};
