import type { Middleware } from "koa";
import { RateLimit } from "../../core/rate-limit.ts";
import { ForeverframeError } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { AdminToken } from "../admin-token.ts";
import type { Authorization } from "../authorization.ts";
import { bearerToken } from "../credentials.ts";
import { callerOf } from "../guesses.ts";

/**
 * Wrong tokens of one address: as many at once as somebody may mistype, then one in ten seconds.
 */
const GUESSES = { perSecond: 0.1, atOnce: 10 };

/** What tells an admin. */
export interface AdminOptions {
  readonly adminToken: AdminToken;
  /** Asked about a request without the admin token: it may carry a token that allows `admin`. */
  readonly authorization: Authorization;
  readonly logger: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
}

/**
 * Let only requests through that carry the admin token, or a token that allows `admin`.
 *
 * @throws ForeverframeError FF_ADMIN_REQUIRED, FF_ADMIN_GUESSES, and what tokens are refused with
 */
export function requireAdmin({
  adminToken: token,
  authorization,
  logger,
  now,
}: AdminOptions): Middleware {
  const guesses = new RateLimit(GUESSES, now);
  return async (ctx, next) => {
    const address = callerOf(ctx.req);
    const given = bearerToken(ctx.req.headers);
    if (authorization.isAsked && (ctx.get("authorization") === "" || isJwt(given))) {
      const { channel, client = null } = ctx["params"] as { channel?: string; client?: string };
      const channels = channel === undefined ? [] : [channel];
      await authorization.check(ctx, { action: "admin", channels, client });
      return next();
    }
    const isRight = token.is(given);
    // Behind a proxy everybody has one address: somebody who sends wrong tokens must not shut out
    // the admin.
    if ((token.isGuessable || !isRight) && !guesses.has(address)) {
      ctx.set("Retry-After", "10");
      throw new ForeverframeError(
        "FF_ADMIN_GUESSES",
        "Too many wrong admin tokens came from your address: wait, then send the right one",
      );
    }
    if (!isRight) {
      if (given !== null) {
        guesses.take(address);
        if (!guesses.has(address))
          logger.warn({ address }, "too many wrong admin tokens: address held off");
      }
      ctx.set("WWW-Authenticate", "Bearer");
      throw new ForeverframeError(
        "FF_ADMIN_REQUIRED",
        "This is for admins: send the admin token as Authorization: Bearer <token>. The server was given it, or says at its start where it is",
      );
    }
    await next();
  };
}

/** Whether a bearer's token has the form of a JWT; an admin token never has. */
function isJwt(token: string | null): boolean {
  return token !== null && /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token);
}
