import type { Router } from "@koa/router";
import type { Context } from "koa";
import { type Cursor, parseCursor } from "../../core/cursor.ts";
import type { Hub } from "../../core/hub.ts";
import { subjectOf } from "../../core/principal.ts";
import { ForeverframeError, shorten } from "../../errors.ts";
import type { AdminCheck } from "../admin-check.ts";
import type { Authorization } from "../authorization.ts";
import { readCloseText } from "../close-text.ts";
import { formatControlPage, formatReceiptPage, formatUnknownPage } from "../control-pages.ts";
import { bearerToken } from "../credentials.ts";
import type { Guesses } from "../guesses.ts";
import { nonceOf } from "../middleware/policies.ts";
import { numberParameter, parameter, pathParameter } from "../parameters.ts";
import { objectOf, smallBodyMiddleware } from "../read-body.ts";
import { prefers } from "../requested-transport.ts";
import { createRouter } from "../router.ts";

const MAX_ACK_BYTES = 1_024;

/** The number of a stream in listings. The id of a stream always has a dot in it. */
const HANDLE = /^\d{1,15}$/;

/** What the routes need. */
export interface ControlRouteOptions {
  readonly authorization: Authorization;
  readonly checkAdmin: AdminCheck;
  readonly guesses: Guesses;
  /** Unix ms. */
  readonly now: () => number;
}

/**
 * The control frame's requests, on a connection of their own. All may be answered 503
 * FF_WORKER_SILENT.
 *
 * GET /streams/:stream: 200 with the stream's state and what it was given so far,
 * `{"stream","state","cursor","messages", "bytes","acked","openMs"}`, and its `receipt` if it is
 * closed; 404 FF_STREAM_UNKNOWN. With `?echo=1` the stream is given a `cursor` event before, and
 * `echo` says whether it was; 400 FF_PARAMETER_INVALID.
 *
 * POST /streams/:stream/close, any or no body: 200 with the receipt, as JSON, or where `Accept`
 * prefers HTML as a document that calls `parent.controlled(receipt)`; the same again while receipts
 * are kept; 404 FF_STREAM_UNKNOWN. With an admin's token as `Authorization` and the body
 * `{"text":"..."}`, the stream ends with `admin` and this text. With the handle of a listing in
 * place of the id, it is for admins: 200 `{"closed":<0 or 1>}`; 401 FF_ADMIN_REQUIRED; 400
 * FF_BODY_INVALID.
 *
 * POST /streams/:stream/ack, body `{"cursor"}` as JSON (or as text, which is what a beacon sends):
 * 204, the client has handled everything up to there; 400 FF_BODY_INVALID, FF_CURSOR_INVALID; 404
 * FF_STREAM_UNKNOWN.
 *
 * POST /streams/:stream/token, with a token of the same subject that allows what the stream has:
 * 200 `{"stream","expiresInMs"}`, the stream ends with this token instead of the one that opened
 * it; 401 and 403 as when it is opened; 404 FF_STREAM_UNKNOWN.
 *
 * GET /control?stream=: 200 with a page that shows the stream and closes it, without script; 404
 * FF_STREAM_UNKNOWN.
 */
export function controlRoutes(
  hub: Hub,
  { authorization, checkAdmin, guesses, now }: ControlRouteOptions,
): Router {
  const router = createRouter();
  router.use((ctx, next) => {
    guesses.check(ctx.req);
    return next();
  });

  /** The refusal of an id that names no stream, or not one of the caller's. */
  const unknown = (ctx: Context, id: string): ForeverframeError => {
    guesses.note(ctx.req);
    return unknownStream(id);
  };

  /**
   * Somebody else's stream is refused as one that nobody knows would be: nobody is told which ids
   * there are.
   */
  const checkMayClose = async (ctx: Context, id: string): Promise<void> => {
    const owner = await hub.control.ownerOf(id);
    const ask = (client: string | null) =>
      authorization.check(ctx, { action: "close", channels: [], client });
    const client = owner?.client ?? null;
    const grant = await ask(client).catch((error: unknown) => {
      if (client === null || !isForbidden(error)) throw error;
      return null;
    });
    if (grant?.isAdmin) return;
    const isOwn = owner?.subject == null || (grant !== null && owner.subject === subjectOf(grant));
    if (grant !== null && isOwn) return;
    if (grant === null) await ask(null);
    throw unknown(ctx, id);
  };

  /** A stream that belongs to somebody tells nobody else how it is. */
  const checkOwner = async (ctx: Context, id: string): Promise<void> => {
    if (!authorization.isAsked) return;
    const owner = await hub.control.ownerOf(id);
    if (owner?.subject != null) await checkMayClose(ctx, id);
  };

  router.post("/streams/:stream/token", async (ctx) => {
    const id = pathParameter(ctx, "stream");
    if (authorization.isAsked) await checkMayClose(ctx, id);
    const [owner, channels] = [await hub.control.ownerOf(id), await hub.control.selectorsOf(id)];
    if (owner === null || channels === null) throw unknown(ctx, id);
    const { client } = owner;
    const grant = await authorization.check(ctx, { action: "subscribe", channels, client });
    const { principal, expiresInMs } = grant;
    if (subjectOf(grant) !== owner.subject || grant.client !== client) throw unknown(ctx, id);
    const expiresAt = expiresInMs === null ? null : now() + expiresInMs;
    if (!(await hub.control.renew(id, principal, expiresAt))) throw unknown(ctx, id);
    ctx.body = { stream: id, expiresInMs };
  });

  router.get("/streams/:stream", async (ctx) => {
    const id = pathParameter(ctx, "stream");
    await checkOwner(ctx, id);
    const wantsEcho = numberParameter(ctx, "echo", 0, 1) === 1;
    const known = await (wantsEcho ? hub.control.echo(id) : hub.control.state(id));
    if (known === null) throw unknown(ctx, id);
    const { receipt, ...figures } = known;
    ctx.body = { stream: id, ...figures, ...(receipt === null ? {} : { receipt }) };
  });

  router.post("/streams/:stream/close", async (ctx) => {
    const id = pathParameter(ctx, "stream");
    if (HANDLE.test(id)) {
      await checkAdmin(ctx);
      const text = await readCloseText(ctx);
      ctx.body = { closed: await hub.admin.closeAll({ handle: Number(id) }, text) };
      return;
    }
    const text = await adminTextOf(ctx, checkAdmin);
    if (text === null && authorization.isAsked) await checkMayClose(ctx, id);
    const receipt = await hub.control.close(id, text === null ? "client" : "admin", text);
    if (receipt === null) throw unknown(ctx, id);
    if (prefers(ctx, "html", "json")) answerPage(ctx, formatReceiptPage(receipt, nonceOf(ctx)));
    else ctx.body = receipt;
  });

  router.post("/streams/:stream/ack", smallBodyMiddleware(MAX_ACK_BYTES), async (ctx) => {
    const id = pathParameter(ctx, "stream");
    const cursor = parseAck(objectOf(ctx));
    await checkOwner(ctx, id);
    await hub.control.acknowledge(id, cursor);
    ctx.status = 204;
  });

  router.get("/control", async (ctx) => {
    const id = parameter(ctx, "stream") ?? "";
    await checkOwner(ctx, id);
    const known = await hub.control.state(id);
    if (known === null) {
      if (!prefers(ctx, "html", "json")) throw unknown(ctx, id);
      ctx.status = 404;
      answerPage(ctx, formatUnknownPage());
      return;
    }
    answerPage(ctx, formatControlPage(id, known.receipt));
  });

  return router;
}

/**
 * What an admin says with the close of a stream by its id; null for anybody else, whatever the body
 * is. Without a token in a header no body is read, so that none can hold up a client's own close.
 *
 * @throws ForeverframeError FF_ADMIN_GUESSES, FF_AUTH_UNAVAILABLE
 */
async function adminTextOf(ctx: Context, checkAdmin: AdminCheck): Promise<string | null> {
  if (bearerToken(ctx.req.headers) === null) return null;
  try {
    const text = await readCloseText(ctx);
    if (text !== null) await checkAdmin(ctx);
    return text;
  } catch (error) {
    if (error instanceof ForeverframeError && error.status < 429) return null;
    throw error;
  }
}

function parseAck({ cursor }: Readonly<Record<string, unknown>>): Cursor {
  if (typeof cursor === "string") return parseCursor(cursor);
  throw new ForeverframeError(
    "FF_BODY_INVALID",
    'The body is not an object with a "cursor": send {"cursor":"<the id of the last message you have handled>"}',
  );
}

function isForbidden(error: unknown): boolean {
  return error instanceof ForeverframeError && error.code === "FF_FORBIDDEN";
}

function answerPage(ctx: Context, html: string): void {
  // The page's form is posted with an Origin, which "no-referrer" would turn into "null".
  ctx.set("Referrer-Policy", "same-origin");
  ctx.type = "text/html; charset=utf-8";
  ctx.body = html;
}

function unknownStream(id: string): ForeverframeError {
  return new ForeverframeError(
    "FF_STREAM_UNKNOWN",
    id === ""
      ? '"stream" is missing: give the id of a stream, as its "open" event has it'
      : `The stream "${shorten(id)}" is not open, and was not closed a short while ago: nothing is left to do`,
  );
}
