/*
 * A WebSocket. The browser does not tell a refusal from a cut.
 */
openers["ws"] = function (connection) {
  var socket = new root["WebSocket"](connection.url("").replace(/^http/, "ws"));
  socket.onmessage = function (event) {
    connection.receive(parse(event.data));
  };
  socket.onclose = function () {
    connection.end();
  };
  connection.stop = function () {
    socket.close();
  };
};
