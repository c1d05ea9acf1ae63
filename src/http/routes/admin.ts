import type { Router } from "@koa/router";
import type { Context, Middleware } from "koa";
import { parseChannelName } from "../../core/channel-name.ts";
import { isClientName, MAX_CLIENT_BYTES } from "../../core/client-name.ts";
import type { Hub } from "../../core/hub.ts";
import type { RetentionRules } from "../../core/log.ts";
import { REVOCATION_KINDS, type Revocation } from "../../core/revocation.ts";
import {
  type ListPlace,
  type ListRequest,
  listRequest,
  SORT_KEYS,
  type SortKey,
} from "../../core/stream-list.ts";
import { ForeverframeError, shorten } from "../../errors.ts";
import type { AdminCheck } from "../admin-check.ts";
import { readCloseText } from "../close-text.ts";
import { numberParameter, parameter, pathParameter } from "../parameters.ts";
import { objectOf, smallBodyMiddleware } from "../read-body.ts";
import { createRouter } from "../router.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

const MAX_REVOCATION_BYTES = 1_024;

/** What the routes need. */
export interface AdminRouteOptions {
  readonly checkAdmin: AdminCheck;
  readonly retention: RetentionRules;
  /** Unix ms. */
  readonly unixNow: () => number;
}

/**
 * What an admin asks for, with `Authorization: Bearer <admin token>`; otherwise 401
 * FF_ADMIN_REQUIRED, and after several wrong tokens 429 FF_ADMIN_GUESSES.
 *
 * GET /streams?after=&limit=&sort=&client=&channel=&transport=: 200
 * `{"streams":[...],"total","next","draining"}`, by handle unless `sort` says otherwise; `after` is
 * the `next` of the page before. GET /channels?after=&limit=: 200
 * `{"channels":[{"channel","messages","last","readers","rate","retention"}]}`, by name; `after` is
 * a name. POST /channels/:channel/close and POST /clients/:client/close, no body or
 * `{"text":"..."}`: 200 `{"closed":<how many>}`, with reason `admin` and this text; 400
 * FF_BODY_INVALID. DELETE /channels/:channel: 200 `{"channel","removed":<how many>}`. POST
 * /revocations, body `{"sub"|"jti"|"client":"...","before":<Unix ms>,"until":<Unix ms>}`: 201
 * `{...,"before","ended"}`: tokens issued until `before` are refused, and their streams ended with
 * `expired`; 400 FF_BODY_INVALID; 503 FF_REVOCATIONS_FULL.
 *
 * What concerns the streams of all workers may be answered 503 FF_WORKER_SILENT.
 */
export function adminRoutes(
  hub: Hub,
  { checkAdmin, retention, unixNow }: AdminRouteOptions,
): Router {
  const router = createRouter();
  const admin: Middleware = async (ctx, next) => {
    await checkAdmin(ctx);
    await next();
  };

  router.get("/streams", admin, async (ctx) => {
    const { streams, total, next } = await hub.admin.list(parseListRequest(ctx));
    const place = next === null ? null : formatPlace(next);
    ctx.body = { streams, total, next: place, draining: hub.draining };
  });

  router.get("/channels", admin, async (ctx) => {
    const limit = numberParameter(ctx, "limit", 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
    const channels = await hub.admin.channels(parameter(ctx, "after") ?? "", limit);
    const use = await hub.insight.useOf(channels.map(({ channel }) => channel));
    ctx.body = {
      channels: channels.map((summary, index) => ({
        ...summary,
        ...use[index],
        retention: retention.of(summary.channel),
      })),
    };
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

/** A place in a sorted listing, as `next` gives it. */
const PLACE = /^(-?\d{1,16}):(\d{1,16})$/;

function formatPlace({ rank, handle }: ListPlace): string {
  return rank === handle ? String(handle) : `${rank}:${handle}`;
}

/** @throws ForeverframeError FF_PARAMETER_INVALID */
function parseListRequest(ctx: Context): ListRequest {
  const sort = parameter(ctx, "sort") ?? "handle";
  if (!isSortKey(sort)) {
    throw new ForeverframeError(
      "FF_PARAMETER_INVALID",
      `"sort" is "${shorten(sort)}": use one of ${SORT_KEYS.join(", ")}`,
    );
  }
  const [, rank, handle] = PLACE.exec(parameter(ctx, "after") ?? "") ?? [];
  const limit = numberParameter(ctx, "limit", 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
  const other = {
    sort,
    client: parameter(ctx, "client"),
    channel: parameter(ctx, "channel"),
    transport: parameter(ctx, "transport"),
  };
  if (rank !== undefined && handle !== undefined) {
    const after = { rank: Number(rank), handle: Number(handle) };
    return listRequest(0, limit, { ...other, after });
  }
  const after = numberParameter(ctx, "after", 0, Number.MAX_SAFE_INTEGER) ?? 0;
  return listRequest(after, limit, other);
}

function isSortKey(text: string): text is SortKey {
  return SORT_KEYS.some((key) => key === text);
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
