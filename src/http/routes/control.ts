import type { Router } from "@koa/router";
import type { Context } from "koa";
import { type Cursor, parseCursor } from "../../core/cursor.ts";
import type { Hub } from "../../core/hub.ts";
import { checkJsonText, MAX_DATA_DEPTH } from "../../core/json.ts";
import { ForeverframeError, shorten } from "../../errors.ts";
import type { Authorization } from "../authorization.ts";
import { formatControlPage, formatReceiptPage, formatUnknownPage } from "../control-pages.ts";
import { parameter, pathParameter } from "../parameters.ts";
import { smallBodyMiddleware, textOf } from "../read-body.ts";
import { prefers } from "../requested-transport.ts";
import { createRouter } from "../router.ts";

const MAX_ACK_BYTES = 1_024;

/**
 * The control frame's requests, on a connection of their own. All may be answered 503
 * FF_WORKER_SILENT.
 *
 * GET /streams/:stream: 200 with the stream's state and what it was given so far,
 * `{"stream","state","cursor","messages", "bytes","acked","openMs"}`, and its `receipt` if it is
 * closed; 404 FF_STREAM_UNKNOWN.
 *
 * POST /streams/:stream/close, any or no body: 200 with the receipt, as JSON, or where `Accept`
 * prefers HTML as a document that calls `parent.controlled(receipt)`; the same again while receipts
 * are kept; 404 FF_STREAM_UNKNOWN.
 *
 * POST /streams/:stream/ack, body `{"cursor"}` as JSON (or as text, which is what a beacon sends):
 * 204, the client has handled everything up to there; 400 FF_BODY_INVALID, FF_CURSOR_INVALID; 404
 * FF_STREAM_UNKNOWN.
 *
 * GET /control?stream=: 200 with a page that shows the stream and closes it, without script; 404
 * FF_STREAM_UNKNOWN.
 */
export function controlRoutes(hub: Hub, authorization: Authorization): Router {
  const router = createRouter();

  router.get("/streams/:stream", async (ctx) => {
    const id = pathParameter(ctx, "stream");
    const known = await hub.control.state(id);
    if (known === null) throw unknownStream(id);
    const { receipt, ...figures } = known;
    ctx.body = { stream: id, ...figures, ...(receipt === null ? {} : { receipt }) };
  });

  router.post("/streams/:stream/close", async (ctx) => {
    const id = pathParameter(ctx, "stream");
    if (authorization.isAsked) {
      const client = (await hub.control.ownerOf(id))?.client ?? null;
      await authorization.check(ctx, { action: "close", channels: [], client });
    }
    const receipt = await hub.control.close(id, "client");
    if (receipt === null) throw unknownStream(id);
    if (prefers(ctx, "html", "json")) answerPage(ctx, formatReceiptPage(receipt));
    else ctx.body = receipt;
  });

  router.post("/streams/:stream/ack", smallBodyMiddleware(MAX_ACK_BYTES), async (ctx) => {
    await hub.control.acknowledge(
      pathParameter(ctx, "stream"),
      parseAck(textOf(ctx.request.rawBody)),
    );
    ctx.status = 204;
  });

  router.get("/control", async (ctx) => {
    const id = parameter(ctx, "stream") ?? "";
    const known = await hub.control.state(id);
    if (known === null) {
      if (!prefers(ctx, "html", "json")) throw unknownStream(id);
      ctx.status = 404;
      answerPage(ctx, formatUnknownPage());
      return;
    }
    answerPage(ctx, formatControlPage(id, known.receipt));
  });

  return router;
}

function parseAck(text: string): Cursor {
  const body = checkJsonText(text, "The body", MAX_DATA_DEPTH);
  if (
    typeof body === "object" &&
    body !== null &&
    "cursor" in body &&
    typeof body.cursor === "string"
  ) {
    return parseCursor(body.cursor);
  }
  throw new ForeverframeError(
    "FF_BODY_INVALID",
    'The body is not an object with a "cursor": send {"cursor":"<the id of the last message you have handled>"}',
  );
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
