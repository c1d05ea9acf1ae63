/*
 * Server-sent events. The browser keeps heartbeats to itself, and tells no refusal from a cut.
 */
openers["sse"] = function (mine) {
  var source = new root["EventSource"](mine.url(""));
  each(["message", "ff-open", "ff-cursor", "ff-gap", "ff-close"], function (type) {
    source.addEventListener(type, function (event) {
      mine.receive(parse(event.data));
    });
  });
  // Reconnecting is the stream's, from its cursor: it also knows when to stop.
  source.onerror = function () {
    mine.end();
  };
  mine.isUnwatched = true;
  mine.stop = function () {
    source.close();
  };
};
