import type { Middleware } from "koa";
import { ForeverframeError } from "../../errors.ts";

/** Addresses that are counted at once; beyond that the oldest is forgotten, which lets it publish a little more. */
const MAX_ADDRESSES = 100_000;

/**
 * Let each address publish so many times a second, and as many at once; 0 for no limit.
 *
 * A bucket that fills at that rate: https://en.wikipedia.org/wiki/Token_bucket
 *
 * @param now monotonic ms
 */
export function publishRateMiddleware(perSecond: number, now: () => number): Middleware {
  const buckets = new Map<string, { tokens: number; filledAt: number }>();
  return async (ctx, next) => {
    if (perSecond > 0 && !takeToken(ctx.req.socket.remoteAddress ?? "")) {
      ctx.set("Retry-After", "1");
      throw new ForeverframeError(
        "FF_PUBLISH_RATE",
        `More than ${perSecond} publishes came from your address in a second: publish in batches, or raise --publishes-per-second`,
      );
    }
    await next();
  };

  function takeToken(address: string): boolean {
    const time = now();
    const known = buckets.get(address);
    const filled =
      known === undefined
        ? perSecond
        : known.tokens + ((time - known.filledAt) / 1_000) * perSecond;
    const tokens = Math.min(perSecond, filled);
    if (known === undefined && buckets.size >= MAX_ADDRESSES) {
      const [oldest] = buckets.keys();
      if (oldest !== undefined) buckets.delete(oldest);
    }
    buckets.set(address, { tokens: tokens < 1 ? tokens : tokens - 1, filledAt: time });
    return tokens >= 1;
  }
}
