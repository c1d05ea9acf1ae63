import type { IncomingMessage } from "node:http";
import type { Router } from "@koa/router";
import type { Context } from "koa";
import { type ChannelName, parseChannelName } from "../../core/channel-name.ts";
import type { Hub } from "../../core/hub.ts";
import {
  checkJsonText,
  type EscapedJson,
  formatParsedJson,
  MAX_DATA_DEPTH,
} from "../../core/json.ts";
import type { NewMessage } from "../../core/log.ts";
import { subjectOf } from "../../core/principal.ts";
import { withIdempotencyKey } from "../../core/publisher.ts";
import { oneStep } from "../../core/turn-budget.ts";
import { ForeverframeError } from "../../errors.ts";
import type { Authorization, Grant } from "../authorization.ts";
import { jsonTypeFor } from "../json-type.ts";
import { pathParameter } from "../parameters.ts";
import { type BodyLimits, createPublishReader } from "../publish-body.ts";
import type { PublishRate } from "../publish-rate.ts";
import {
  type BodyReading,
  bodyTooLarge,
  checkHeaders,
  JSON_TYPE,
  readBody,
  textOf,
  unsupportedType,
} from "../read-body.ts";
import { createRouter } from "../router.ts";

/**
 * Bytes of a publish to several channels besides its data: for each channel, the longest name with
 * quotes, comma and space; and for the rest.
 */
const BYTES_PER_CHANNEL = 132;
const ENVELOPE_BYTES = 1_024;

/** What the routes keep to. */
export interface PublishRouteOptions extends BodyLimits {
  readonly authorization: Authorization;
  readonly rate: PublishRate;
}

/**
 * POST /channels/:channel/messages, body: JSON, text, form or NDJSON (a batch).
 *
 * 201 `{"id","channel"}`, for a batch `{"ids"}`, once the log has it; 400 FF_CHANNEL_INVALID,
 * FF_BODY_INVALID, FF_IDEMPOTENCY_KEY_INVALID; 413 FF_MESSAGE_TOO_LARGE, FF_BATCH_TOO_LARGE; 415
 * FF_BODY_TYPE_UNSUPPORTED, FF_BODY_ENCODING_UNSUPPORTED; 422 FF_IDEMPOTENCY_CONFLICT; 429
 * FF_PUBLISH_RATE; 503 FF_LOG_FULL, FF_LOG_UNAVAILABLE, FF_PUBLISHES_TOO_MANY,
 * FF_CHANNELS_TOO_MANY, FF_IDEMPOTENCY_FULL
 *
 * POST /messages, body `{"channels":[...],"data":...}`: 201 `{"ids"}`; the same codes.
 *
 * Both: 403 FF_FORBIDDEN
 */
export function publishRoutes(
  hub: Hub,
  { authorization, rate, ...limits }: PublishRouteOptions,
  reading: BodyReading,
): Router {
  const router = createRouter();

  const read = createPublishReader(limits, reading);
  router.post("/channels/:channel/messages", rate.ofAddress, async (ctx) => {
    const channel = parseChannelName(pathParameter(ctx, "channel"));
    const grant = await authorization.check(ctx, {
      action: "publish",
      channels: [channel],
      client: null,
    });
    rate.ofSubject(ctx, subjectOf(grant));
    const { batch, data } = await read(ctx);
    const ids = await publish(
      hub,
      ctx,
      grant,
      data.map((text) => ({ channel, data: text })),
    );
    created(ctx, batch ? { ids } : { id: ids[0], channel });
  });

  const limit =
    limits.maxMessageBytes + limits.maxPublishChannels * BYTES_PER_CHANNEL + ENVELOPE_BYTES;
  const spread = {
    ...reading,
    turns: reading.largeTurns,
    limit,
    tooLarge: () => bodyTooLarge(limit),
  };
  router.post("/messages", rate.ofAddress, async (ctx) => {
    checkHeaders(ctx);
    if (!ctx.is(JSON_TYPE)) throw unsupportedType(ctx, [JSON_TYPE]);
    const { channels, data } = await readBody(ctx, spread, (body) =>
      oneStep(() => parseSpread(textOf(body), limits)),
    );
    const grant = await authorization.check(ctx, { action: "publish", channels, client: null });
    rate.ofSubject(ctx, subjectOf(grant));
    const ids = await publish(
      hub,
      ctx,
      grant,
      channels.map((channel) => ({ channel, data })),
    );
    created(ctx, { ids });
  });

  return router;
}

/**
 * Whether a request is a publish of one message: its answer waits for the disk, and many of them
 * can wait together. A batch can't: while it is parsed, another publish could overtake it.
 */
export function isPublish({ method, url = "", headers }: IncomingMessage): boolean {
  if (method !== "POST" || !/\/messages(?:$|\?)/.test(url)) return false;
  return !/ndjson/i.test(headers["content-type"] ?? "");
}

function publish(
  hub: Hub,
  ctx: Context,
  grant: Grant,
  messages: readonly NewMessage[],
): Promise<readonly string[]> {
  const given = ctx.req.headers["idempotency-key"];
  const key = given === undefined ? null : String(given);
  return hub.publish(withIdempotencyKey(messages, key, subjectOf(grant)));
}

function created(ctx: Context, body: object): void {
  ctx.status = 201;
  ctx.body = JSON.stringify(body);
  ctx.type = jsonTypeFor(ctx, "application/json; charset=utf-8");
}

/** One value for several channels. */
function parseSpread(
  text: string,
  { maxMessageBytes, maxPublishChannels }: BodyLimits,
): { readonly channels: readonly ChannelName[]; readonly data: EscapedJson } {
  // The data is one level deeper than by itself
  const body = checkJsonText(text, "The body", MAX_DATA_DEPTH + 1);
  const wanted =
    'The body is not an object with "channels" and "data": send {"channels":["doors"],"data":1}';
  if (typeof body !== "object" || body === null || !("channels" in body) || !("data" in body)) {
    throw new ForeverframeError("FF_BODY_INVALID", wanted);
  }
  const { channels, data } = body;
  if (
    !Array.isArray(channels) ||
    channels.length === 0 ||
    !channels.every((name) => typeof name === "string")
  ) {
    throw new ForeverframeError("FF_BODY_INVALID", wanted);
  }
  if (channels.length > maxPublishChannels) {
    throw new ForeverframeError(
      "FF_BATCH_TOO_LARGE",
      `The body names more than ${maxPublishChannels} channels: send it in pieces, or raise --max-publish-channels`,
    );
  }
  if (Buffer.byteLength(JSON.stringify(data)) > maxMessageBytes) {
    throw new ForeverframeError(
      "FF_MESSAGE_TOO_LARGE",
      `The data is larger than ${maxMessageBytes} bytes: publish where it can be fetched, or raise --max-message-bytes`,
    );
  }
  return { channels: channels.map((name) => parseChannelName(name)), data: formatParsedJson(data) };
}
