import type { Context } from "koa";

/**
 * The type under which JSON is answered: plain text to a browser that is to show it, in a window or
 * a frame, since for any other it would offer a download (IE) or an error page of its own
 * (Firefox). IE before 9 tells by the images that it takes.
 *
 * @param type what everything else is told
 */
export function jsonTypeFor(ctx: Context, type: string): string {
  return /text\/html|image\/gif/.test(ctx.get("accept")) ? "text/plain; charset=utf-8" : type;
}
