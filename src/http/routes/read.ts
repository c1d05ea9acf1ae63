import { Router } from "@koa/router";
import { parseChannelName, parseSelectors } from "../../core/channel-name.ts";
import { parseCursor } from "../../core/cursor.ts";
import type { Hub } from "../../core/hub.ts";
import { formatJson } from "../../core/json.ts";
import { EXACT } from "../exact.ts";
import { STREAM_HEADERS } from "../hand-over.ts";
import { numberParameter, parameter, pathParameter } from "../parameters.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

/**
 * GET /channels/:channel/messages?after=&limit=: what the log keeps of one channel, oldest first.
 *
 * 200 `{"messages","cursor","gaps"}`; go on with `after=<cursor>`. 400 FF_CHANNEL_INVALID, FF_CURSOR_INVALID,
 * FF_PARAMETER_INVALID
 */
export function readRoutes(hub: Hub): Router {
  const router = new Router(EXACT);
  router.get("/channels/:channel/messages", async (ctx) => {
    const channel = parseChannelName(pathParameter(ctx, "channel"));
    const after = parameter(ctx, "after");
    const limit = numberParameter(ctx, "limit", 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
    const cursor = after === null || after === "earliest" ? null : parseCursor(after);
    const batch = await hub.read(parseSelectors(channel), cursor, limit);
    const messages = batch.messages.map(({ json }) => json.toString()).join(",");
    ctx.set(STREAM_HEADERS);
    ctx.type = "application/json";
    ctx.body = `{"messages":[${messages}],"cursor":"${batch.cursor}","gaps":${formatJson(batch.gaps)}}`;
  });
  return router;
}
