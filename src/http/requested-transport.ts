import type { Context } from "koa";
import { isUpgrade } from "./connection/upgrades.ts";
import { queryOf } from "./parameters.ts";

/** Longest `Accept` that is read, in characters. */
const MAX_ACCEPT_LENGTH = 1_024;

/**
 * Whether the answer is to be a document, as far as can be told: the request is for a display
 * frame, or a browser is to show what comes, whatever transport was asked for.
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
 * The transport that the request asks for, checked or not: `frame` unless `transport`, an upgrade
 * or `Accept` say otherwise.
 */
export function requestedTransport(ctx: Context): string {
  const given = queryOf(ctx)["transport"];
  if (given !== undefined && given !== "") return String(given);
  if (isUpgrade(ctx.req)) return "ws";
  return prefers(ctx, "text/event-stream", "text/html") ? "sse" : "frame";
}

/** Whether a client would rather have one type than the other. */
export function prefers(ctx: Context, type: string, other: string): boolean {
  // Parsing it takes n * n steps, and no browser sends one this long.
  if (ctx.get("accept").length > MAX_ACCEPT_LENGTH) return false;
  return ctx.accepts(other, type) === type;
}
