import type { Router } from "@koa/router";
import Koa from "koa";
import serveStatic from "koa-static";
import type { Logger } from "pino";
import type { Hub } from "../core/hub.ts";
import type { MemoryBudget } from "../core/memory-budget.ts";
import { ForeverframeError } from "../errors.ts";
import { type AccessOptions, accessMiddleware } from "./middleware/access.ts";
import { errorMiddleware } from "./middleware/errors.ts";
import { publishRateMiddleware } from "./middleware/publish-rate.ts";
import type { BodyLimits } from "./publish-body.ts";
import { adminRoutes } from "./routes/admin.ts";
import { controlRoutes } from "./routes/control.ts";
import { healthRoutes } from "./routes/health.ts";
import { publishRoutes } from "./routes/publish.ts";
import { readRoutes } from "./routes/read.ts";
import { streamRoutes } from "./routes/stream.ts";

/** What the HTTP side is made of. */
export interface AppOptions {
  readonly hub: Hub;
  readonly access: AccessOptions;
  readonly limits: BodyLimits & {
    readonly maxSelectors: number;
    readonly pollKeptMs: number;
    readonly stallMs: number;
    readonly jsonp: boolean;
    readonly publishesPerSecond: number;
  };
  /** Counts bodies that are being read. */
  readonly budget: MemoryBudget;
  readonly adminToken: string;
  /** Directories of pages; where two have the same, the first counts. */
  readonly pages: readonly string[];
  readonly logger: Logger;
}

/** The Koa application: who may call, the routes, the pages. */
export function createApp(options: AppOptions): Koa {
  const { hub, access, limits, adminToken, pages, logger } = options;
  const rate = publishRateMiddleware(limits.publishesPerSecond, () => performance.now());
  const app = new Koa();
  app.on("error", (error: unknown) => {
    if (hasGone(error)) logger.debug({ err: error }, "a client has gone");
    else logger.error({ err: error }, "request failed");
  });
  app.use(errorMiddleware(logger, access, limits.jsonp));
  app.use(framingHeaders(access));
  app.use(accessMiddleware(access));
  const routers = [
    streamRoutes(hub, { ...limits, access }),
    controlRoutes(hub),
    publishRoutes(hub, limits, rate),
    readRoutes(hub),
    adminRoutes(hub, adminToken),
    healthRoutes(hub),
  ];
  for (const router of routers) app.use(router.routes());
  app.use(refuseOtherMethods(routers));
  for (const directory of pages) app.use(serveStatic(directory));
  return app;
}

/** Whether an error says no more than that the other side ended the connection. */
function hasGone(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return code === "ECONNRESET" || code === "EPIPE" || code === "ERR_STREAM_PREMATURE_CLOSE";
}

/** Other sites may not put the pages, or a control frame's button, into frames of theirs. */
function framingHeaders({ origins }: AccessOptions): Koa.Middleware {
  return async (ctx, next) => {
    ctx.set("Content-Security-Policy", ["frame-ancestors 'self'", ...origins].join(" "));
    // The older header knows no list.
    if (origins.length === 0) ctx.set("X-Frame-Options", "SAMEORIGIN");
    await next();
  };
}

function refuseOtherMethods(routers: readonly Router[]): Koa.Middleware {
  return async (ctx, next) => {
    const methods = routers
      .flatMap((router) => router.match(ctx.path, ctx.method).path)
      .flatMap((layer) => layer.methods);
    if (methods.length === 0) return next();
    const allowed = [...new Set(methods)].join(", ");
    ctx.set("Allow", allowed);
    throw new ForeverframeError(
      "FF_METHOD_NOT_ALLOWED",
      `${ctx.method} is not taken at this address: use ${allowed}`,
    );
  };
}
