import type { ErrorCode } from "../errors.ts";
import { ERRORS } from "../errors.ts";
import { type CloseDetails, type CloseReason, reconnects } from "./close-reason.ts";
import type { Cursor } from "./cursor.ts";
import { formatJson } from "./json.ts";
import type { Gap } from "./log.ts";

/** One event, ready to be framed by a transport. */
export interface StreamEvent {
  readonly type: "open" | "message" | "cursor" | "live" | "gap" | "expiring" | "close" | "error";
  /** Where a client that has handled this event resumes; null if the event moves no cursor. */
  readonly cursor: Cursor | null;
  /** The whole event as escaped JSON on one line, UTF-8. */
  readonly json: Buffer;
  /** Of a `close`: ms after which the client comes back; null where it does not. */
  readonly retryMs?: number | null;
}

/** What the `open` event says besides where the stream starts. */
export interface OpenDetails {
  /** The stream's close URL, relative to the URL that opened it. */
  readonly close: string;
  /**
   * The longest silence on the stream, in ms: a client that hears nothing for longer should ask for
   * the stream's state.
   */
  readonly heartbeatMs: number;
}

/** @param cursor where the stream starts */
export function openEvent(
  stream: string,
  cursor: Cursor,
  { close, heartbeatMs }: OpenDetails,
): StreamEvent {
  return event({ type: "open", stream, cursor, close, heartbeatMs }, cursor);
}

/** There is nothing for the stream up to here. */
export function cursorEvent(cursor: Cursor): StreamEvent {
  return event({ type: "cursor", cursor }, cursor);
}

/** As {@link cursorEvent}, because the client has asked for an event: see `Echoes`. */
export function echoEvent(cursor: Cursor): StreamEvent {
  return event({ type: "cursor", cursor, echo: true }, cursor);
}

/** The stream has been given all that it asked for of what was kept: what follows is new. */
export function liveEvent(cursor: Cursor): StreamEvent {
  return event({ type: "live", cursor }, cursor);
}

/**
 * Messages may be missing. The client's cursor stays where it is, since messages of other channels
 * in that range still follow.
 */
export function gapEvent({ after, upTo, channels, reason }: Gap): StreamEvent {
  return event({ type: "gap", after, upTo, channels, reason }, null);
}

/** What allows the stream ends in `inMs`: if its client does not renew it, the stream ends. */
export function expiringEvent(inMs: number): StreamEvent {
  return event({ type: "expiring", inMs }, null);
}

/** @param cursor the last place that the stream was given */
export function closeEvent(
  reason: CloseReason,
  cursor: Cursor,
  { retryMs = 0, text = null }: CloseDetails,
): StreamEvent {
  const reconnect = reconnects(reason);
  const said = text === null ? {} : { text };
  const body = { type: "close", reason, reconnect, retryMs, cursor, ...said } as const;
  return { ...event(body, cursor), retryMs: reconnect ? retryMs : null };
}

/** @param detail one sentence, with the remedy */
export function errorEvent(code: ErrorCode, detail: string): StreamEvent {
  const { status, reconnect } = ERRORS[code];
  return event({ type: "error", code, status, detail, reconnect }, null);
}

function event(
  body: { readonly type: StreamEvent["type"]; readonly [member: string]: unknown },
  cursor: Cursor | null,
): StreamEvent {
  return { type: body.type, cursor, json: Buffer.from(formatJson(body)) };
}
