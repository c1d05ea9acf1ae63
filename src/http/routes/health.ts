import { Router } from "@koa/router";
import { EVERYTHING } from "../../core/channel-name.ts";
import type { Hub } from "../../core/hub.ts";
import { ForeverframeError } from "../../errors.ts";
import { STREAM_HEADERS } from "../connection/hand-over.ts";
import { EXACT } from "../exact.ts";

/**
 * GET /healthz: 200 while the process answers. GET /readyz: 200 while it takes streams and can read its log, else 503
 * FF_DRAINING or FF_LOG_UNAVAILABLE.
 */
export function healthRoutes(hub: Hub): Router {
  const router = new Router(EXACT);
  router.get("/healthz", (ctx) => {
    ctx.set(STREAM_HEADERS);
    ctx.body = { status: "ok" };
  });
  router.get("/readyz", async (ctx) => {
    if (hub.draining)
      throw new ForeverframeError("FF_DRAINING", "This server is stopping: use another one");
    await hub.read(EVERYTHING, null, 1).next();
    ctx.set(STREAM_HEADERS);
    ctx.body = { status: "ready" };
  });
  return router;
}
