import type { Router } from "@koa/router";
import { checkUpgrade } from "../connection/upgrades.ts";
import { openOverHttp, WebSocketOpener } from "../publish-connection/open-connection.ts";
import type { PublishConnections } from "../publish-connection/publish-connections.ts";
import { maxLineBytesOf } from "../publish-connection/publish-line.ts";
import {
  bodyIsAbsent,
  checkHeaders,
  earlierBody,
  FORM_TYPE,
  JSON_TYPE,
  TEXT_TYPE,
  unsupportedType,
} from "../read-body.ts";
import { createRouter } from "../router.ts";

/** A body of lines; also as programs call it that don't say what they send. */
const LINES_TYPES = [
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/octet-stream",
  JSON_TYPE,
  TEXT_TYPE,
  FORM_TYPE,
];

/** A frame may have some lines. */
const MORE_FRAME_BYTES = 65_536;

/**
 * POST /publish, body: lines of JSON, without an end if need be; GET /publish: the same by an
 * upgrade to WebSocket, with lines as text frames.
 *
 * 200, and while the body comes a line for each of its lines: `{"id"}`, or
 * `{"error":{"code","status","detail"}}`; 415 FF_BODY_TYPE_UNSUPPORTED,
 * FF_BODY_ENCODING_UNSUPPORTED; 426 FF_UPGRADE_REQUIRED; 503 FF_PUBLISH_CONNECTIONS_TOO_MANY,
 * FF_DRAINING
 */
export function publishConnectionRoutes(
  connections: PublishConnections,
  limits: { readonly maxMessageBytes: number },
): Router {
  const router = createRouter();
  const webSockets = new WebSocketOpener(connections, maxLineBytesOf(limits) + MORE_FRAME_BYTES);

  router.post("/publish", async (ctx) => {
    checkHeaders(ctx);
    const isUntyped = ctx.get("content-type") === "" || bodyIsAbsent(ctx);
    if (!isUntyped && !ctx.is(LINES_TYPES)) throw unsupportedType(ctx, LINES_TYPES);
    const earlier = earlierBody(ctx);
    connections.checkRoom(ctx);
    openOverHttp(ctx, connections, earlier);
  });

  router.get("/publish", async (ctx) => {
    checkUpgrade(ctx);
    connections.checkRoom(ctx);
    webSockets.open(ctx);
  });
  return router;
}
