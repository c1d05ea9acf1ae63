import type { Context } from "koa";
import { errorEvent } from "../core/events.ts";
import type { ForeverframeError } from "../errors.ts";
import { defaultFrame, postedFrameTransport } from "../transports/frame.ts";
import { isUpgrade } from "./connection/upgrades.ts";
import { type AccessOptions, isAllowedOrigin } from "./middleware/access.ts";
import { queryOf } from "./parameters.ts";

/**
 * Whether the answer is to be a document, as far as can be told: the request is for a display frame, or a browser is to
 * show what comes, whatever transport was asked for.
 */
export function isFrameRequest(ctx: Context): boolean {
  if (ctx.method !== "GET" || ctx.path !== "/stream") return false;
  return requestedTransport(ctx) === "frame" || ctx.accepts("json", "text/html") === "text/html";
}

/** Whether the request is for server-sent events, as far as can be told. */
export function isEventSourceRequest(ctx: Context): boolean {
  return ctx.method === "GET" && ctx.path === "/stream" && requestedTransport(ctx) === "sse";
}

/**
 * The transport that the request asks for, checked or not: `frame` unless `transport`, an upgrade or `Accept` say
 * otherwise.
 */
export function requestedTransport(ctx: Context): string {
  const given = queryOf(ctx)["transport"];
  if (given !== undefined && given !== "") return String(given);
  if (isUpgrade(ctx.req)) return "ws";
  return ctx.accepts("text/html", "text/event-stream") === "text/event-stream" ? "sse" : "frame";
}

/**
 * A page can see neither the status nor the body of a frame: so the document says it, always to `parent.push`, since a
 * callback that was refused must not be called. To a page of another origin it is posted, if that is allowed.
 */
export function answerRefusedFrame(
  ctx: Context,
  error: ForeverframeError,
  access: AccessOptions,
): void {
  const origin = queryOf(ctx)["origin"];
  const isPosted =
    typeof origin === "string" && isAllowedOrigin(origin, ctx.req.headers.host, access);
  const frame = isPosted ? postedFrameTransport(origin) : defaultFrame;
  const event = errorEvent(error.code, error.message);
  const { before, after } = frame.wrap(event);
  const script = Buffer.concat([before, event.json, after]);
  ctx.type = frame.contentType;
  ctx.body = Buffer.concat([frame.preamble(script.length), script, frame.epilogue]);
}
