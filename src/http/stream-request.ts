import type { Context } from "koa";
import { parseSelectors } from "../core/channel-name.ts";
import { isClientName, MAX_CLIENT_BYTES } from "../core/client-name.ts";
import { isCursor } from "../core/cursor.ts";
import type { OpenRequest } from "../core/opener.ts";
import { chooseStart, MAX_EACH, MAX_LAST, parseAfter, parseSince } from "../core/start-options.ts";
import type { StartRequest } from "../core/stream-start.ts";
import { ForeverframeError, shorten } from "../errors.ts";
import { cursorOfLastEventId } from "../transports/sse.ts";
import { browserName } from "./browser-name.ts";
import { carrierOf } from "./connection/carriers.ts";
import { addressOf } from "./forwarded.ts";
import { numberParameter, parameter } from "./parameters.ts";

/** What a request for a stream says, whatever carries it. */
export type StreamRequest = Omit<OpenRequest, "encoding" | "connect">;

/**
 * Read the parameters that all transports share.
 *
 * @throws ForeverframeError FF_SELECTOR_INVALID, FF_CURSOR_INVALID, FF_PARAMETER_INVALID
 */
export function parseStreamRequest(ctx: Context, maxSelectors: number): StreamRequest {
  const client = parseClient(ctx);
  const carrier = carrierOf(ctx);
  const latest = numberParameter(ctx, "latest", 0, 1) === 1;
  return {
    selectors: parseSelectors(parameter(ctx, "channels") ?? "", maxSelectors),
    start: parseStart(ctx, latest),
    latest,
    client,
    principal: null,
    takesOverFrom: parseTakeover(ctx, client),
    address: addressOf(ctx.req),
    browser: browserName(ctx.req.headers["user-agent"]),
    expiresInMs: null,
    mayRecycle: true,
    isGone: () => carrier.isGone,
  };
}

/**
 * Let an EventSource resume where it was.
 *
 * @returns the request with its start by `Last-Event-ID`, if it has one; null if the stream was
 *   ended on purpose
 * @throws ForeverframeError FF_PARAMETER_INVALID
 */
export function continueEventSource(ctx: Context, request: StreamRequest): StreamRequest | null {
  // Polyfills can't set a header. The header wins, since a browser sends it of its own.
  const last = ctx.get("last-event-id") || (parameter(ctx, "lastEventId") ?? "");
  if (last === "") return request;
  const cursor = cursorOfLastEventId(last);
  if (cursor === null) return null;
  // Not refused, since an EventSource would give up for good: it may be the id of another server's
  // event.
  const start = isCursor(cursor)
    ? ({ from: "cursor", after: cursor } as const)
    : ({ from: "unknown" } as const);
  return { ...request, start };
}

function parseStart(ctx: Context, latest: boolean): StartRequest {
  const after = parameter(ctx, "after");
  const last = numberParameter(ctx, "last", 0, MAX_LAST);
  const each = numberParameter(ctx, "each", 0, MAX_EACH);
  const since = parameter(ctx, "since");
  const options = {
    after: after === null ? null : () => parseAfter(after),
    last: last === null ? null : () => ({ from: "last", count: last }) as const,
    each: each === null ? null : () => ({ from: "each", count: each }) as const,
    since: since === null ? null : () => parseSince(since),
  };
  return chooseStart(options, { latest });
}

function parseClient(ctx: Context): string | null {
  const client = parameter(ctx, "client");
  if (client === null) return null;
  if (isClientName(client)) return client;
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    `"client" is "${shorten(client)}": give 1 to ${MAX_CLIENT_BYTES} bytes without control characters`,
  );
}

function parseTakeover(ctx: Context, client: string | null): string | null {
  if (numberParameter(ctx, "takeover", 0, 1) !== 1) return null;
  if (client === null) {
    throw new ForeverframeError(
      "FF_PARAMETER_INVALID",
      '"takeover" is given without "client": name the client whose earlier streams should end',
    );
  }
  const earlier = parameter(ctx, "earlier");
  if (earlier !== null) return earlier;
  // Otherwise anybody who knows or guesses a client's name could end its streams with a link.
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    '"takeover" is given without "earlier": give the id of an earlier stream of this client, or leave "takeover" out',
  );
}
