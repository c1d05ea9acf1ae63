import { type Server as HttpServer, type IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Context } from "koa";
import { WebSocketServer } from "ws";
import { ForeverframeError } from "../../errors.ts";
import { SocketSink } from "../sinks/socket-sink.ts";
import { WebSocketSink } from "../sinks/web-socket-sink.ts";
import type { Connections } from "./connections.ts";
import { KEEP_ALIVE_MS } from "./hand-over.ts";
import { HttpConnection } from "./http-connection.ts";

/** Bytes of one message of a client, which has little to say. */
const MAX_CLIENT_MESSAGE_BYTES = 4_096;

const webSockets = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  autoPong: false, // a client that sends pings and reads nothing would fill the memory with answers
  perMessageDeflate: false, // shared frames are written as they are; memory of a compressor for each would be 100 times a stream's
  maxPayload: MAX_CLIENT_MESSAGE_BYTES,
});

/** What came behind the head of a request for an upgrade. */
const heads = new WeakMap<IncomingMessage, Buffer>();

/**
 * Answer requests for an upgrade: by `handle` like all others, which is to end in {@link upgrade} or an ordinary answer.
 *
 * Only WebSocket is spoken here. A request that offers another protocol, as some HTTP libraries do with each (`Upgrade: h2c`),
 * is taken as if it had not: https://www.rfc-editor.org/rfc/rfc9110#section-7.8
 */
export function serveUpgrades(
  http: HttpServer,
  connections: Connections,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): void {
  http.on("upgrade", (request: IncomingMessage, _socket: Duplex, head: Buffer) => {
    const connection = HttpConnection.of(request);
    const exchange = { request, response: null };
    const begin = () => {
      const begun = Buffer.concat([head, connection.takeUnread()]);
      if (!isUpgrade(request)) {
        http.emit("connection", connection.takeSocket(), Buffer.concat([headOf(request), begun]));
        connection.destroy();
        return;
      }
      heads.set(request, begun);
      const response = new ServerResponse(request);
      response.on("error", () => {}); // its connection says it too
      response.shouldKeepAlive = false; // its parser is gone
      response.assignSocket(connection as never); // a Duplex does, as for the server
      response.once("finish", () => connection.destroySoon());
      handle(request, response);
    };
    connection.inTurn({
      exchange,
      overlaps: false,
      begin: () => connections.begin(request, begin),
    });
  });
}

/** Whether a request asks for a WebSocket. */
export function isUpgrade({ method, headers }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket";
}

/**
 * Check that a request can become a WebSocket.
 *
 * @throws ForeverframeError FF_UPGRADE_REQUIRED, FF_REQUEST_INVALID
 */
export function checkUpgrade(ctx: Context): void {
  const { headers } = ctx.req;
  if (!heads.has(ctx.req)) {
    ctx.set({ Upgrade: "websocket", Connection: "Upgrade" });
    throw new ForeverframeError(
      "FF_UPGRADE_REQUIRED",
      'The transport "ws" needs an upgrade to WebSocket: open it with new WebSocket(), or use another transport',
    );
  }
  // What the library would refuse, without a sentence and when the stream is there already.
  const isComplete =
    /^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "") &&
    headers["sec-websocket-version"] === "13"; // an older one tells its page's origin by another header
  if (isComplete) return;
  ctx.set("Sec-WebSocket-Version", "13");
  throw new ForeverframeError(
    "FF_REQUEST_INVALID",
    "The request is no WebSocket handshake of version 13: use a WebSocket library",
  );
}

/** Take the connection for a stream's WebSocket: see `handOver`. */
export function upgrade(ctx: Context, close: (stream: string) => void): WebSocketSink | SocketSink {
  const { req, res } = ctx;
  const connection = HttpConnection.of(req);
  const { waitingPieces } = connection;
  ctx.respond = false;
  const head = Buffer.concat([heads.get(req) ?? Buffer.alloc(0), connection.takeUnread()]);
  res.detachSocket(connection as never);
  const socket = connection.takeSocket();
  connection.destroy();
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  let sink: WebSocketSink | null = null;
  webSockets.handleUpgrade(req, socket, head, (webSocket) => {
    sink = new WebSocketSink(socket, webSocket, waitingPieces, close);
  });
  if (sink !== null) return sink;
  socket.destroy(); // its client has gone
  return new SocketSink(socket, waitingPieces);
}

/** The head of a request as it came, without its offer to upgrade. */
function headOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    const value = rawHeaders[i + 1] ?? "";
    if (/^connection$/i.test(name)) {
      if (/\bclose\b/i.test(value)) lines.push("Connection: close");
    } else if (!/^(?:upgrade|http2-settings)$/i.test(name)) lines.push(`${name}: ${value}`);
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}
