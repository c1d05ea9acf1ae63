import type { Router } from "@koa/router";
import type { Hub } from "../../core/hub.ts";
import { ForeverframeError } from "../../errors.ts";
import { createRouter } from "../router.ts";

/**
 * GET /healthz: 200 while the process answers. GET /readyz: 200 while it takes streams and its log
 * takes messages, otherwise 503 FF_DRAINING, FF_LOG_FULL or FF_LOG_UNAVAILABLE.
 */
export function healthRoutes(hub: Hub): Router {
  const router = createRouter();
  router.get("/healthz", (ctx) => {
    ctx.body = { status: "ok" };
  });
  router.get("/readyz", async (ctx) => {
    if (hub.draining)
      throw new ForeverframeError("FF_DRAINING", "This server is stopping: use another one");
    const trouble = await hub.health();
    if (trouble !== null) throw trouble;
    ctx.body = { status: "ready" };
  });
  return router;
}
