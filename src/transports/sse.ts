import type { StreamEvent } from "../core/events.ts";
import type { Transport } from "../core/transport.ts";

/**
 * The shortest `retry:` that is sent, in ms. A browser keeps the last one for all later cuts, so
 * one that says "at once" would have it call a server that is down without a pause.
 */
const MIN_RETRY_MS = 1_000;

/** Behind the cursor of a close after which an EventSource must not come back. */
const END = ".end";

const NOTHING = Buffer.alloc(0);
const BLANK_LINE = Buffer.from("\n\n");

/**
 * Server-sent events, for `EventSource`:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * The JSON of an event is one line, so it is one `data:` field, and no publisher can forge another.
 */
export const sseTransport: Transport = {
  name: "sse",
  key: "sse",
  recycles: false,
  contentType: "text/event-stream; charset=utf-8",
  preamble: () => NOTHING,
  wrap: (event) => ({ before: Buffer.from(fieldsOf(event)), after: BLANK_LINE }),
  epilogue: NOTHING,
  heartbeat: Buffer.from(":\n\n"),
};

/**
 * What a `Last-Event-ID` says.
 *
 * @returns the cursor as text, unchecked; null for one that was ended on purpose: 204 stops an
 *   EventSource for good
 */
export function cursorOfLastEventId(text: string): string | null {
  return text.endsWith(END) ? null : text;
}

// `open` and `error` are EventSource's own events, so all but messages have names with a prefix.
function fieldsOf({ type, cursor, retryMs = null }: StreamEvent): string {
  if (type === "message") return `id: ${cursor}\ndata: `;
  const isEnd = type === "close" && retryMs === null;
  const id = cursor === null ? "" : `id: ${cursor}${isEnd ? END : ""}\n`;
  const retry = retryMs === null ? "" : `retry: ${Math.max(retryMs, MIN_RETRY_MS)}\n`;
  return `event: ff-${type}\n${id}${retry}data: `;
}
