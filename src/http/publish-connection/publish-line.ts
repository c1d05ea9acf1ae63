import { type EscapedJson, memberText, parseParsedText } from "../../core/json.ts";
import { ForeverframeError } from "../../errors.ts";

/** What one line asks for. */
export interface PublishLine {
  /** As it was given: it need not be a channel's name. */
  readonly channel: string;
  readonly data: EscapedJson;
  /** The idempotency key; null for none. */
  readonly key: string | null;
}

/** What a line may have. */
export interface LineLimits {
  /** Bytes of the data, as they were sent. */
  readonly maxMessageBytes: number;
  /** Bytes that may wait for the log. */
  readonly maxPendingBytes: number;
}

/**
 * Bytes of a line besides its data: the names of its members, the longest channel and key with each
 * character as an escape, some white space, and some members that nobody knows.
 */
const ENVELOPE_BYTES = 4_096;

/** The longest line that can be understood, in bytes. */
export function maxLineBytesOf({ maxMessageBytes }: Pick<LineLimits, "maxMessageBytes">): number {
  return maxMessageBytes + ENVELOPE_BYTES;
}

/**
 * The refusal of what is not a line of JSON, after which nothing can be believed of what follows.
 */
export class BrokenLineError extends ForeverframeError {}

/**
 * Parse a line such as `{"channel":"doors","data":{"vid":7},"key":"8f0c"}`. Other members mean
 * nothing.
 *
 * @throws BrokenLineError FF_BODY_INVALID: it is not JSON
 * @throws ForeverframeError FF_BODY_INVALID, FF_MESSAGE_TOO_LARGE, FF_BATCH_TOO_LARGE,
 *   FF_IDEMPOTENCY_KEY_INVALID: only this line is refused
 */
export function parsePublishLine(text: string, limits: LineLimits): PublishLine {
  const line = parseJson(text);
  if (typeof line !== "object" || line === null || Array.isArray(line)) throw notAnObject();
  const { channel, key = null } = line as { readonly channel?: unknown; readonly key?: unknown };
  const sent = memberText(text, "data");
  if (typeof channel !== "string" || sent === null) throw notAnObject();
  checkSent(sent, limits);
  const data = parseParsedText(sent, 'The "data"');
  checkKept(data, limits);
  return { channel, data, key: key === null ? null : parseKey(key) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message.slice(0, 120) : String(error);
    throw new BrokenLineError(
      "FF_BODY_INVALID",
      `The line is not JSON (${reason}), so the connection ends: send one JSON object a line`,
    );
  }
}

function notAnObject(): ForeverframeError {
  return new ForeverframeError(
    "FF_BODY_INVALID",
    'The line is not an object with "channel" and "data": send {"channel":"doors","data":1}',
  );
}

/** @param data as it was sent: escapes that make it longer are ours. */
function checkSent(data: string, { maxMessageBytes }: LineLimits): void {
  // No character takes more than three bytes of UTF-8; counting is for those near the limit.
  if (3 * data.length <= maxMessageBytes || Buffer.byteLength(data) <= maxMessageBytes) return;
  throw new ForeverframeError(
    "FF_MESSAGE_TOO_LARGE",
    `The data is larger than ${maxMessageBytes} bytes: publish where it can be fetched, or raise --max-message-bytes`,
  );
}

/** @param data as it would wait for the log */
function checkKept(data: EscapedJson, { maxPendingBytes }: LineLimits): void {
  if (data.length <= maxPendingBytes) return;
  throw new ForeverframeError(
    "FF_BATCH_TOO_LARGE",
    `One publish of ${data.length} bytes is more than may wait for the log: raise --max-pending-bytes`,
  );
}

/**
 * A key as the header `Idempotency-Key` would have it, so that a publish may be repeated by either:
 * Node takes each byte of a header for a character.
 */
function parseKey(key: unknown): string {
  // A line end in it could make it another publisher's key; all lone surrogates are the same bytes.
  if (typeof key === "string" && !/[\p{Cc}\p{Cs}]/u.test(key))
    return /^[ -~]*$/.test(key) ? key : Buffer.from(key).toString("latin1");
  throw new ForeverframeError(
    "FF_IDEMPOTENCY_KEY_INVALID",
    'The "key" is not text without control characters and lone surrogates: use a string such as a UUID',
  );
}
