import { type IncomingMessage, ServerResponse } from "node:http";
import { parse } from "node:querystring";
import type { Duplex } from "node:stream";
import type { Context } from "koa";
import { WebSocketServer } from "ws";
import { ForeverframeError } from "../../errors.ts";
import { MAX_PARAMETERS } from "../parameters.ts";
import { SocketSink } from "../sinks/socket-sink.ts";
import { WebSocketSink } from "../sinks/web-socket-sink.ts";
import type { UpgradedConnection } from "./carrier.ts";

/** TCP keep-alive delay in ms. Finds dead clients when `--heartbeat-ms` is set higher than this. */
export const KEEP_ALIVE_MS = 30_000;

/** Bytes of one message of a client, which has little to say. */
const MAX_CLIENT_MESSAGE_BYTES = 4_096;

const webSockets = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  autoPong: false, // a client that sends pings and reads nothing would fill the memory with answers
  // Shared frames are written as they are; a compressor takes 100 times a stream's memory
  perMessageDeflate: false,
  maxPayload: MAX_CLIENT_MESSAGE_BYTES,
});

/** A request for an upgrade that is being answered. */
interface Upgrade {
  /** What came behind its head. */
  readonly head: Buffer;
  /** Its response has nothing to do with the connection any more. */
  readonly letGo: () => void;
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>();

/**
 * Whether a request asks for a WebSocket of ours.
 *
 * Only WebSocket is spoken here. A request that offers another protocol, as some HTTP libraries do
 * with each (`Upgrade: h2c`), is taken as if it had not:
 * https://www.rfc-editor.org/rfc/rfc9110#section-7.8. So is one that names another transport.
 */
export function isUpgrade({ method, url = "", headers }: IncomingMessage): boolean {
  if (method !== "GET" || headers.upgrade?.toLowerCase() !== "websocket") return false;
  const { transport = "" } = parse(url.slice(url.indexOf("?") + 1), "&", "=", {
    maxKeys: MAX_PARAMETERS,
  });
  return transport === "" || transport === "ws";
}

/**
 * Make the response for a request that asks for an upgrade: it is answered like all others, or ends
 * in `Carrier.upgrade`.
 *
 * @param connection whose parser is gone
 * @param head what came behind the request
 * @throws Error a request before it has not been answered yet
 */
export function createUpgradeResponse(
  request: IncomingMessage,
  connection: Duplex & { destroySoon(): void },
  head: Buffer,
): ServerResponse {
  const response = new ServerResponse(request);
  response.on("error", () => {}); // its connection reports it, too
  response.shouldKeepAlive = false;
  response.assignSocket(connection as never); // a Duplex does, as for the server
  response.once("finish", () => connection.destroySoon());
  // Node's server has let go of the connection, and does not tell the response either.
  const onDrain = () => response.emit("drain");
  connection.on("drain", onDrain);
  upgrades.set(request, { head, letGo: () => connection.off("drain", onDrain) });
  return response;
}

/**
 * Take the connection of a request for an upgrade from its response.
 *
 * @returns what came behind the head
 */
export function takeUpgradeHead(request: IncomingMessage): Buffer {
  const upgrade = upgrades.get(request);
  upgrade?.letGo();
  return upgrade?.head ?? Buffer.alloc(0);
}

/**
 * Check that a request can become a WebSocket.
 *
 * @throws ForeverframeError FF_UPGRADE_REQUIRED, FF_REQUEST_INVALID
 */
export function checkUpgrade(ctx: Context): void {
  const { headers } = ctx.req;
  if (!upgrades.has(ctx.req)) {
    ctx.set({ Upgrade: "websocket", Connection: "Upgrade" });
    throw new ForeverframeError(
      "FF_UPGRADE_REQUIRED",
      'The transport "ws" needs an upgrade to WebSocket: open it with new WebSocket() (an application that mounts Foreverframe calls attach() for it), or use another transport',
    );
  }
  // The library would refuse these without a sentence, and only when the stream is there already.
  const isComplete =
    /^[+/0-9A-Za-z]{22}==$/.test(headers["sec-websocket-key"] ?? "") &&
    // An older one tells its page's origin by another header
    headers["sec-websocket-version"] === "13";
  if (isComplete) return;
  ctx.set("Sec-WebSocket-Version", "13");
  throw new ForeverframeError(
    "FF_REQUEST_INVALID",
    "The request is not a WebSocket handshake of version 13: use a WebSocket library",
  );
}

/**
 * Answer the handshake, and give the connection to a stream.
 *
 * @param close called with the stream's id when its client asks for its end
 */
export function acceptWebSocket(
  { request, socket, head, pieces }: UpgradedConnection,
  close: (stream: string) => void,
): WebSocketSink | SocketSink {
  socket.setTimeout(0);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  let sink: WebSocketSink | null = null;
  webSockets.handleUpgrade(request, socket, head, (webSocket) => {
    sink = new WebSocketSink(socket, webSocket, pieces, close);
  });
  if (sink !== null) return sink;
  socket.destroy(); // its client has gone
  return new SocketSink(socket, pieces);
}

/** The head of a request as it came, without its offer to upgrade. */
export function formatHeadWithoutUpgrade({
  method,
  url,
  httpVersion,
  rawHeaders,
}: IncomingMessage): Buffer {
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
