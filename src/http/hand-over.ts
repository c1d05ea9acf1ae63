import type { Context } from "koa";
import type { Framing } from "../core/transport.ts";
import { ForeverframeError } from "../errors.ts";
import type { Connections } from "./connections.ts";
import { chunkedFraming, plainFraming } from "./framing.ts";
import { SocketSink } from "./socket-sink.ts";

/** How the body of this request's response has to be framed. */
export function framingFor(ctx: Context): Framing {
  return ctx.req.httpVersion === "1.0" ? plainFraming : chunkedFraming;
}

/**
 * Check that the connection can be handed over.
 *
 * @throws ForeverframeError FF_STREAM_PIPELINED: an earlier request on it has not been answered
 */
export function checkHandOver(ctx: Context): void {
  if (ctx.res.socket !== null) return;
  throw new ForeverframeError(
    "FF_STREAM_PIPELINED",
    "A stream was asked for behind another request on one connection: open a connection of its own for it",
  );
}

/**
 * The way out of Koa: send the head, then take the connection for a stream.
 *
 * In Node's eyes the exchange ends here, without the terminator that would end it for the client, so that request,
 * response and context can be collected: half of the memory of a stream was theirs. What has to be known:
 * - Node would cut the connection as idle after `keepAliveTimeout`, so its timer is replaced when it has been set. That
 *   is a tick later, when the stream may be full and waiting already.
 * - Node adds a `Keep-Alive` header unless `Connection` is given.
 * - `server.close()` takes the connection for idle and cuts it: a drain closes the server last.
 * - Where the client asked for the connection's end (`Connection: close`, HTTP/1.0) Node ends it with the response, so
 *   there the response stays open until the stream ends.
 */
export function handOver(ctx: Context, contentType: string, connections: Connections): SocketSink {
  const { req, res } = ctx;
  const { socket } = req;
  const chunked = req.httpVersion !== "1.0";
  const staysOpen = chunked && res.shouldKeepAlive;
  ctx.respond = false;
  connections.give(socket);
  socket.setKeepAlive(true, 30_000);
  res.writeHead(200, {
    ...STREAM_HEADERS,
    "Content-Type": contentType,
    Connection: staysOpen ? "keep-alive" : "close",
    ...(chunked ? { "Transfer-Encoding": "chunked" } : {}),
  });
  res.flushHeaders();
  const sink = new SocketSink(socket);
  if (staysOpen) {
    res.chunkedEncoding = false;
    res.end(() => sink.armTimer());
  }
  return sink;
}

/** No answer may be kept, changed or held back on its way. */
export const STREAM_HEADERS = {
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
} as const;
