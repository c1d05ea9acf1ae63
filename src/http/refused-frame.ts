import type { Context } from "koa";
import { errorEvent } from "../core/events.ts";
import type { ForeverframeError } from "../errors.ts";
import { defaultFrame } from "../transports/frame.ts";

/** Whether the request is for a display frame, as far as can be told: it may have been refused for just that. */
export function isFrameRequest(ctx: Context): boolean {
  return ctx.method === "GET" && ctx.path === "/stream" && requestedTransport(ctx) === "frame";
}

/** The transport that the request asks for, checked or not: `frame` unless `transport` or `Accept` say otherwise. */
export function requestedTransport(ctx: Context): string {
  const given = ctx.query["transport"];
  if (given !== undefined) return String(given);
  return ctx.get("accept").includes("text/event-stream") ? "sse" : "frame";
}

/**
 * A page can see neither the status nor the body of a frame: so the document says it, always to `parent.push`, since a
 * callback that was refused must not be called.
 */
export function answerRefusedFrame(ctx: Context, error: ForeverframeError): void {
  const event = errorEvent(error.code, error.message);
  const { before, after } = defaultFrame.wrap(event);
  const script = Buffer.concat([before, event.json, after]);
  ctx.type = defaultFrame.contentType;
  ctx.body = Buffer.concat([defaultFrame.preamble(script.length), script, defaultFrame.epilogue]);
}
