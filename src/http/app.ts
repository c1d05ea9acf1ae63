import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import type { Router } from "@koa/router";
import Koa from "koa";
import type { Alarms } from "../core/alarms.ts";
import type { Hub } from "../core/hub.ts";
import type { RetentionRules } from "../core/log.ts";
import type { MemoryBudget } from "../core/memory-budget.ts";
import type { Scheduler } from "../core/scheduler.ts";
import { ForeverframeError, shorten } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { createAdminCheck } from "./admin-check.ts";
import type { AdminToken } from "./admin-token.ts";
import type { Authorization } from "./authorization.ts";
import { forwardedMiddleware } from "./forwarded.ts";
import { Guesses, UNKNOWN_STREAMS } from "./guesses.ts";
import { type AccessOptions, accessMiddleware } from "./middleware/access.ts";
import { errorMiddleware } from "./middleware/errors.ts";
import { policyMiddleware } from "./middleware/policies.ts";
import { hasPage, type PageDirectory, pageMiddleware } from "./pages.ts";
import type { BodyLimits } from "./publish-body.ts";
import { PublishConnections } from "./publish-connection/publish-connections.ts";
import { PublishRate } from "./publish-rate.ts";
import type { BodyReading } from "./read-body.ts";
import { RefusalLog } from "./refusal-log.ts";
import { adminRoutes } from "./routes/admin.ts";
import { controlRoutes } from "./routes/control.ts";
import { healthRoutes } from "./routes/health.ts";
import { operateRoutes } from "./routes/operate.ts";
import { publishRoutes } from "./routes/publish.ts";
import { publishConnectionRoutes } from "./routes/publish-connection.ts";
import { readRoutes } from "./routes/read.ts";
import { streamRoutes } from "./routes/stream.ts";
import { ticketRoutes } from "./routes/tickets.ts";

/** What the HTTP side is made of. */
export interface AppOptions {
  readonly hub: Hub;
  readonly access: AccessOptions;
  readonly limits: BodyLimits & {
    readonly maxSelectors: number;
    readonly pollKeptMs: number;
    readonly jsonp: boolean;
    readonly publishesPerSecond: number;
    readonly maxPublishConnections: number;
    readonly maxPendingBytes: number;
    readonly stallMs: number;
  };
  /** Counts answers that clients have not read. */
  readonly unread: MemoryBudget;
  /** Whose word about a request's origin is believed; null for nobody's. */
  readonly proxies: BlockList | null;
  readonly bodies: BodyReading;
  readonly adminToken: AdminToken;
  /** Whether everybody may read the metrics. */
  readonly metricsOpen: boolean;
  readonly retention: RetentionRules;
  readonly authorization: Authorization;
  readonly scheduler: Scheduler;
  readonly alarms: Alarms;
  /** If two directories have the same page, the first counts. */
  readonly pages: readonly PageDirectory[];
  readonly logger: Logger;
}

/** The HTTP side: who may call, the routes, the pages. */
export interface App {
  /**
   * Answer a request. Resolves when it was answered, or a stream has its response. Never rejects.
   */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Whether a route or a page is at the path of a request; other paths would be answered 404. */
  has(request: IncomingMessage): Promise<boolean>;
  /** End the publish connections: see {@link PublishConnections.drain}. */
  drain(deadline: Promise<void>): Promise<void>;
}

/** Make the HTTP side. */
export function createApp(options: AppOptions): App {
  const { hub, access, limits, bodies, adminToken, pages, logger } = options;
  const { authorization, scheduler } = options;
  const { monotonicMs: now, unixMs: unixNow } = scheduler;
  const guesses = new Guesses(UNKNOWN_STREAMS, now);
  const rate = new PublishRate(limits.publishesPerSecond, now);
  const refusals = new RefusalLog({ tally: hub.tally, past: hub.past, logger, scheduler });
  const publishConnections = new PublishConnections({
    ...{ ...limits, hub, authorization, scheduler, rate },
    turns: bodies.turns,
    received: bodies.budget,
    unread: options.unread,
    onFault: (cause) => refusals.noteFault(cause, "a publish connection failed"),
  });
  const app = new Koa();
  app.on("error", (error: unknown) => {
    if (hasGone(error)) logger.debug({ err: error }, "a client has gone");
    else refusals.noteFault(error, "request failed");
  });
  app.use(errorMiddleware(refusals, access, limits.jsonp));
  app.use(refuseBrokenAddress); // what answers any refusal asks for the path
  app.use(forwardedMiddleware(options.proxies));
  app.use(policyMiddleware(access));
  const checkAdmin = createAdminCheck({ adminToken, authorization, logger, now });
  const { retention, metricsOpen } = options;
  // Each is asked in turn: what comes most often is first.
  const routers = [
    publishRoutes(hub, { ...limits, authorization, rate }, bodies),
    streamRoutes(hub, { ...limits, access, authorization }, bodies),
    controlRoutes(hub, { authorization, checkAdmin, guesses, now: unixNow }),
    ticketRoutes(hub, { ...limits, authorization, now: unixNow }),
    publishConnectionRoutes(publishConnections, limits),
    readRoutes(hub, { authorization, now }),
    adminRoutes(hub, { checkAdmin, retention, unixNow }),
    operateRoutes(hub, { checkAdmin, metricsOpen, unixNow }),
    healthRoutes(hub, options),
  ];
  app.use(accessMiddleware(access, (path) => routesAt(routers, path).length > 0));
  app.use(answerServerOptions);
  for (const router of routers) app.use(router.routes());
  app.use(refuseOtherMethods(routers));
  for (const directory of pages) app.use(pageMiddleware(directory, access));
  const handle = app.callback();
  return {
    drain: (deadline) => publishConnections.drain(deadline),
    handle(request, response) {
      // Otherwise the connection would be kept open past the drain.
      if (hub.draining) response.setHeader("Connection", "close");
      return handle(request, response);
    },
    async has({ url = "" }) {
      const [path = ""] = url.split("?", 1);
      return routesAt(routers, path).length > 0 || (await hasPage(pages, path));
    },
  };
}

/**
 * Codes of errors that say that the other side ended the connection: the last one, within a body.
 */
const GONE: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "EPIPE",
  "ERR_HTTP_REQUEST_TIMEOUT",
  "ERR_STREAM_PREMATURE_CLOSE",
  "HPE_INVALID_EOF_STATE",
]);

/** Whether an error says no more than that the other side ended the connection. */
export function hasGone(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return GONE.has(String(code));
}

/** Refuses an address that can't be parsed: Koa throws wherever its path is asked for. */
async function refuseBrokenAddress(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  if (hasPath(ctx)) return next();
  const { url } = ctx;
  ctx.url = "/";
  throw new ForeverframeError(
    "FF_REQUEST_INVALID",
    `The request is for "${shorten(url)}", which is not an address: send a path such as /stream`,
  );
}

function hasPath(ctx: Koa.Context): boolean {
  try {
    return typeof ctx.path === "string";
  } catch {
    return false;
  }
}

/**
 * Answers OPTIONS about the whole server, a load balancer's usual way to see whether it is there.
 */
async function answerServerOptions(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  if (ctx.method !== "OPTIONS" || !/^(?:\*|\/)$/.test(ctx.path)) return next();
  ctx.set("Allow", "GET, HEAD, POST, DELETE, OPTIONS");
  ctx.status = 204;
}

function routesAt(routers: readonly Router[], path: string) {
  const layers = routers.flatMap((router) => router.match(path, "GET").path);
  // Others are middleware of a whole router
  return layers.filter(({ methods }) => methods.length > 0);
}

function refuseOtherMethods(routers: readonly Router[]): Koa.Middleware {
  return async (ctx, next) => {
    const methods = routesAt(routers, ctx.path).flatMap((layer) => layer.methods);
    if (methods.length === 0) return next();
    const allowed = [...new Set(methods)].join(", ");
    ctx.set("Allow", allowed);
    throw new ForeverframeError(
      "FF_METHOD_NOT_ALLOWED",
      `${ctx.method} is not taken at this address: use ${allowed}`,
    );
  };
}
