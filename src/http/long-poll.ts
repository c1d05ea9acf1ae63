import type { Context } from "koa";
import type { Hub } from "../core/hub.ts";
import type { Sink } from "../core/sink.ts";
import type { Receipt } from "../core/summaries.ts";
import { Encoding } from "../core/transport.ts";
import { PollAnswer, pollTransport } from "../transports/poll.ts";
import { carrierOf } from "./connection/carriers.ts";
import { plainFraming } from "./connection/framing.ts";
import { jsonpCallback, SCRIPT_TYPE } from "./jsonp.ts";
import { numberParameter, parameter } from "./parameters.ts";
import { PollSink } from "./sinks/poll-sink.ts";
import type { StreamRequest } from "./stream-request.ts";

/** Longest wait of a poll, in s, and the one of a poll that gives none. */
const MAX_WAIT_S = 60;
const DEFAULT_WAIT_S = 25;

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
      carrierOf(ctx).onGone(() => {
        sink.abandon(resolve);
        resolve(null);
      });
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
function formatEnded({ stream, reason, cursor, text }: Receipt): readonly Buffer[] {
  const answer = new PollAnswer();
  answer.end(reason, 1, text ?? null);
  return answer.format(stream, cursor);
}

/** Not by Koa, which would copy the pieces into one body for each of the polls that share them. */
function send(ctx: Context, answer: readonly Buffer[], { jsonp }: PollLimits): void {
  const { res } = ctx;
  const callback = jsonpCallback(ctx, jsonp);
  const parts =
    callback === null ? answer : [Buffer.from(`/**/${callback}(`), ...answer, Buffer.from(");")];
  res.writeHead(200, {
    "Content-Type": callback === null ? pollTransport.contentType : SCRIPT_TYPE,
    "Content-Length": parts.reduce((sum, { length }) => sum + length, 0),
  });
  res.cork();
  for (const part of parts) res.write(part);
  res.end();
  res.uncork();
}
