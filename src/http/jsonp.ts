import type { Context } from "koa";
import { errorEvent } from "../core/events.ts";
import { ForeverframeError } from "../errors.ts";
import { isCallback, parseCallback } from "../transports/frame.ts";
import { tellsItsSource } from "./middleware/access.ts";
import { queryOf } from "./parameters.ts";

/** The content type of a script. */
export const SCRIPT_TYPE = "application/javascript; charset=utf-8";

/**
 * Check that a poll may be a script element's: its answer is a call of `callback`, even if it is a
 * refusal.
 *
 * @throws ForeverframeError FF_CALLBACK_INVALID, FF_ORIGIN_REFUSED
 */
export function checkJsonp(ctx: Context, callback: string, jsonp: boolean): void {
  parseCallback(callback);
  if (!jsonp) {
    throw new ForeverframeError(
      "FF_CALLBACK_INVALID",
      "A poll with a callback is JSONP, which is off: leave it out, or start the server with --jsonp",
    );
  }
  if (tellsItsSource(ctx.req)) return;
  throw new ForeverframeError(
    "FF_ORIGIN_REFUSED",
    "The request does not say which page would read the answer: send a Referer (the page's Referrer-Policy may forbid it), or poll without a callback",
  );
}

/**
 * The function that a poll's answer calls, whatever else is wrong with the request; null if it is
 * to be JSON.
 */
export function jsonpCallback(ctx: Context, jsonp: boolean): string | null {
  const { transport, callback } = queryOf(ctx);
  const isAsked = jsonp && ctx.path === "/stream" && transport === "poll";
  if (!isAsked || typeof callback !== "string") return null;
  return isCallback(callback) ? callback : null;
}

/**
 * Answer with status 200: with any other, the script would not run, and a page can't see its
 * status.
 */
export function answerRefusedJsonp(ctx: Context, callback: string, error: ForeverframeError): void {
  ctx.status = 200;
  ctx.type = SCRIPT_TYPE;
  ctx.body = `/**/${callback}(${errorEvent(error.code, error.message).json});`;
}
