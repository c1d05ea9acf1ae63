import type { Context } from "koa";
import { errorEvent } from "../core/events.ts";
import type { ForeverframeError } from "../errors.ts";
import { defaultFrame, postedFrameTransport } from "../transports/frame.ts";
import { isUpgrade } from "./connection/upgrades.ts";
import { type AccessOptions, isAllowedOrigin } from "./middleware/access.ts";
import { queryOf } from "./parameters.ts";

/** Characters of an `Accept` that is read. */
const MAX_ACCEPT_LENGTH = 1_024;

/**
 * Whether the answer is to be a document, as far as can be told: the request is for a display frame, or a browser is to
 * show what comes, whatever transport was asked for.
 */
export function isFrameRequest(ctx: Context): boolean {
  if (ctx.method !== "GET" || ctx.path !== "/stream") return false;
  return requestedTransport(ctx) === "frame" || prefers(ctx, "text/html", "json");
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
  return prefers(ctx, "text/event-stream", "text/html") ? "sse" : "frame";
}

/** Whether a client would rather have one type than the other. */
export function prefers(ctx: Context, type: string, other: string): boolean {
  // What reads it takes n * n steps, and no browser's is as long.
  if (ctx.get("accept").length > MAX_ACCEPT_LENGTH) return false;
  return ctx.accepts(other, type) === type;
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
