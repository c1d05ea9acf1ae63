import type { Socket } from "node:net";
import type { Context } from "koa";
import type { Framing } from "../../core/transport.ts";
import { SocketSink } from "../sinks/socket-sink.ts";
import { chunkedFraming, plainFraming } from "./framing.ts";
import { HttpConnection, isOnlyLineEnds } from "./http-connection.ts";

/** Where heartbeats are rarer, the kernel asks after so many ms whether a silent client is still there. */
export const KEEP_ALIVE_MS = 30_000;

/** Line ends that a client of a stream may send at once. */
const MAX_LINE_ENDS = 16;

/** How the body of this request's response has to be framed. */
export function framingFor(ctx: Context): Framing {
  return ctx.req.httpVersion === "1.0" ? plainFraming : chunkedFraming;
}

/**
 * The way out of Koa: send the head, then take the connection for a stream.
 *
 * In HTTP's eyes the connection ends here, so that request, response, context and parser can be collected, and nobody
 * times it out, keeps it alive or closes it but the stream. It ends with the stream, which the head says: else a proxy would
 * keep it for its next request.
 */
export function handOver(ctx: Context, contentType: string): SocketSink {
  const { req, res } = ctx;
  const connection = HttpConnection.of(req);
  // Of a body that is still to come, of a request behind this one, or of its answer, the stream would know nothing.
  const isAlone = req.complete && connection.isQuiet;
  ctx.respond = false;
  res.writeHead(200, {
    ...STREAM_HEADERS,
    "Content-Type": contentType,
    "Content-Encoding": "identity", // nginx and Caddy leave it alone then, whatever they compress
    Connection: "close",
    ...(req.httpVersion === "1.0" ? {} : { "Transfer-Encoding": "chunked" }),
  });
  res.flushHeaders();
  const socket = connection.takeSocket();
  // Goes nowhere, but to Node the exchange is complete: for one that broke off it makes an Error with a stack, which is a
  // tenth of what a stream takes to open.
  res.once("close", () => connection.destroy());
  res.end();
  const sink = new SocketSink(socket, connection.waitingPieces);
  // A client of a stream has nothing more to say. If it does (a second request on this connection), or ends its side,
  // the stream is over: nobody could answer in the middle of a response that never ends.
  socket.on("data", destroyUnlessLineEnds);
  socket.on("end", destroy);
  if (isAlone) socket.setKeepAlive(true, KEEP_ALIVE_MS);
  else socket.destroy();
  return sink;
}

function destroy(this: Socket): void {
  this.destroy();
}

/**
 * Old clients send an empty line behind a request: https://www.rfc-editor.org/rfc/rfc9112#section-2.2-3. None sends many.
 */
function destroyUnlessLineEnds(this: Socket, bytes: Buffer): void {
  if (bytes.length > MAX_LINE_ENDS || !isOnlyLineEnds(bytes)) this.destroy();
}

/** No answer may be kept, changed or held back on its way. */
export const STREAM_HEADERS = {
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
} as const;
