import { isUtf8 } from "node:buffer";
import { type ChannelName, parseChannelName } from "../../core/channel-name.ts";
import { ForeverframeError } from "../../errors.ts";
import { publicRefusal } from "./answer-line.ts";
import type { ChannelGrant, ChannelGrants } from "./channel-grants.ts";
import {
  BrokenLineError,
  type LineLimits,
  maxLineBytesOf,
  type PublishLine,
  parsePublishLine,
} from "./publish-line.ts";

const LF = 0x0a;
const OPEN_BRACE = 0x7b;
const BYTE_ORDER_MARK = 0xfeff;

/** A line that may be published. */
export interface TakenLine {
  readonly line: PublishLine;
  /** Null if its channel has to be asked about. */
  readonly grant: ChannelGrant | null;
}

/** Lines that came together. */
export interface TakenLines {
  /** In their order: each line, or why it is refused. */
  readonly lines: readonly (TakenLine | ForeverframeError)[];
  /** Channels that have to be asked about. */
  readonly unknown: ReadonlySet<ChannelName>;
  /** Why nothing behind them can be understood; null if it can. */
  readonly broken: ForeverframeError | null;
}

/** What taking lines depends on. */
export interface TakeLinesOptions {
  readonly limits: LineLimits;
  readonly grants: Pick<ChannelGrants, "get">;
  /** Called for each line. Throws if there are too many in a second. */
  readonly count: () => void;
}

/**
 * Parse lines. Blank ones mean nothing.
 *
 * @param bytes the line end of the last one may be missing
 * @param isFirst whether nothing came before them: then a byte order mark is taken away
 */
export function takeLines(bytes: Buffer, isFirst: boolean, options: TakeLinesOptions): TakenLines {
  // Nobody reads where a line was refused, and to note it is two thirds of a refusal's work.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return takeWithoutTraces(bytes, isFirst, options);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function takeWithoutTraces(bytes: Buffer, isFirst: boolean, options: TakeLinesOptions): TakenLines {
  const { text, isWhole } = decode(bytes);
  const lines: (TakenLine | ForeverframeError)[] = [];
  const unknown = new Set<ChannelName>();
  let broken: ForeverframeError | null = isWhole ? null : notUtf8();
  let start = isFirst && text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0;
  while (start < text.length) {
    const found = text.indexOf("\n", start);
    const end = found < 0 ? text.length : found;
    const line = text.slice(start, end);
    start = end + 1;
    if (line.charCodeAt(0) !== OPEN_BRACE && line.trim() === "") continue;
    try {
      lines.push(takeLine(line, unknown, options));
    } catch (error) {
      if (error instanceof BrokenLineError) {
        broken = error;
        break;
      }
      lines.push(publicRefusal(error));
    }
  }
  return { lines, unknown, broken };
}

function takeLine(
  text: string,
  unknown: Set<ChannelName>,
  { limits, grants, count }: TakeLinesOptions,
): TakenLine | ForeverframeError {
  count();
  const maxBytes = maxLineBytesOf(limits);
  if (3 * text.length > maxBytes && Buffer.byteLength(text) > maxBytes) throw lineTooLong(maxBytes);
  const line = parsePublishLine(text, limits);
  const known = grants.get(line.channel);
  if (known === null) unknown.add(parseChannelName(line.channel));
  return known instanceof ForeverframeError ? known : { line, grant: known };
}

/** The text of whole lines, up to the first that is not UTF-8. */
function decode(bytes: Buffer): { readonly text: string; readonly isWhole: boolean } {
  if (isUtf8(bytes)) return { text: bytes.toString(), isWhole: true };
  let end = 0;
  for (;;) {
    const next = bytes.indexOf(LF, end);
    if (next < 0 || !isUtf8(bytes.subarray(end, next))) break;
    end = next + 1;
  }
  return { text: bytes.toString("utf8", 0, end), isWhole: false };
}

function notUtf8(): ForeverframeError {
  return new ForeverframeError(
    "FF_BODY_INVALID",
    "The line is not UTF-8, so the connection ends: encode it as UTF-8, or publish it as base64",
  );
}

/** The refusal of a line that is too long to be read. */
export function lineTooLong(maxBytes: number): BrokenLineError {
  return new BrokenLineError(
    "FF_MESSAGE_TOO_LARGE",
    `The line is longer than ${maxBytes} bytes, so the connection ends: publish where it can be fetched, or raise --max-message-bytes`,
  );
}
