/*
 * A WebSocket. The browser tells no refusal from a cut.
 */
openers["ws"] = function (mine) {
  var socket = new root["WebSocket"](mine.url("").replace(/^http/, "ws"));
  socket.onmessage = function (event) {
    mine.receive(parse(event.data));
  };
  socket.onclose = function () {
    mine.end();
  };
  mine.stop = function () {
    socket.close();
  };
};
