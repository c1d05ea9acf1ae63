import type { Context } from "koa";
import { errorEvent } from "../core/events.ts";
import type { ForeverframeError } from "../errors.ts";
import { defaultFrame, postedFrameTransport } from "../transports/frame.ts";
import { type AccessOptions, isAllowedOrigin } from "./middleware/access.ts";
import { queryOf } from "./parameters.ts";

/**
 * Refuse a frame. A page can see neither its status nor its body, so the document itself says it:
 * always to `parent.push`, since a callback that was refused must not be called. To a page of
 * another origin it is posted, if that is allowed.
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
