import { Router } from "@koa/router";
import type { Context } from "koa";
import { parseSelectors } from "../../core/channel-name.ts";
import { parseCursor } from "../../core/cursor.ts";
import type { Hub } from "../../core/hub.ts";
import type { StreamStart } from "../../core/stream-start.ts";
import { Encoding, TRANSPORTS, type Transport, type TransportName } from "../../core/transport.ts";
import { ForeverframeError, shorten } from "../../errors.ts";
import {
  DEFAULT_CALLBACK,
  defaultFrame,
  frameTransport,
  parseCallback,
} from "../../transports/frame.ts";
import { ndjsonTransport } from "../../transports/ndjson.ts";
import { EXACT } from "../exact.ts";
import { checkHandOver, framingFor, handOver, STREAM_HEADERS } from "../hand-over.ts";
import { numberParameter, parameter } from "../parameters.ts";
import { requestedTransport } from "../refused-frame.ts";

/** Most messages that `last` starts with. */
const MAX_LAST = 1_000;

/** Longest name of a client, in bytes. */
const MAX_CLIENT_BYTES = 128;

/**
 * GET /stream: opens a stream and hands its connection over.
 *
 * 200 and events in the transport asked for; 400 FF_SELECTOR_INVALID, FF_CURSOR_INVALID, FF_CALLBACK_INVALID,
 * FF_PARAMETER_INVALID, FF_TRANSPORT_UNKNOWN, FF_STREAM_PIPELINED; 429 FF_ADDRESS_STREAMS_TOO_MANY,
 * FF_CLIENT_STREAMS_TOO_MANY; 503 FF_STREAMS_TOO_MANY, FF_DRAINING, FF_LOG_UNAVAILABLE
 */
export function streamRoutes(
  hub: Hub,
  { maxSelectors }: { readonly maxSelectors: number },
): Router {
  const router = new Router(EXACT);
  router.get("/stream", async (ctx) => {
    const transport = parseTransport(ctx);
    const selectors = parseSelectors(parameter(ctx, "channels") ?? "", maxSelectors);
    const start = parseStart(ctx);
    const client = parseClient(ctx);
    const takesOver = parseTakeover(ctx, client);
    if (ctx.method === "HEAD") {
      ctx.set(STREAM_HEADERS);
      ctx.type = transport.contentType;
      ctx.status = 200;
      return;
    }
    checkHandOver(ctx);
    await hub.open({
      selectors,
      start,
      client,
      takesOver,
      address: ctx.req.socket.remoteAddress ?? null,
      encoding: Encoding.of(transport, framingFor(ctx)),
      connect: () => handOver(ctx, transport.contentType),
    });
  });
  return router;
}

function parseTransport(ctx: Context): Transport {
  const name = requestedTransport(ctx);
  const callback = parameter(ctx, "callback");
  if (!isTransport(name)) {
    throw new ForeverframeError(
      "FF_TRANSPORT_UNKNOWN",
      `The transport "${shorten(name)}" is not known: use ${TRANSPORTS.join(" or ")}`,
    );
  }
  const checked = parseCallback(callback ?? DEFAULT_CALLBACK);
  switch (name) {
    case "frame":
      return checked === DEFAULT_CALLBACK ? defaultFrame : frameTransport(checked);
    case "ndjson":
      return ndjsonTransport;
  }
}

function isTransport(name: string): name is TransportName {
  return TRANSPORTS.some((known) => known === name);
}

function parseStart(ctx: Context): StreamStart {
  const after = parameter(ctx, "after");
  const last = numberParameter(ctx, "last", 0, MAX_LAST);
  if (after === null)
    return last === null || last === 0 ? { from: "now" } : { from: "last", count: last };
  if (last !== null) {
    throw new ForeverframeError(
      "FF_PARAMETER_INVALID",
      '"last" and "after" are both given: use "last" for a first page, and "after" to go on from a cursor',
    );
  }
  return after === "earliest"
    ? { from: "earliest" }
    : { from: "cursor", after: parseCursor(after) };
}

function parseClient(ctx: Context): string | null {
  const client = parameter(ctx, "client");
  if (client === null) return null;
  if (client !== "" && Buffer.byteLength(client) <= MAX_CLIENT_BYTES && !/\p{Cc}/u.test(client))
    return client;
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    `"client" is "${shorten(client)}": give 1 to ${MAX_CLIENT_BYTES} bytes without control characters`,
  );
}

function parseTakeover(ctx: Context, client: string | null): boolean {
  const wanted = numberParameter(ctx, "takeover", 0, 1) === 1;
  if (!wanted || client !== null) return wanted;
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    '"takeover" is given without "client": name the client whose earlier streams should end',
  );
}
