import type { Context } from "koa";

/**
 * The content type of a JSON answer: plain text for a browser that is to show it, in a window or a
 * frame, since for any other type it would offer a download (IE) or show an error page of its own
 * (Firefox). IE before 9 is known by the images that it takes.
 *
 * @param type for everything else
 */
export function jsonTypeFor(ctx: Context, type: string): string {
  return /text\/html|image\/gif/.test(ctx.get("accept")) ? "text/plain; charset=utf-8" : type;
}
