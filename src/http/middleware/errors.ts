import { STATUS_CODES } from "node:http";
import type { Context, Middleware } from "koa";
import { isClientName } from "../../core/client-name.ts";
import { copyText } from "../../core/copy-text.ts";
import { ERRORS, type ErrorCode, ForeverframeError } from "../../errors.ts";
import { ANSWER_HEADERS } from "../answer-headers.ts";
import { carrierOf } from "../connection/carriers.ts";
import { bearerToken } from "../credentials.ts";
import { addressOf } from "../forwarded.ts";
import { jsonTypeFor } from "../json-type.ts";
import { answerRefusedJsonp, jsonpCallback } from "../jsonp.ts";
import { queryOf } from "../parameters.ts";
import type { RefusalLog, Refused } from "../refusal-log.ts";
import { answerRefusedEventSource } from "../refused-event-source.ts";
import { answerRefusedFrame } from "../refused-frame.ts";
import { isEventSourceRequest, isFrameRequest } from "../requested-transport.ts";
import type { AccessOptions } from "./access.ts";

/** Seconds after which a client that was refused for a while may try again. */
export const RETRY_AFTER_S = 5;

/**
 * Turn whatever is thrown into one answer: `application/problem+json`, or a document for a frame.
 */
export function errorMiddleware(
  refusals: RefusalLog,
  access: AccessOptions,
  jsonp: boolean,
): Middleware {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.respond !== false && ctx.status === 404 && ctx.body == null) throw unknownRoute(ctx);
    } catch (cause) {
      if (ctx.respond === false) {
        // The response is a stream's already: there is no one to be told but the log.
        refusals.noteFault(cause, "a stream failed after it took its connection");
        carrierOf(ctx).cut();
        return;
      }
      const error = publicError(ctx, cause);
      refusals.note(error, cause, refusedRequest(ctx));
      answer(ctx, error, access, jsonp);
    }
  };
}

function refusedRequest(ctx: Context): Refused {
  // The template of the route that has taken the request, as the router names it
  const { _matchedRoute: route = "none" } = ctx as { _matchedRoute?: unknown };
  const { client } = route === "/stream" ? queryOf(ctx) : {};
  return {
    route: `${ctx.method} ${String(route)}`,
    client: typeof client === "string" && isClientName(client) ? copyText(client) : null,
    address: addressOf(ctx.req),
  };
}

function answer(
  ctx: Context,
  error: ForeverframeError,
  access: AccessOptions,
  jsonp: boolean,
): void {
  ctx.status = error.status;
  ctx.set(ANSWER_HEADERS);
  const challenge = challengeFor(ctx, error.code);
  if (challenge !== null) ctx.set("WWW-Authenticate", challenge);
  const callback = jsonpCallback(ctx, jsonp);
  const later = error.status === 503 || error.status === 429;
  if (later && !ctx.res.hasHeader("Retry-After")) ctx.set("Retry-After", String(RETRY_AFTER_S));
  if (later && isEventSourceRequest(ctx) && !wantsStatus(ctx))
    answerRefusedEventSource(ctx, error, RETRY_AFTER_S * 1_000);
  else if (isFrameRequest(ctx)) answerRefusedFrame(ctx, error, access);
  else if (callback !== null) answerRefusedJsonp(ctx, callback, error);
  else {
    ctx.body = formatProblem(error.code, error.message);
    ctx.type = jsonTypeFor(ctx, "application/problem+json");
  }
}

/** What a refused bearer of a token is told, as RFC 6750 has it; null for other refusals. */
function challengeFor(ctx: Context, code: ErrorCode): string | null {
  switch (code) {
    case "FF_TOKEN_MISSING":
      return "Bearer";
    case "FF_TOKEN_INVALID":
    case "FF_TOKEN_EXPIRED":
    case "FF_TICKET_INVALID":
      return 'Bearer error="invalid_token"';
    case "FF_FORBIDDEN":
      return bearerToken(ctx.req.headers) === null ? null : 'Bearer error="insufficient_scope"';
    default:
      return null;
  }
}

/** Programs that read server-sent events may ask for the status of a refusal. */
function wantsStatus(ctx: Context): boolean {
  return queryOf(ctx)["status"] === "1";
}

/** An RFC 9457 document. */
export function formatProblem(code: ErrorCode, detail: string): string {
  const { status } = ERRORS[code];
  return JSON.stringify({ type: "about:blank", title: STATUS_CODES[status], status, code, detail });
}

function unknownRoute(ctx: Context): ForeverframeError {
  return new ForeverframeError(
    "FF_ROUTE_UNKNOWN",
    `There is nothing at ${ctx.method} ${ctx.path.slice(0, 100)}: docs/protocol.md lists the routes`,
  );
}

/** Only sentences that were written for clients reach them. */
function publicError(ctx: Context, cause: unknown): ForeverframeError {
  if (cause instanceof ForeverframeError) return cause;
  // Libraries' errors about the request are marked so: https://github.com/jshttp/http-errors
  if (cause instanceof Error && "expose" in cause && cause.expose === true) {
    // A request without a body is refused only by the directory of pages: its path leads out of
    // that.
    if (ctx.method === "GET" || ctx.method === "HEAD") return unknownRoute(ctx);
    return new ForeverframeError(
      "FF_REQUEST_INVALID",
      `The request can't be read (${cause.message}): send it again whole`,
    );
  }
  return new ForeverframeError(
    "FF_INTERNAL",
    "Something went wrong in the server, which has logged it: try again later",
  );
}
