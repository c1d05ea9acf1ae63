import { Server } from "node:net";
import {
  type ChannelName,
  parseChannelName,
  parseSelectors,
  type SelectorSet,
} from "./core/channel-name.ts";
import { isCloseText, MAX_CLOSE_TEXT } from "./core/close-reason.ts";
import { type EscapedJson, parseJsonText } from "./core/json.ts";
import { chooseStart, MAX_EACH, MAX_LAST, parseAfter, parseSince } from "./core/start-options.ts";
import type { StartRequest } from "./core/stream-start.ts";
import { ForeverframeError, show } from "./errors.ts";

/** Entries of a list, by default and at most. */
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

const LOGGER_METHODS = ["debug", "info", "warn", "error"];

// Programs in JavaScript have no compiler that holds them to the types. So what they pass is
// checked, and refused with a sentence instead of a TypeError from somewhere inside.

/** @throws ForeverframeError FF_CHANNEL_INVALID */
export function parseChannel(channel: unknown): ChannelName {
  if (typeof channel === "string") return parseChannelName(channel);
  throw new ForeverframeError(
    "FF_CHANNEL_INVALID",
    `The channel is ${show(channel)}: give a name such as "doors.north"`,
  );
}

/** @throws ForeverframeError FF_SELECTOR_INVALID */
export function parseChannels(channels: unknown, maxSelectors: number): SelectorSet {
  const list: readonly unknown[] = Array.isArray(channels) ? channels : [channels];
  const wrong = list.find((channel) => typeof channel !== "string");
  if (list.every((channel) => typeof channel === "string"))
    return parseSelectors(list.join(","), maxSelectors);
  throw new ForeverframeError(
    "FF_SELECTOR_INVALID",
    `One of the channels is ${show(wrong)}: give names such as "doors.north" or patterns such as "doors.*"`,
  );
}

/** @throws ForeverframeError FF_BODY_INVALID, FF_MESSAGE_TOO_LARGE */
export function formatData(data: unknown, maxMessageBytes: number): EscapedJson {
  const json = stringify(data);
  if (Buffer.byteLength(json) <= maxMessageBytes) return parseJsonText(json, "The data");
  throw new ForeverframeError(
    "FF_MESSAGE_TOO_LARGE",
    `The data is larger than ${maxMessageBytes} bytes: publish where it can be fetched, or raise maxMessageBytes`,
  );
}

/**
 * Check the options of a call.
 *
 * @throws ForeverframeError FF_PARAMETER_INVALID
 */
export function checkOptions(options: unknown): void {
  const isObject = typeof options === "object" && options !== null;
  const { signal } = isObject ? (options as { signal?: unknown }) : {};
  if (isObject && (signal === undefined || signal instanceof AbortSignal)) return;
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    isObject
      ? '"signal" is not an AbortSignal: give the signal of an AbortController, or leave it out'
      : "The options are not an object: give one, or leave them out",
  );
}

function stringify(data: unknown): string {
  let json: string | undefined;
  let fault = "undefined, a function or a symbol";
  try {
    json = JSON.stringify(data);
  } catch (error) {
    fault = error instanceof Error ? error.message : "toJSON throws"; // a BigInt, or a circle
  }
  if (json !== undefined) return json;
  throw new ForeverframeError(
    "FF_BODY_INVALID",
    `The data can't be JSON (${fault}): publish strings, numbers, booleans, null, arrays and plain objects`,
  );
}

/** What a subscription is to give, as its caller says. */
interface GivenStart {
  readonly after?: unknown;
  readonly last?: unknown;
  readonly each?: unknown;
  readonly since?: unknown;
  readonly latest?: unknown;
  readonly live?: unknown;
}

/**
 * Check what a subscription is to give.
 *
 * @throws ForeverframeError FF_CURSOR_INVALID, FF_PARAMETER_INVALID
 */
export function parseStart({ after, last, each, since, ...switches }: GivenStart): {
  readonly start: StartRequest;
  readonly latest: boolean;
  readonly live: boolean;
} {
  const latest = checkSwitch("latest", switches.latest) ?? false;
  const given = (value: unknown, read: () => StartRequest) =>
    value === undefined || value === null ? null : read;
  const options = {
    after: given(after, () => startAfter(after)),
    last: given(last, () => ({ from: "last", count: checkCount("last", last, MAX_LAST) })),
    each: given(each, () => ({ from: "each", count: checkCount("each", each, MAX_EACH) })),
    since: given(since, () => startSince(since)),
  };
  const start = chooseStart(options, { latest });
  const isNew = start.from === "each" || start.from === "since";
  const live = checkSwitch("live", switches.live) ?? isNew;
  return { start, latest, live: live && start.from !== "now" };
}

function checkSwitch(name: string, value: unknown): boolean | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value;
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    `"${name}" is ${show(value)}: give true or false`,
  );
}

function startAfter(after: unknown): StartRequest {
  if (typeof after === "string") return parseAfter(after);
  throw new ForeverframeError(
    "FF_CURSOR_INVALID",
    `"after" is ${show(after)}: give the id of a message, or "earliest"`,
  );
}

function startSince(since: unknown): StartRequest {
  if (typeof since === "string") return parseSince(since);
  const unixMs = since instanceof Date ? since.getTime() : since;
  if (typeof unixMs === "number" && Number.isFinite(unixMs)) return { from: "since", unixMs };
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    `"since" is ${show(since)}: give milliseconds since 1970, a Date, or a time with its zone such as "2026-11-28T04:56:03Z"`,
  );
}

function checkCount(name: string, value: unknown, max: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max)
    return value;
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    `"${name}" is ${show(value)}: give a whole number from 0 to ${max}`,
  );
}

/** What is to be closed. */
export type CloseTarget =
  | { readonly stream: string }
  | { readonly client: string }
  | { readonly channel: string }
  | { readonly handle: number };

/**
 * Refuse a missing or undefined target: a program that closes the streams of `undefined` has a
 * fault, and would not learn of it otherwise.
 *
 * @throws ForeverframeError FF_PARAMETER_INVALID
 */
export function checkCloseTarget(target: unknown): asserts target is CloseTarget {
  const [[name, value] = ["", undefined], ...others] = Object.entries(target ?? {});
  const wanted = name === "handle" ? Number.isSafeInteger(value) : typeof value === "string";
  const isOne = ["stream", "client", "channel", "handle"].includes(name) && others.length === 0;
  if (isOne && wanted) return;
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    `What to close is ${show(target)}: give one of stream, client, channel and handle, such as { client: "kiosk-7" }`,
  );
}

/**
 * What is said with a close.
 *
 * @returns null for nothing
 * @throws ForeverframeError FF_PARAMETER_INVALID
 */
export function checkCloseText(text: unknown = ""): string | null {
  if (isCloseText(text)) return text === "" ? null : text;
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    `"text" is ${show(text)}: give a string of at most ${MAX_CLOSE_TEXT} characters`,
  );
}

/** @throws ForeverframeError FF_PARAMETER_INVALID */
export function checkLimit(limit = DEFAULT_LIMIT): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new ForeverframeError(
    "FF_PARAMETER_INVALID",
    `"limit" is ${show(limit)}: give a whole number from 1 to ${MAX_LIMIT}`,
  );
}

/** @throws ForeverframeError FF_CONFIG_INVALID */
export function checkFunctions(authorize: unknown, logger: unknown): void {
  if (authorize !== undefined && typeof authorize !== "function")
    throw invalid(`"authorize" is ${show(authorize)}: give a function`);
  if (logger === undefined) return;
  const methods = typeof logger === "object" && logger !== null ? logger : {};
  const missing = LOGGER_METHODS.filter(
    (name) => typeof Reflect.get(methods, name) !== "function",
  ).join(", ");
  if (missing !== "")
    throw invalid(`"logger" has no method ${missing}: give a logger such as pino's, or console`);
}

/** @throws ForeverframeError FF_CONFIG_INVALID */
export function checkAttached(server: unknown, path: unknown): void {
  if (typeof path !== "string" || !path.startsWith("/"))
    throw invalid(`The path to attach at is ${show(path)}: begin it with "/", such as "/push"`);
  if (!(server instanceof Server)) {
    throw invalid(
      "What to attach to is not a server of node:http or node:https: give what createServer() or app.listen() returned",
    );
  }
}

function invalid(message: string): ForeverframeError {
  return new ForeverframeError("FF_CONFIG_INVALID", message);
}
