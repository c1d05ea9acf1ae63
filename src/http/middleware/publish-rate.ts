import type { Middleware } from "koa";
import { ForeverframeError } from "../../errors.ts";
import { addressOf } from "../forwarded.ts";
import { RateLimit } from "../rate-limit.ts";

/**
 * Let each address publish this many times a second, and this many at once; 0 for no limit.
 *
 * @param now monotonic ms
 */
export function publishRateMiddleware(perSecond: number, now: () => number): Middleware {
  const limit = new RateLimit({ perSecond, atOnce: perSecond }, now);
  return async (ctx, next) => {
    if (perSecond > 0 && !limit.take(addressOf(ctx.req) ?? "")) {
      ctx.set("Retry-After", "1");
      throw new ForeverframeError(
        "FF_PUBLISH_RATE",
        `More than ${perSecond} publishes came from your address in a second: publish in batches, or raise --publishes-per-second`,
      );
    }
    await next();
  };
}
