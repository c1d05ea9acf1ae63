import type { Context } from "koa";
import { RateLimit } from "../core/rate-limit.ts";
import { ForeverframeError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { AdminToken } from "./admin-token.ts";
import type { Authorization } from "./authorization.ts";
import { bearerToken } from "./credentials.ts";
import { callerOf } from "./guesses.ts";

/**
 * Wrong tokens of one address: as many at once as somebody may mistype, then one in ten seconds.
 */
const GUESSES = { perSecond: 0.1, atOnce: 10 };

/** What tells an admin from others. */
export interface AdminCheckOptions {
  readonly adminToken: AdminToken;
  /** Asked about a request without the admin token: it may carry a token that allows `admin`. */
  readonly authorization: Authorization;
  readonly logger: Logger;
  /** Monotonic ms. */
  readonly now: () => number;
}

/**
 * Lets a request pass if an admin sends it.
 *
 * @throws ForeverframeError FF_ADMIN_REQUIRED, FF_ADMIN_GUESSES; what `Authorization.check` throws
 */
export type AdminCheck = (ctx: Context) => Promise<void>;

/** Make the check that all requests of admins share: wrong tokens are counted together. */
export function createAdminCheck(options: AdminCheckOptions): AdminCheck {
  const { adminToken, authorization, logger, now } = options;
  const guesses = new RateLimit(GUESSES, now);
  return async (ctx) => {
    const address = callerOf(ctx.req);
    const given = bearerToken(ctx.req.headers);
    if (authorization.isAsked && (ctx.get("authorization") === "" || isJwt(given))) {
      const { channel, client = null } = ctx["params"] as { channel?: string; client?: string };
      const channels = channel === undefined ? [] : [channel];
      await authorization.check(ctx, { action: "admin", channels, client });
      return;
    }
    const isRight = adminToken.is(given);
    // Behind a proxy everybody has one address: somebody who sends wrong tokens must not shut out
    // the admin.
    if ((adminToken.isGuessable || !isRight) && !guesses.has(address)) {
      ctx.set("Retry-After", "10");
      throw new ForeverframeError(
        "FF_ADMIN_GUESSES",
        "Too many wrong admin tokens came from your address: wait, then send the right one",
      );
    }
    if (isRight) return;
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
  };
}

/** Whether a bearer's token has the form of a JWT; an admin token never has. */
function isJwt(token: string | null): boolean {
  return token !== null && /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token);
}
