import type { Router } from "@koa/router";
import type { Context, Middleware } from "koa";
import { isClientName, MAX_CLIENT_BYTES } from "../../core/client-name.ts";
import { parseCursor } from "../../core/cursor.ts";
import type { Hub } from "../../core/hub.ts";
import { ForeverframeError, shorten } from "../../errors.ts";
import type { AdminCheck } from "../admin-check.ts";
import { numberParameter, parameter } from "../parameters.ts";
import { createRouter } from "../router.ts";

/** So many of the streams that ended last, and of the requests refused last, are shown. */
const SHOWN_RECENT = 50;

/** What the routes need. */
export interface OperateRouteOptions {
  readonly checkAdmin: AdminCheck;
  /** Whether everybody may read the metrics. */
  readonly metricsOpen: boolean;
  /** Unix ms. */
  readonly unixNow: () => number;
}

/**
 * What operators look at, with the admin token or a token that allows `admin`.
 *
 * GET /metrics: what the processes of this server do, in Prometheus' text format.
 *
 * GET /stats?since=: 200 `{"at","draining","processes","silent","samples","ended","refused"}`: what
 * all processes on the log are and do, what they did every 10 seconds of the last hour after
 * `since` (Unix ms), the streams that ended last, and the requests that were refused last.
 *
 * GET /explain?client=&id=: 200 with an `Explanation`: why a client got a message, or did not. 400
 * FF_PARAMETER_INVALID, FF_CURSOR_INVALID; 503 FF_WORKER_SILENT, FF_LOG_UNAVAILABLE
 */
export function operateRoutes(
  hub: Hub,
  { checkAdmin, metricsOpen, unixNow }: OperateRouteOptions,
): Router {
  const router = createRouter();

  const admin: Middleware = async (ctx, next) => {
    await checkAdmin(ctx);
    await next();
  };

  const answerMetrics = async (ctx: Context) => {
    const { processes, silent } = await hub.insight.figures();
    // Prometheus asks each server by itself.
    const [here] = processes;
    const own = processes.filter(({ server }) => server === here?.server);
    // Loaded at the first question: many servers are never asked.
    const { formatMetrics } = await import("../metrics.ts");
    const { text, type } = await formatMetrics(own, silent);
    ctx.set("Content-Type", type);
    ctx.body = text;
  };
  if (metricsOpen) router.get("/metrics", answerMetrics);
  else router.get("/metrics", admin, answerMetrics);

  router.get("/stats", admin, async (ctx) => {
    const since = numberParameter(ctx, "since", 0, Number.MAX_SAFE_INTEGER) ?? 0;
    const [{ processes, silent }, samples, recent] = await Promise.all([
      hub.insight.figures(),
      hub.insight.samples(since),
      hub.insight.recent(SHOWN_RECENT),
    ]);
    ctx.body = { at: unixNow(), draining: hub.draining, processes, silent, samples, ...recent };
  });

  router.get("/explain", admin, async (ctx) => {
    const client = parameter(ctx, "client") ?? "";
    if (!isClientName(client)) {
      throw new ForeverframeError(
        "FF_PARAMETER_INVALID",
        `"client" is "${shorten(client)}": give the name of the client, 1 to ${MAX_CLIENT_BYTES} bytes`,
      );
    }
    ctx.body = await hub.insight.explain(client, parseCursor(parameter(ctx, "id") ?? ""));
  });

  return router;
}
