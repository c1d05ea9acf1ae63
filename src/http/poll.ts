import type { Context } from "koa";
import { errorEvent } from "../core/events.ts";
import type { Hub } from "../core/hub.ts";
import type { Receipt } from "../core/receipts.ts";
import type { Sink } from "../core/sink.ts";
import { Encoding } from "../core/transport.ts";
import { ForeverframeError } from "../errors.ts";
import { isCallback, parseCallback } from "../transports/frame.ts";
import { PollAnswer, pollTransport } from "../transports/poll.ts";
import { plainFraming } from "./connection/framing.ts";
import { STREAM_HEADERS } from "./connection/hand-over.ts";
import { HttpConnection } from "./connection/http-connection.ts";
import { tellsItsSource } from "./middleware/access.ts";
import { numberParameter, parameter, queryOf } from "./parameters.ts";
import { PollSink } from "./sinks/poll-sink.ts";
import type { StreamRequest } from "./stream-request.ts";

/** Longest wait of a poll, in s, and the one of a poll that gives none. */
const MAX_WAIT_S = 60;
const DEFAULT_WAIT_S = 25;

const SCRIPT_TYPE = "application/javascript; charset=utf-8";

/** What polls keep to. */
export interface PollLimits {
  readonly pollKeptMs: number;
  readonly jsonp: boolean;
}

/** The bytes of an answer; null when nobody waits for it any more. */
type Answer = readonly Buffer[] | null;

/**
 * Answer a poll when there is something for it, when its wait is over, or when its stream ends.
 *
 * @throws ForeverframeError FF_PARAMETER_INVALID, and what `Opener.open` throws
 */
export async function answerPoll(
  ctx: Context,
  hub: Hub,
  request: StreamRequest,
  limits: PollLimits,
): Promise<void> {
  const waitMs = 1_000 * (numberParameter(ctx, "wait", 0, MAX_WAIT_S) ?? DEFAULT_WAIT_S);
  const stream = parameter(ctx, "stream") ?? "";
  const answer = await new Promise<Answer>((resolve, reject) => {
    const begin = (sink: PollSink) => {
      sink.wait(waitMs, resolve);
      const connection = HttpConnection.of(ctx.req);
      const abandon = () => {
        sink.abandon(resolve);
        resolve(null);
      };
      const abandonAndCut = () => connection.destroy();
      // A client that ends its half has gone: it would wait for a minute otherwise.
      connection.once("halfClosed", abandonAndCut);
      ctx.res.once("close", () => {
        connection.off("halfClosed", abandonAndCut);
        abandon();
      });
      if (connection.isGone) {
        abandon();
        connection.destroy();
      }
      return sink;
    };
    const goOn = async () => {
      const encoding = Encoding.of(pollTransport, plainFraming);
      const connect = () => begin(new PollSink(limits.pollKeptMs));
      const isPoll = (sink: Sink) => sink instanceof PollSink && begin(sink) === sink;
      const ended = await hub.poll(stream, { ...request, encoding, connect }, isPoll);
      if (ended !== null) resolve(formatEnded(ended));
    };
    goOn().catch(reject);
  });
  ctx.respond = false;
  if (answer !== null) send(ctx, answer, limits);
}

/** Its stream has ended on purpose: the client hears the same as often as it asks. */
function formatEnded({ stream, reason, cursor }: Receipt): readonly Buffer[] {
  const answer = new PollAnswer();
  answer.end(reason, 1);
  return answer.format(stream, cursor);
}

/** Not by Koa, which would copy the pieces into one body for each of the polls that share them. */
function send(ctx: Context, answer: readonly Buffer[], { jsonp }: PollLimits): void {
  const { res } = ctx;
  const callback = jsonpCallback(ctx, jsonp);
  const parts =
    callback === null ? answer : [Buffer.from(`/**/${callback}(`), ...answer, Buffer.from(");")];
  res.writeHead(200, {
    ...STREAM_HEADERS,
    "Content-Type": callback === null ? pollTransport.contentType : SCRIPT_TYPE,
    "Content-Length": parts.reduce((sum, { length }) => sum + length, 0),
  });
  res.cork();
  for (const part of parts) res.write(part);
  res.end();
  res.uncork();
}

/**
 * Check that a poll may be one of a script element: it is answered by a call of `callback`, a refusal too.
 *
 * @throws ForeverframeError FF_CALLBACK_INVALID, FF_ORIGIN_REFUSED
 */
export function checkJsonp(ctx: Context, callback: string, jsonp: boolean): void {
  parseCallback(callback);
  if (!jsonp) {
    throw new ForeverframeError(
      "FF_CALLBACK_INVALID",
      "A poll with a callback is JSONP, which is off: leave it out, or start the server with --jsonp",
    );
  }
  if (tellsItsSource(ctx)) return;
  throw new ForeverframeError(
    "FF_ORIGIN_REFUSED",
    "The request does not say which page would read the answer: send a Referer (the page's Referrer-Policy may forbid it), or poll without a callback",
  );
}

/** The function that a poll's answer calls, whatever else is wrong with the request; null if it is to be JSON. */
export function jsonpCallback(ctx: Context, jsonp: boolean): string | null {
  const { transport, callback } = queryOf(ctx);
  const isAsked = jsonp && ctx.path === "/stream" && transport === "poll";
  if (!isAsked || typeof callback !== "string") return null;
  return isCallback(callback) ? callback : null;
}

/** With status 200: a page can't see another one of a script, which would not run either. */
export function answerRefusedJsonp(ctx: Context, callback: string, error: ForeverframeError): void {
  ctx.status = 200;
  ctx.type = SCRIPT_TYPE;
  ctx.body = `/**/${callback}(${errorEvent(error.code, error.message).json});`;
}
