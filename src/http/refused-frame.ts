import type { Context } from "koa";
import { errorEvent } from "../core/events.ts";
import type { ForeverframeError } from "../errors.ts";
import { defaultFrame, frameTransport, postedFrameTransport } from "../transports/frame.ts";
import { type AccessOptions, isAllowedOrigin } from "./middleware/access.ts";
import { queryOf } from "./parameters.ts";

/** The callbacks of our own client. */
const CLIENT_CALLBACK = /^parent\.foreverframe\.push\d{0,6}$/;

/**
 * Refuse a frame. A page can see neither its status nor its body, so the document itself says it:
 * to `parent.push`, since a callback that was refused must not be called, or to our own client. To
 * a page of another origin it is posted, if that is allowed.
 */
export function answerRefusedFrame(
  ctx: Context,
  error: ForeverframeError,
  access: AccessOptions,
): void {
  const { origin, callback } = queryOf(ctx);
  const isPosted = typeof origin === "string" && isAllowedOrigin(origin, ctx.req, access);
  const isClient = typeof callback === "string" && CLIENT_CALLBACK.test(callback);
  const own = isClient ? frameTransport(callback) : defaultFrame;
  const frame = isPosted ? postedFrameTransport(origin) : own;
  const event = errorEvent(error.code, error.message);
  const { before, after } = frame.wrap(event);
  const script = Buffer.concat([before, event.json, after]);
  ctx.type = frame.contentType;
  ctx.body = Buffer.concat([frame.preamble(script.length), script, frame.epilogue]);
}
