import type { IncomingMessage } from "node:http";
import type { Router } from "@koa/router";
import type { Context } from "koa";
import type { Hub } from "../../core/hub.ts";
import type { Sink } from "../../core/sink.ts";
import { Encoding, TRANSPORTS, type Transport, type TransportName } from "../../core/transport.ts";
import { oneStep } from "../../core/turn-budget.ts";
import { ForeverframeError, shorten } from "../../errors.ts";
import {
  DEFAULT_CALLBACK,
  defaultFrame,
  frameTransport,
  parseFrameCallback,
  postedFrameTransport,
} from "../../transports/frame.ts";
import { ndjsonTransport } from "../../transports/ndjson.ts";
import { pollTransport } from "../../transports/poll.ts";
import { sseTransport } from "../../transports/sse.ts";
import { websocketTransport } from "../../transports/websocket.ts";
import type { Authorization } from "../authorization.ts";
import { carrierOf } from "../connection/carriers.ts";
import { plainFraming } from "../connection/framing.ts";
import { acceptWebSocket, checkUpgrade } from "../connection/upgrades.ts";
import { checkJsonp } from "../jsonp.ts";
import { answerPoll, type PollLimits } from "../long-poll.ts";
import { type AccessOptions, isAllowedOrigin } from "../middleware/access.ts";
import { addParameters, parameter } from "../parameters.ts";
import {
  type BodyReading,
  bodyTooLarge,
  checkHeaders,
  FORM_TYPE,
  readBody,
  textOf,
} from "../read-body.ts";
import { requestedTransport } from "../requested-transport.ts";
import { createRouter } from "../router.ts";
import { continueEventSource, parseStreamRequest, type StreamRequest } from "../stream-request.ts";

/** Most bytes of a poll's parameters as a form: more than a URL may have. */
const MAX_FORM_BYTES = 65_536;

/** What the route keeps to. */
export interface StreamRouteOptions extends PollLimits {
  readonly maxSelectors: number;
  readonly access: AccessOptions;
  readonly authorization: Authorization;
}

/**
 * POST /stream, body: the parameters as a form, or none: a poll; 405 FF_METHOD_NOT_ALLOWED for
 * other transports.
 *
 * GET /stream: opens a stream, and hands its connection over or, as a poll, answers with what it
 * has.
 *
 * 200 and events in the transport asked for, 101 for a WebSocket, 204 for an EventSource whose
 * stream was ended on purpose; 400 FF_SELECTOR_INVALID, FF_CURSOR_INVALID, FF_CALLBACK_INVALID,
 * FF_PARAMETER_INVALID, FF_TRANSPORT_UNKNOWN, FF_REQUEST_INVALID; 403 FF_ORIGIN_REFUSED; 426
 * FF_UPGRADE_REQUIRED; 429 FF_ADDRESS_STREAMS_TOO_MANY, FF_CLIENT_STREAMS_TOO_MANY; 503
 * FF_STREAMS_TOO_MANY, FF_DRAINING, FF_LOG_UNAVAILABLE
 */
export function streamRoutes(hub: Hub, options: StreamRouteOptions, reading: BodyReading): Router {
  const router = createRouter();
  const form = { ...reading, limit: MAX_FORM_BYTES, tooLarge: () => bodyTooLarge(MAX_FORM_BYTES) };

  router.post("/stream", async (ctx) => {
    checkHeaders(ctx);
    if (ctx.is(FORM_TYPE)) {
      const parameters = await readBody(ctx, form, (body) =>
        oneStep(() => (body.length === 0 ? "" : textOf(body))),
      );
      addParameters(ctx, parameters);
    }
    const transport = parseTransport(ctx, options);
    if (transport.name !== "poll") {
      ctx.set("Allow", "GET, HEAD");
      throw new ForeverframeError(
        "FF_METHOD_NOT_ALLOWED",
        "Only a poll may come as POST: use GET, or transport=poll",
      );
    }
    return answerPoll(ctx, hub, await readRequest(ctx, options), options);
  });

  router.get("/stream", async (ctx) => {
    const transport = parseTransport(ctx, options);
    const request = await readRequest(ctx, options);
    if (ctx.method === "HEAD") return answerHead(ctx, transport);
    switch (transport.name) {
      case "poll":
        return answerPoll(ctx, hub, request, options);
      case "ws":
        return openWebSocket(ctx, hub, request);
      case "sse": {
        const continued = continueEventSource(ctx, request);
        if (continued !== null) return openResponse(ctx, hub, transport, continued);
        ctx.status = 204;
        return;
      }
      default:
        return openResponse(ctx, hub, transport, request);
    }
  });
  return router;
}

/** Read what a request for a stream says, and ask whether it is allowed. */
async function readRequest(
  ctx: Context,
  { maxSelectors, authorization }: StreamRouteOptions,
): Promise<StreamRequest> {
  const request = parseStreamRequest(ctx, maxSelectors);
  const { selectors, client } = request;
  const channels = selectors.selectors;
  return {
    ...request,
    ...(await authorization.check(ctx, { action: "subscribe", channels, client })),
  };
}

/** Whether a request asks for a stream. */
export function opensStream({ url = "" }: Pick<IncomingMessage, "url">): boolean {
  return /^\/stream(?:$|\?)/.test(url);
}

/** A stream that is a response without an end. */
async function openResponse(
  ctx: Context,
  hub: Hub,
  transport: Transport,
  request: StreamRequest,
): Promise<void> {
  const carrier = carrierOf(ctx);
  await hub.open({
    ...request,
    encoding: Encoding.of(transport, carrier.framing),
    connect: () => take(ctx, () => carrier.take(transport.contentType)),
  });
}

async function openWebSocket(ctx: Context, hub: Hub, request: StreamRequest): Promise<void> {
  checkUpgrade(ctx);
  await hub.open({
    ...request,
    encoding: Encoding.of(websocketTransport, plainFraming),
    // It can fail only for a stream that ended long ago.
    connect: () =>
      take(ctx, () =>
        acceptWebSocket(
          carrierOf(ctx).takeForUpgrade(),
          (stream) => void hub.control.close(stream, "client").catch(() => {}),
        ),
      ),
  });
}

/** The way out of Koa: the response is the stream's from here on. */
function take(ctx: Context, takeCarrier: () => Sink): Sink {
  ctx.respond = false;
  return takeCarrier();
}

function answerHead(ctx: Context, { contentType }: Transport): void {
  ctx.type = contentType;
  ctx.status = 200;
}

function parseTransport(ctx: Context, options: StreamRouteOptions): Transport {
  const name = requestedTransport(ctx);
  if (!isTransport(name)) {
    throw new ForeverframeError(
      "FF_TRANSPORT_UNKNOWN",
      `The transport "${shorten(name)}" is not known: use one of ${TRANSPORTS.join(", ")}`,
    );
  }
  const callback = parameter(ctx, "callback");
  switch (name) {
    case "frame":
      return parseFrame(ctx, parseFrameCallback(callback ?? DEFAULT_CALLBACK), options.access);
    case "poll":
      if (callback !== null) checkJsonp(ctx, callback, options.jsonp);
      return pollTransport;
    case "sse":
      return sseTransport;
    case "ndjson":
      return ndjsonTransport;
    case "ws":
      return websocketTransport;
  }
}

/** A frame calls its parent, or posts to a parent of another origin, which names itself. */
function parseFrame(ctx: Context, callback: string, access: AccessOptions): Transport {
  const origin = parameter(ctx, "origin");
  if (origin === null)
    return callback === DEFAULT_CALLBACK ? defaultFrame : frameTransport(callback);
  if (isAllowedOrigin(origin, ctx.req, access)) return postedFrameTransport(origin);
  throw new ForeverframeError(
    "FF_ORIGIN_REFUSED",
    `Events may not be posted to a page of "${shorten(origin)}": start the server with --allowed-origins if they should`,
  );
}

function isTransport(name: string): name is TransportName {
  return TRANSPORTS.some((known) => known === name);
}
