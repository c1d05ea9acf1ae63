import { ForeverframeError, shorten } from "../errors.ts";

/** Longest channel name and selector, in bytes of UTF-8. */
const MAX_CHANNEL_BYTES = 128;

/** Most selectors of one stream. */
const MAX_SELECTORS = 64;

declare const channelName: unique symbol;

/** The name of a channel that {@link parseChannelName} has checked. */
export type ChannelName = string & { readonly [channelName]: true };

/**
 * What one stream wants: channel names, and patterns where `*` is one segment and a last `**` one
 * or more.
 */
export interface SelectorSet {
  /** The selectors, each once, sorted; equal sets have equal keys. */
  readonly key: string;
  /** The selectors as they were given, each once, sorted. */
  readonly selectors: readonly string[];
  /** Those that name one channel. */
  readonly names: readonly string[];
  /** Those that may match channels which do not exist yet. */
  readonly patterns: readonly string[];
  /** Whether a message of this channel is wanted. */
  matches(channel: string): boolean;
}

/** Matches every channel. */
export const EVERYTHING: SelectorSet = {
  key: "**",
  selectors: ["**"],
  names: [],
  patterns: ["**"],
  matches: () => true,
};

const FORBIDDEN = /[\p{Cc}\p{Surrogate},/]/u;
const WILDCARDS = new Set(["*", "**"]);

/**
 * Why a text is neither a channel name nor a selector, as the end of a sentence; null where it may
 * be one.
 */
function nameFault(text: string): string | null {
  if (text === "") return "is empty";
  if (Buffer.byteLength(text) > MAX_CHANNEL_BYTES)
    return `is longer than ${MAX_CHANNEL_BYTES} bytes`;
  if (FORBIDDEN.test(text)) return 'holds a control character, a "," or a "/"';
  if (text.split(".").includes("")) return "has an empty segment";
  if (text !== text.trim()) return "begins or ends with white space";
  return null;
}

/**
 * Check the name of a channel that is published to or read.
 *
 * @throws ForeverframeError FF_CHANNEL_INVALID
 */
export function parseChannelName(text: string): ChannelName {
  const wildcard = text.split(".").some((segment) => WILDCARDS.has(segment));
  const fault = nameFault(text) ?? (wildcard ? "is a pattern and names no single channel" : null);
  if (fault === null) return text as ChannelName;
  throw new ForeverframeError(
    "FF_CHANNEL_INVALID",
    `The channel "${shorten(text)}" ${fault}: use 1 to ${MAX_CHANNEL_BYTES} bytes such as "doors.north"`,
  );
}

/**
 * Parse a comma-separated list of 1 to `maxSelectors` selectors.
 *
 * @throws ForeverframeError FF_SELECTOR_INVALID
 */
export function parseSelectors(text: string, maxSelectors = MAX_SELECTORS): SelectorSet {
  if (text === "") {
    throw new ForeverframeError(
      "FF_SELECTOR_INVALID",
      '"channels" is missing: give names such as "doors.north" or patterns such as "doors.*", joined by commas',
    );
  }
  const parts = text.split(",").map((part) => part.trim());
  if (parts.length > maxSelectors) {
    throw new ForeverframeError(
      "FF_SELECTOR_INVALID",
      `"channels" has ${parts.length} selectors: give at most ${maxSelectors}, or a pattern such as "doors.*"`,
    );
  }
  for (const part of parts) {
    const fault = selectorFault(part);
    if (fault !== null) {
      throw new ForeverframeError(
        "FF_SELECTOR_INVALID",
        `The selector "${shorten(part)}" in "channels" ${fault}: give names such as "doors.north" or patterns such as "doors.*"`,
      );
    }
  }
  return createSelectorSet(parts);
}

/** The selectors that want these channels, and nothing else. */
export function selectorsOfChannels(names: Iterable<string>): SelectorSet {
  return createSelectorSet([...names]);
}

/** Why a text is not a selector, as the end of a sentence; null if it is one. */
export function selectorFault(text: string): string | null {
  return nameFault(text) ?? patternFault(text);
}

function patternFault(selector: string): string | null {
  return selector.split(".").slice(0, -1).includes("**")
    ? 'has a "**" that is not its last segment'
    : null;
}

const NONE: readonly never[] = [];

function createSelectorSet(given: readonly string[]): SelectorSet {
  const key = [...new Set(given)].sort().join(",");
  // Not the given strings, which would keep the text of the whole request in memory.
  const selectors = key.split(",");
  const isPattern = (selector: string) =>
    selector.split(".").some((segment) => WILDCARDS.has(segment));
  const patterns = selectors.filter(isPattern);
  // Keep this object small: where each client has a channel of its own, there is one per stream.
  if (patterns.length === 0) {
    return {
      key,
      selectors,
      names: selectors,
      patterns: NONE,
      matches: (channel) => selectors.includes(channel),
    };
  }
  const names = selectors.filter((selector) => !isPattern(selector));
  return {
    key,
    selectors,
    names,
    patterns,
    matches(channel) {
      return (
        names.includes(channel) || patterns.some((pattern) => matchesPattern(pattern, channel))
      );
    },
  };
}

const STAR = "*".charCodeAt(0);

/** Segment by segment, but without a list of them, which would be larger than the pattern. */
function matchesPattern(pattern: string, channel: string): boolean {
  let at = 0;
  for (let i = 0; ; i++, at++) {
    const end = segmentEnd(pattern, i);
    if (isWildcard(pattern, i, end)) {
      if (end - i === 2) return true;
      i = end;
      at = segmentEnd(channel, at);
    }
    for (; i < end; i++, at++) if (pattern.charCodeAt(i) !== channel.charCodeAt(at)) return false;
    // The segment of both must end here, and both must have another or none.
    if (at !== channel.length && channel[at] !== ".") return false;
    if (i === pattern.length || at === channel.length)
      return i === pattern.length && at === channel.length;
  }
}

function segmentEnd(text: string, from: number): number {
  const dot = text.indexOf(".", from);
  return dot < 0 ? text.length : dot;
}

function isWildcard(pattern: string, from: number, end: number): boolean {
  if (pattern.charCodeAt(from) !== STAR) return false;
  return end - from === 1 || (end - from === 2 && pattern.charCodeAt(from + 1) === STAR);
}
