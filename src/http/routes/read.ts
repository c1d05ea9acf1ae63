import { once } from "node:events";
import type { Router } from "@koa/router";
import type { Context } from "koa";
import { parseChannelName, parseSelectors } from "../../core/channel-name.ts";
import type { Hub } from "../../core/hub.ts";
import { formatJson } from "../../core/json.ts";
import type { Gap, LogBatch } from "../../core/log.ts";
import { RateLimit } from "../../core/rate-limit.ts";
import { chooseStart, parseAfter, parseSince } from "../../core/start-options.ts";
import type { StartRequest } from "../../core/stream-start.ts";
import { ForeverframeError } from "../../errors.ts";
import type { Authorization } from "../authorization.ts";
import { callerOf } from "../guesses.ts";
import { numberParameter, parameter, pathParameter } from "../parameters.ts";
import { createRouter } from "../router.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

const COMMA = Buffer.from(",");

/**
 * How often one address may ask who has a channel open: each time, all processes look at all of
 * their streams.
 */
const PRESENCE = { perSecond: 20, atOnce: 40 };

/** What the routes need. */
export interface ReadRouteOptions {
  readonly authorization: Authorization;
  /** Monotonic ms. */
  readonly now: () => number;
}

/**
 * GET /channels/:channel/messages?after=&since=&limit=: what the log keeps of one channel, oldest
 * first.
 *
 * 200 `{"messages","cursor","gaps"}`; resume with `after=<cursor>`. 400 FF_CHANNEL_INVALID,
 * FF_CURSOR_INVALID, FF_PARAMETER_INVALID
 *
 * GET /channels/:channel/clients?after=&limit=: the clients that have the channel open now.
 *
 * 200 `{"channel","clients":[...],"total","unnamed"}`: names in order, at most `limit` of those
 * after the name `after`; how many names there are in all; and how many streams have no name. 503
 * FF_WORKER_SILENT, FF_QUESTIONS_TOO_MANY
 */
export function readRoutes(hub: Hub, { authorization, now }: ReadRouteOptions): Router {
  const router = createRouter();
  const presence = new RateLimit(PRESENCE, now);
  router.get("/channels/:channel/messages", async (ctx) => {
    const channel = parseChannelName(pathParameter(ctx, "channel"));
    await authorization.check(ctx, { action: "subscribe", channels: [channel], client: null });
    const limit = numberParameter(ctx, "limit", 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
    const batches = hub.read(parseSelectors(channel), parseStart(ctx), limit);
    const first = await batches.next();
    ctx.type = "application/json";
    ctx.status = 200;
    await sendPieces(ctx, formatBatches(first, batches));
  });

  router.get("/channels/:channel/clients", async (ctx) => {
    const channel = parseChannelName(pathParameter(ctx, "channel"));
    await authorization.check(ctx, { action: "subscribe", channels: [channel], client: null });
    const after = parameter(ctx, "after") ?? "";
    const limit = numberParameter(ctx, "limit", 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
    if (!presence.take(callerOf(ctx.req))) {
      throw new ForeverframeError(
        "FF_QUESTIONS_TOO_MANY",
        `Your address asks for the clients of channels too often: ask at most ${PRESENCE.perSecond} times in a second`,
      );
    }
    const { clients, unnamed } = await hub.insight.clientsOf(channel);
    const page = clients.filter((client) => client > after).slice(0, limit);
    ctx.body = { channel, clients: page, total: clients.length, unnamed };
  });
  return router;
}

function parseStart(ctx: Context): StartRequest {
  const after = parameter(ctx, "after") ?? "";
  const since = parameter(ctx, "since") ?? "";
  if (after === "" && since === "") return { from: "earliest" };
  const options = {
    after: after === "" ? null : () => parseAfter(after),
    since: since === "" ? null : () => parseSince(since),
    last: null,
    each: null,
  };
  return chooseStart(options, { latest: false });
}

type Batches = AsyncGenerator<LogBatch, void>;

/**
 * Send an answer piece by piece, each made when the one before it has been taken: a stream of
 * Node's would hold two.
 */
async function sendPieces(ctx: Context, pieces: AsyncIterable<Buffer>): Promise<void> {
  const { res } = ctx;
  ctx.respond = false;
  if (ctx.method === "HEAD") {
    res.end();
    return;
  }
  const gone = new AbortController();
  res.once("close", () => gone.abort());
  for await (const piece of pieces) {
    if (gone.signal.aborted) return;
    if (!res.write(piece)) await once(res, "drain", gone).catch(() => {});
    // What the next piece is read of may have closed, too.
    if (gone.signal.aborted) return;
  }
  res.end();
}

/** The answer in pieces. */
async function* formatBatches(
  first: IteratorResult<LogBatch, void>,
  others: Batches,
): AsyncGenerator<Buffer> {
  const gaps: Gap[] = [];
  let end = "";
  let before = Buffer.alloc(0);
  yield Buffer.from('{"messages":[');
  for (let next = first; next.done !== true; next = await others.next()) {
    const { messages, cursor, gaps: found } = next.value;
    gaps.push(...found);
    end = `],"cursor":"${cursor}","gaps":${formatJson(gaps)}}`;
    const parts = messages.flatMap(({ json }) => {
      const pair = [before, json];
      before = COMMA;
      return pair;
    });
    if (parts.length > 0) yield Buffer.concat(parts);
  }
  yield Buffer.from(end);
}
