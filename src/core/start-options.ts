import { ForeverframeError, shorten } from "../errors.ts";
import { parseCursor } from "./cursor.ts";
import type { StartRequest } from "./stream-start.ts";

/** Most messages that `last` starts with. */
export const MAX_LAST = 1_000;

/** Most messages of each channel that `each` starts with. */
export const MAX_EACH = 100;

/**
 * What may be said of where a stream starts: for each option how it is read, or null where it is
 * not given.
 */
type StartOptions = Readonly<
  Record<"after" | "last" | "each" | "since", (() => StartRequest) | null>
>;

/**
 * The start that is asked for.
 *
 * @param more whether only the newest are wanted of what the stream is behind
 * @throws ForeverframeError FF_PARAMETER_INVALID: what is given contradicts itself; and what
 *   reading it throws
 */
export function chooseStart(
  options: StartOptions,
  { latest }: { readonly latest: boolean },
): StartRequest {
  const given = Object.entries(options).filter(([, read]) => read !== null);
  const [first, second] = given;
  if (second !== undefined) {
    throw new ForeverframeError(
      "FF_PARAMETER_INVALID",
      `"${second[0]}" and "${first?.[0]}" are both given: start with one of "after", "last", "each" and "since"`,
    );
  }
  if (latest && first?.[0] === "each") {
    throw new ForeverframeError(
      "FF_PARAMETER_INVALID",
      '"latest" and "each" are both given: to start with the newest message of each channel and stay so, give "latest" with "after=earliest"',
    );
  }
  return first?.[1]?.() ?? { from: "now" };
}

/**
 * The start after a cursor, or with all that is kept.
 *
 * @param text a cursor or `earliest`
 * @throws ForeverframeError FF_CURSOR_INVALID
 */
export function parseAfter(text: string): StartRequest {
  return text === "earliest" ? { from: "earliest" } : { from: "cursor", after: parseCursor(text) };
}

/** Date, time and zone. A `+` that was not percent-encoded in a query arrives as a space. */
const ISO_TIME =
  /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[ +-]\d\d(?::?\d\d)?)$/i;

const MAX_UNIX_MS = 8_640_000_000_000_000;

/**
 * The start with everything from a time on.
 *
 * @param text Unix ms, or ISO 8601 with a zone
 * @throws ForeverframeError FF_PARAMETER_INVALID
 */
export function parseSince(text: string): StartRequest {
  const unixMs = /^\d{1,16}$/.test(text) ? Number(text) : isoTime(text);
  if (unixMs <= MAX_UNIX_MS) return { from: "since", unixMs };
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    `"since" is "${shorten(text)}": give milliseconds since 1970, or a time with its zone such as 2026-11-28T04:56:03Z`,
  );
}

/** Unix ms; NaN for what is not a time. */
function isoTime(text: string): number {
  const [whole, year, month, day] = ISO_TIME.exec(text) ?? [];
  if (whole === undefined) return Number.NaN;
  // V8 takes the 30th of February for the 2nd of March.
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (date.getUTCDate() !== Number(day)) return Number.NaN;
  const zoned = whole.replace(" ", "+").replace(/([+-]\d\d)$/, "$1:00");
  return Date.parse(zoned.toUpperCase());
}
