import { createHash, timingSafeEqual } from "node:crypto";
import type { Router } from "@koa/router";
import type { Context, Middleware } from "koa";
import { parseChannelName } from "../../core/channel-name.ts";
import { isClientName, MAX_CLIENT_BYTES } from "../../core/client-name.ts";
import type { Hub } from "../../core/hub.ts";
import { RateLimit } from "../../core/rate-limit.ts";
import { REVOCATION_KINDS, type Revocation } from "../../core/revocation.ts";
import { ForeverframeError } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { Authorization } from "../authorization.ts";
import { readCloseText } from "../close-text.ts";
import { bearerToken } from "../credentials.ts";
import { callerOf } from "../guesses.ts";
import { numberParameter, parameter, pathParameter } from "../parameters.ts";
import { objectOf, smallBodyMiddleware } from "../read-body.ts";
import { createRouter } from "../router.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

const MAX_REVOCATION_BYTES = 1_024;

/**
 * Wrong tokens of one address: as many at once as somebody may mistype, then one in ten seconds.
 */
const GUESSES = { perSecond: 0.1, atOnce: 10 };

/** What tells an admin from others. */
export interface AdminCheckOptions {
  readonly adminToken: string;
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

/** What the routes need. */
export interface AdminRouteOptions {
  readonly checkAdmin: AdminCheck;
  readonly unixNow: () => number;
}

/**
 * What an admin asks for, with `Authorization: Bearer <admin token>`; otherwise 401
 * FF_ADMIN_REQUIRED, and after several wrong tokens 429 FF_ADMIN_GUESSES.
 *
 * GET /streams?after=&limit=: 200 `{"streams":[...],"total","draining"}`, by handle; `after` is a
 * handle. GET /channels?after=&limit=: 200 `{"channels":[{"channel","messages","last"}]}`, by name;
 * `after` is a name. POST /channels/:channel/close and POST /clients/:client/close, no body or
 * `{"text":"..."}`: 200 `{"closed":<how many>}`, with reason `admin` and this text; 400
 * FF_BODY_INVALID. DELETE /channels/:channel: 200 `{"channel","removed":<how many>}`. POST
 * /revocations, body `{"sub"|"jti"|"client":"...","before":<Unix ms>,"until":<Unix ms>}`: 201
 * `{...,"before","ended"}`: tokens issued until `before` are refused, and their streams ended with
 * `expired`; 400 FF_BODY_INVALID; 503 FF_REVOCATIONS_FULL.
 *
 * What concerns the streams of all workers may be answered 503 FF_WORKER_SILENT.
 */
export function adminRoutes(hub: Hub, { checkAdmin, unixNow }: AdminRouteOptions): Router {
  const router = createRouter();
  const admin: Middleware = async (ctx, next) => {
    await checkAdmin(ctx);
    await next();
  };

  router.get("/streams", admin, async (ctx) => {
    const after = numberParameter(ctx, "after", 0, Number.MAX_SAFE_INTEGER) ?? 0;
    const limit = numberParameter(ctx, "limit", 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
    ctx.body = { ...(await hub.admin.list(after, limit)), draining: hub.draining };
  });

  router.get("/channels", admin, async (ctx) => {
    const limit = numberParameter(ctx, "limit", 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
    ctx.body = { channels: await hub.admin.channels(parameter(ctx, "after") ?? "", limit) };
  });

  router.post("/channels/:channel/close", admin, async (ctx) => {
    const channel = parseChannelName(pathParameter(ctx, "channel"));
    ctx.body = { closed: await hub.admin.closeAll({ channel }, await readCloseText(ctx)) };
  });

  const closeClient = async (ctx: Context, client: string) => {
    ctx.body = { closed: await hub.admin.closeAll({ client }, await readCloseText(ctx)) };
  };
  router.post("/clients/:client/close", admin, (ctx) =>
    closeClient(ctx, pathParameter(ctx, "client")),
  );
  // URL libraries resolve a segment "." or ".." before they send it:
  // https://url.spec.whatwg.org/#path-state
  router.post("/clients/close", admin, (ctx) => closeClient(ctx, "."));
  router.post("/close", admin, (ctx) => closeClient(ctx, ".."));

  router.post("/revocations", admin, smallBodyMiddleware(MAX_REVOCATION_BYTES), async (ctx) => {
    const revocation = parseRevocation(objectOf(ctx), unixNow());
    const { kind, value, before } = revocation;
    const ended = await hub.admin.revoke(revocation);
    ctx.status = 201;
    ctx.body = { [kind]: value, before, ended };
  });

  router.delete("/channels/:channel", admin, async (ctx) => {
    const channel = parseChannelName(pathParameter(ctx, "channel"));
    ctx.body = { channel, removed: await hub.admin.deleteChannel(channel) };
  });

  return router;
}

/** A `before` may be so far ahead, in ms: the clock of who revokes may be. */
const MAX_AHEAD_MS = 60_000;

/** @throws ForeverframeError FF_BODY_INVALID */
function parseRevocation(body: Readonly<Record<string, unknown>>, now: number): Revocation {
  const given = REVOCATION_KINDS.filter((kind) => body[kind] !== undefined);
  const [kind] = given;
  const value = kind === undefined ? undefined : body[kind];
  const { before = now, until = null } = body;
  if (kind === undefined || given.length > 1 || typeof value !== "string" || !isClientName(value)) {
    throw new ForeverframeError(
      "FF_BODY_INVALID",
      `The body does not say whom to revoke: send one of "sub", "jti" and "client" with a name of 1 to ${MAX_CLIENT_BYTES} bytes, such as {"sub":"alice"}`,
    );
  }
  if (!isTime(before) || before > now + MAX_AHEAD_MS) {
    throw new ForeverframeError(
      "FF_BODY_INVALID",
      '"before" is not a time that is over, in Unix ms: leave it out for now',
    );
  }
  if (until !== null && !isTime(until)) {
    throw new ForeverframeError(
      "FF_BODY_INVALID",
      '"until" is not a time in Unix ms: give when the last of the revoked tokens ends, or leave it out',
    );
  }
  return { kind, value, before, until };
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/**
 * A token of this many characters or more can't be guessed, however often one tries: generated ones
 * have 22.
 */
const UNGUESSABLE_CHARACTERS = 20;

/** Make the check that all requests of admins share: wrong tokens are counted together. */
export function createAdminCheck(options: AdminCheckOptions): AdminCheck {
  const { adminToken: token, authorization, logger, now } = options;
  const guesses = new RateLimit(GUESSES, now);
  const wanted = digest(token);
  const isGuessable = token.length < UNGUESSABLE_CHARACTERS;
  return async (ctx) => {
    const address = callerOf(ctx.req);
    const given = bearerToken(ctx.req.headers);
    if (authorization.isAsked && (ctx.get("authorization") === "" || isJwt(given))) {
      const { channel, client = null } = ctx["params"] as { channel?: string; client?: string };
      const channels = channel === undefined ? [] : [channel];
      await authorization.check(ctx, { action: "admin", channels, client });
      return;
    }
    // Compared as hashes, so that the time it takes tells nothing of the token.
    const isRight = given !== null && timingSafeEqual(digest(given), wanted);
    // Behind a proxy everybody has one address: somebody who sends wrong tokens must not shut out
    // the admin.
    if ((isGuessable || !isRight) && !guesses.has(address)) {
      ctx.set("Retry-After", "10");
      throw new ForeverframeError(
        "FF_ADMIN_GUESSES",
        "Too many wrong admin tokens came from your address: wait, then send the one that the server printed at its start",
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
        "This is for admins: send the admin token, which the server printed at its start, as Authorization: Bearer <token>",
      );
    }
  };
}

/** Whether a bearer's token has the form of a JWT; an admin token never has. */
function isJwt(token: string | null): boolean {
  return token !== null && /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
