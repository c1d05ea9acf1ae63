import type { Context } from "koa";
import { errorEvent } from "../core/events.ts";
import type { ForeverframeError } from "../errors.ts";
import { sseTransport } from "../transports/sse.ts";

/**
 * Refuse an EventSource for a while. It gives up for good after any status but 200, so it gets an
 * answer that ends at once, and comes back by itself:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model
 *
 * @param retryMs after how long it should come back
 */
export function answerRefusedEventSource(
  ctx: Context,
  error: ForeverframeError,
  retryMs: number,
): void {
  const event = { ...errorEvent(error.code, error.message), retryMs };
  const { before, after } = sseTransport.wrap(event);
  ctx.status = 200;
  ctx.type = sseTransport.contentType;
  ctx.body = Buffer.concat([before, event.json, after]);
}
