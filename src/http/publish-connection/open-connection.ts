import type { Context } from "koa";
import { WebSocketServer } from "ws";
import { ForeverframeError } from "../../errors.ts";
import { carrierOf } from "../connection/carriers.ts";
import { KEEP_ALIVE_MS } from "../connection/upgrades.ts";
import type { PublishConnection } from "./publish-connection.ts";
import type { PublishConnections } from "./publish-connections.ts";
import { ResponseAnswers } from "./response-answers.ts";
import { WebSocketAnswers } from "./web-socket-answers.ts";

/** Content type of the answers. */
const ANSWERS_TYPE = "application/x-ndjson";

/**
 * After its last answer a connection is read for this long, in ms, and what comes is thrown away:
 * were it closed at once, a client that is still sending could lose the answers.
 */
const LINGER_MS = 1_000;

/**
 * Take lines from the body of a request, and answer them in its response, which begins at once.
 *
 * @param earlier the body, if the application has read it before; null if it has not
 */
export function openOverHttp(
  ctx: Context,
  connections: PublishConnections,
  earlier: Buffer | null,
): void {
  ctx.respond = false;
  const { req, res } = ctx;
  const sink = carrierOf(ctx).converse(ANSWERS_TYPE, () => connection.breakOff());
  const connection = connections.open(ctx, new ResponseAnswers(sink), req);
  res.once("finish", () => {
    if (req.complete) return;
    req.resume();
    const timer = setTimeout(() => req.socket.destroy(), LINGER_MS);
    req.once("close", () => clearTimeout(timer));
  });
  if (earlier !== null) {
    connection.receive(earlier);
    connection.receiveEnd();
    return;
  }
  req.on("error", () => {}); // its response's `close` says it, too
  req.on("data", (piece: Buffer) => connection.receive(piece));
  req.on("end", () => connection.receiveEnd());
}

/** Opens publish connections over WebSockets. */
export class WebSocketOpener {
  readonly #connections: PublishConnections;
  readonly #webSockets: WebSocketServer;

  /** @param maxFrameBytes most bytes of what one message of a client has */
  constructor(connections: PublishConnections, maxFrameBytes: number) {
    this.#connections = connections;
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      autoPong: false, // a client that sends pings and reads nothing would fill the memory
      perMessageDeflate: false,
      maxPayload: maxFrameBytes,
    });
  }

  /** Take lines from a WebSocket: the request has passed `checkUpgrade`. */
  open(ctx: Context): void {
    ctx.respond = false;
    const { request, socket, head, pieces } = carrierOf(ctx).takeForUpgrade();
    socket.setTimeout(0);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    let connection: PublishConnection | null = null;
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const sink = new WebSocketAnswers(socket, webSocket, pieces);
      const opened = this.#connections.open(ctx, sink, webSocket);
      connection = opened;
      // It was invalid, or too large: the library has said so.
      webSocket.on("error", () => webSocket.terminate());
      webSocket.on("ping", (data) => {
        if (!socket.destroyed && socket.writableLength === 0) webSocket.pong(data);
      });
      webSocket.on("message", (data, isBinary) => {
        if (isBinary) opened.refuse(binaryFrame());
        else opened.receiveLines(data as Buffer);
      });
    });
    if (connection === null) socket.destroy(); // its client has gone
  }
}

function binaryFrame(): ForeverframeError {
  return new ForeverframeError(
    "FF_BODY_INVALID",
    "A binary frame came, so the connection ends: send each line as a text frame",
  );
}
