// SockJS with its htmlfile transport, and a route that sends a body to all: node sockjs-process.mjs
// PORT
import { createServer } from "node:http";
import sockjs from "sockjs";
import { takePublishes } from "./publish-route.mjs";

const connections = new Set();
const echo = sockjs.createServer({
  log: () => undefined,
  // Streams are not to be recycled, and nothing of a stream that ended is to be left when memory is
  // measured.
  response_limit: Number.MAX_SAFE_INTEGER,
  disconnect_delay: 1_000,
});
echo.on("connection", (connection) => {
  connections.add(connection);
  connection.on("close", () => connections.delete(connection));
});

const server = createServer(
  takePublishes((text) => {
    for (const connection of connections) connection.write(text);
  }),
);
echo.installHandlers(server, { prefix: "/sockjs" });
server.listen(Number(process.argv[2]), "127.0.0.1");
