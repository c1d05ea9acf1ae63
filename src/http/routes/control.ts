import { Router } from "@koa/router";
import type { Context } from "koa";
import type { Hub } from "../../core/hub.ts";
import { ForeverframeError, shorten } from "../../errors.ts";
import { formatControlPage, formatReceiptPage } from "../control-pages.ts";
import { STREAM_HEADERS } from "../hand-over.ts";
import { parameter, pathParameter } from "../parameters.ts";

/**
 * The control frame's requests, on a connection of their own.
 *
 * POST /streams/:stream/close, any or no body: 200 with the receipt, as JSON, or where `Accept` prefers HTML as a
 * document that calls `parent.controlled(receipt)`; the same again while receipts are kept; 404 FF_STREAM_UNKNOWN.
 *
 * GET /control?stream=: 200 with a page that shows the stream and closes it, without script; 404 FF_STREAM_UNKNOWN.
 */
export function controlRoutes(hub: Hub): Router {
  const router = new Router();

  router.post("/streams/:stream/close", async (ctx) => {
    const id = pathParameter(ctx, "stream");
    const receipt = await hub.close(id, "client");
    if (receipt === null) throw unknownStream(id);
    ctx.set(STREAM_HEADERS);
    if (ctx.accepts("json", "html") === "html") answerPage(ctx, formatReceiptPage(receipt));
    else ctx.body = receipt;
  });

  router.get("/control", async (ctx) => {
    const id = parameter(ctx, "stream") ?? "";
    const { state, receipt } = hub.state(id);
    if (state === "unknown") throw unknownStream(id);
    answerPage(ctx, formatControlPage(id, receipt));
  });

  return router;
}

function answerPage(ctx: Context, html: string): void {
  // The page's form is posted with an Origin, which "no-referrer" would turn into "null".
  ctx.set({ ...STREAM_HEADERS, "Referrer-Policy": "same-origin" });
  ctx.type = "text/html; charset=utf-8";
  ctx.body = html;
}

function unknownStream(id: string): ForeverframeError {
  return new ForeverframeError(
    "FF_STREAM_UNKNOWN",
    `The stream "${shorten(id)}" is not open, and was not closed a short while ago: nothing is left to do`,
  );
}
