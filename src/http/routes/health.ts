import type { Router } from "@koa/router";
import type { Alarms } from "../../core/alarms.ts";
import type { Hub } from "../../core/hub.ts";
import { type ErrorCode, ForeverframeError } from "../../errors.ts";
import { parameter } from "../parameters.ts";
import { createRouter } from "../router.ts";

/** The log's tip has to be read within this time, in ms: no probe waits much longer. */
const READ_MS = 1_500;

/** What the routes need. */
export interface HealthRouteOptions {
  readonly alarms: Pick<Alarms, "list">;
}

/**
 * GET /livez, and /healthz: 200 `{"status":"ok"}` while the process answers at all.
 *
 * GET /readyz: 200 `{"status":"ready","publishing":true,"alarms":[{"code","since"}]}` while it
 * takes streams and can give them what its log has. Where it takes no messages, `publishing` is
 * false and `code` and `detail` say why, since there is still something to deliver; with
 * `?publish=1` that is 503. 503 FF_DRAINING while it stops, FF_LOG_UNAVAILABLE where it can't read
 * its log.
 */
export function healthRoutes(hub: Hub, { alarms }: HealthRouteOptions): Router {
  const router = createRouter();
  for (const path of ["/livez", "/healthz"]) {
    router.get(path, (ctx) => {
      ctx.body = { status: "ok" };
    });
  }
  router.get("/readyz", async (ctx) => {
    if (hub.draining)
      throw new ForeverframeError("FF_DRAINING", "This server is stopping: use another one");
    if (!(await canRead(hub))) {
      throw new ForeverframeError(
        "FF_LOG_UNAVAILABLE",
        "This server can't read its log now, so it can't take streams: see the server's log, or use another one",
      );
    }
    const trouble = await hub.health();
    const list = alarms.list().map(({ code, since }) => ({ code, since }));
    if (trouble === null) {
      ctx.body = { status: "ready", publishing: true, alarms: list };
      return;
    }
    const { code } = trouble;
    const detail = describe(code);
    if (parameter(ctx, "publish") === "1") throw new ForeverframeError(code, detail);
    ctx.body = { status: "ready", publishing: false, code, detail, alarms: list };
  });
  return router;
}

/** Whether the newest place of the log can be read: one look-up, however large the log is. */
async function canRead(hub: Hub): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, READ_MS, false);
  });
  const reading = hub.tip().then(
    () => true,
    () => false,
  );
  return Promise.race([reading, late]).finally(() => clearTimeout(timer));
}

/** What a server can't do whose log takes no messages: the log's own words are for a publisher. */
function describe(code: ErrorCode): string {
  const what = "This server delivers what its log has, and takes no new messages";
  return code === "FF_LOG_FULL"
    ? `${what}, because the log or its disk is full: make room, delete a channel, or keep less with --retain-messages`
    : `${what}, because the log can't be written: see the server's log for the cause`;
}
