import type { Context } from "koa";
import { errorEvent } from "../core/events.ts";
import type { ForeverframeError } from "../errors.ts";
import { defaultFrame, postedFrameTransport } from "../transports/frame.ts";
import { isUpgrade } from "./connection/upgrades.ts";
import { type AccessOptions, isAllowedOrigin } from "./middleware/access.ts";

/** Whether the request is for a display frame, as far as can be told: it may have been refused for just that. */
export function isFrameRequest(ctx: Context): boolean {
  return ctx.method === "GET" && ctx.path === "/stream" && requestedTransport(ctx) === "frame";
}

/**
 * The transport that the request asks for, checked or not: `frame` unless `transport`, an upgrade or `Accept` say
 * otherwise.
 */
export function requestedTransport(ctx: Context): string {
  const given = ctx.query["transport"];
  if (given !== undefined) return String(given);
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
  const origin = ctx.query["origin"];
  const isPosted =
    typeof origin === "string" && isAllowedOrigin(origin, ctx.req.headers.host, access);
  const frame = isPosted ? postedFrameTransport(origin) : defaultFrame;
  const event = errorEvent(error.code, error.message);
  const { before, after } = frame.wrap(event);
  const script = Buffer.concat([before, event.json, after]);
  ctx.type = frame.contentType;
  ctx.body = Buffer.concat([frame.preamble(script.length), script, frame.epilogue]);
}
