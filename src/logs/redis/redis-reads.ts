import type { SelectorSet } from "../../core/channel-name.ts";
import { type Cursor, formatCursor, laterPosition, ORIGIN, positionOf } from "../../core/cursor.ts";
import { formatJson } from "../../core/json.ts";
import type { Gap, LogBatch, ReadRequest, StoredMessage } from "../../core/log.ts";
import { ForeverframeError } from "../../errors.ts";
import type { Reply } from "../../redis/redis-client.ts";
import { formatHead } from "../append-change.ts";
import { goneError, showsLess } from "../log-errors.ts";
import {
  costOfRow,
  MAX_GAPS,
  MAX_LISTED_CHANNELS,
  MAX_MERGED_CHANNELS,
  MAX_SCANNED_ROWS,
} from "../table-reads.ts";
import { BEFORE_LAST, FETCH, READ, SCAN } from "./read-scripts.ts";
import { headBytes } from "./redis-append.ts";
import type { RedisSession } from "./redis-session.ts";
import { LOSE } from "./upkeep-scripts.ts";

/** Rows of the index that come with one answer. */
const ROWS_PER_SCAN = 1_000;

/** Attempts of one read while lists of channels are found to be lost. */
export const MAX_ATTEMPTS = 3;

/** The JSON of an event ends with this after its data. */
const END = Buffer.from("}");

/** A place in the index. */
interface IndexRow {
  readonly position: string;
  readonly channel: string;
}

/** See `MessageLog.read`. */
export async function readFromRedis(
  session: RedisSession,
  request: ReadRequest,
): Promise<LogBatch> {
  const batch = await readOf(session, request);
  const start = session.continueFrom(request.after);
  if (!start.isForeign) return batch;
  // The cursor is of an earlier epoch, which has ended because messages may have been lost.
  const gap = {
    after: request.after,
    upTo: formatCursor(session.epoch, start.after),
    channels: request.selectors.selectors,
    reason: "epoch",
  } as const;
  return { ...batch, gaps: [gap] };
}

function readOf(session: RedisSession, request: ReadRequest): Promise<LogBatch> {
  if ((request.wanted?.places ?? null) !== null) return readPlaces(session, request);
  return canMerge(request.selectors) ? readMerged(session, request) : readScanned(session, request);
}

/** See `MessageLog.beforeLast`. */
export async function findBeforeLast(
  session: RedisSession,
  selectors: SelectorSet,
  count: number,
  upTo: Cursor,
  isGone: () => boolean,
): Promise<Cursor> {
  if (canMerge(selectors)) {
    const argv = () => [count, endOf(session, upTo)];
    const [, position] = await session.call(BEFORE_LAST, selectors.names, argv);
    return formatCursor(session.epoch, String(position));
  }
  let left = count;
  let from = endOf(session, upTo);
  for (let isFirst = true; ; isFirst = false) {
    const range = [ORIGIN, from, ROWS_PER_SCAN, "newest"];
    const [, , , , , members] = await session.call(SCAN, [], () => range);
    const rows = parseMembers(members);
    for (const { position, channel } of rows) {
      // The first row of each further piece was the last of the one before.
      if (!isFirst && position === from) continue;
      if (selectors.matches(channel) && left-- === 0) return formatCursor(session.epoch, position);
    }
    from = rows.at(-1)?.position ?? ORIGIN;
    if (rows.length < ROWS_PER_SCAN) return formatCursor(session.epoch, ORIGIN);
    if (isGone()) throw goneError();
  }
}

/** Whether the lists of single channels tell all that these selectors want. */
function canMerge({ names, patterns }: SelectorSet): boolean {
  return patterns.length === 0 && names.length <= MAX_MERGED_CHANNELS;
}

async function readMerged(session: RedisSession, request: ReadRequest): Promise<LogBatch> {
  const { selectors, maxMessages, maxBytes } = request;
  const { names } = selectors;
  const argv = () => [
    session.continueFrom(request.after).after,
    request.upTo === null ? "" : endOf(session, request.upTo),
    maxMessages,
    maxBytes,
    request.wanted?.count ?? 0,
    ...names.flatMap((name) => [name, headBytes(session.epoch, name)]),
  ];
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const [word, ...rest] = await session.call(READ, names, argv);
    if (String(word) === "LOST") await lose(session, textsOf(rest[0]));
    else if (String(word) === "STRANGE") throw strangeError(String(rest[0]));
    else {
      const [, tip, forgottenTo, reached, gaps, forgotten, rows] = rest;
      const { after } = session.continueFrom(request.after);
      const upTo = request.upTo === null ? String(tip) : endOf(session, request.upTo);
      if (upTo > String(tip)) throw showsLess(upTo, String(tip));
      const end = laterPosition(after, upTo);
      const found = pairsOf(gaps).map(([name, upTo]) => gapOf(session, after, upTo, [name]));
      const missing = textsOf(forgotten);
      if (missing.length > 0) found.push(gapOf(session, after, String(forgottenTo), missing));
      const messages: StoredMessage[] = [];
      const list = rows as readonly Reply[];
      for (let i = 0; i < list.length; i += 4) {
        const channel = names[Number(list[i]) - 1] ?? "";
        const position = String(list[i + 1]);
        messages.push(messageOf(session, channel, position, list[i + 2], list[i + 3]));
      }
      return batchOf(session, messages, String(reached) || null, end, found);
    }
  }
  throw changesNow();
}

/** Channels were found to be lost again and again. */
export function changesNow(): ForeverframeError {
  return new ForeverframeError("FF_LOG_UNAVAILABLE", "The log changes now: try again soon");
}

async function readScanned(session: RedisSession, request: ReadRequest): Promise<LogBatch> {
  const { selectors, maxMessages } = request;
  const cost = costOfRow(selectors);
  const wanted: IndexRow[] = [];
  const start = session.continueFrom(request.after).after;
  let from = start;
  let end = request.upTo === null ? "" : endOf(session, request.upTo);
  let reached: string | null = null;
  let mayHaveGaps = false;
  let rowsPassed = 0;
  let channels = 0;
  for (let scanned = 0, isMore = true; isMore && reached === null; ) {
    const { epoch } = session;
    const range = [from, end, ROWS_PER_SCAN, "oldest"];
    const [, , tip, gaps, channelCount, members] = await session.call(SCAN, [], () => range);
    // Its positions are of the epoch as it was.
    if (session.epoch !== epoch) return readScanned(session, request);
    if (end === "") end = String(tip);
    if (end > String(tip)) throw showsLess(end, String(tip));
    mayHaveGaps ||= Number(gaps) === 1;
    channels = Number(channelCount);
    const rows = parseMembers(members);
    isMore = rows.length === ROWS_PER_SCAN;
    for (const row of rows) {
      from = row.position;
      if (selectors.matches(row.channel)) wanted.push(row);
      scanned += cost;
      rowsPassed++;
      if (wanted.length < maxMessages && scanned < MAX_SCANNED_ROWS) continue;
      reached = row.position;
      break;
    }
  }
  end = laterPosition(start, end);
  const passed = wanted.length > 0 || rowsPassed === 0 ? null : { rows: rowsPassed, channels };
  if (wanted.length === 0 && !mayHaveGaps)
    return { ...batchOf(session, [], reached, end, []), passed };
  const span = { start, reached, end };
  const batch = await fetchRows(session, request, wanted, span);
  return batch === null ? readScanned(session, request) : { ...batch, passed };
}

/** Read messages whose places are known. */
async function readPlaces(session: RedisSession, request: ReadRequest): Promise<LogBatch> {
  const { maxMessages, upTo } = request;
  const start = session.continueFrom(request.after).after;
  const wanted: IndexRow[] = [];
  let reached: string | null = null;
  for (const { id, channel } of request.wanted?.places ?? []) {
    const position = endOf(session, id);
    if (position <= start) continue;
    if (wanted.length === maxMessages) {
      reached = wanted.at(-1)?.position ?? null;
      break;
    }
    wanted.push({ position, channel });
  }
  const end = upTo === null ? (wanted.at(-1)?.position ?? start) : endOf(session, upTo);
  const span = { start, reached, end: laterPosition(start, end) };
  const batch = await fetchRows(session, request, wanted, span);
  if (batch !== null) return batch;
  throw epochEnded();
}

/** A stretch that was looked through: from `start` to `reached`, or if that is null to `end`. */
interface Span {
  readonly start: string;
  readonly reached: string | null;
  readonly end: string;
}

/** @returns null where the log's epoch has ended meanwhile */
async function fetchRows(
  session: RedisSession,
  { selectors, maxBytes, wanted }: ReadRequest,
  places: readonly IndexRow[],
  { start, reached, end }: Span,
): Promise<LogBatch | null> {
  const { epoch } = session;
  const reply = await session.call(FETCH, [], () => [
    start,
    maxBytes,
    MAX_LISTED_CHANNELS,
    wanted?.count ?? 0,
    selectors.names.length,
    ...selectors.names,
    ...places.flatMap(({ channel, position }) => [channel, position, headBytes(epoch, channel)]),
  ]);
  if (session.epoch !== epoch) return null;
  const [, , forgottenTo, trimmedTo, tooMany, gaps, known, stopped, rows] = reply;
  const messages: StoredMessage[] = [];
  const list = rows as readonly Reply[];
  for (let i = 0; i < list.length; i += 3) {
    const row = places[Number(list[i]) - 1];
    if (row === undefined) continue;
    messages.push(messageOf(session, row.channel, row.position, list[i + 1], list[i + 2]));
  }
  const marks = { forgottenTo: String(forgottenTo), trimmedTo: String(trimmedTo) };
  const lost = Number(tooMany) === 1 ? null : pairsOf(gaps);
  const found = findGaps(session, selectors, start, marks, lost, new Set(textsOf(known)));
  return batchOf(session, messages, String(stopped) || reached, end, found);
}

/** @param lost channels that lost messages, and up to where; null where they are too many to say */
function findGaps(
  session: RedisSession,
  { selectors, names, patterns, matches }: SelectorSet,
  after: string,
  { forgottenTo, trimmedTo }: { readonly forgottenTo: string; readonly trimmedTo: string },
  lost: readonly (readonly [string, string])[] | null,
  known: ReadonlySet<string>,
): readonly Gap[] {
  if (after >= trimmedTo && after >= forgottenTo) return [];
  const gapOfAll = gapOf(session, after, laterPosition(trimmedTo, forgottenTo), selectors);
  if (lost === null) return [gapOfAll];
  const gaps = lost
    .filter(([name]) => matches(name))
    .map(([name, upTo]) => gapOf(session, after, upTo, [name]));
  const forgotten = [...patterns, ...names.filter((name) => !known.has(name))];
  if (after < forgottenTo && forgotten.length > 0)
    gaps.push(gapOf(session, after, forgottenTo, forgotten));
  return gaps.length > MAX_GAPS ? [gapOfAll] : gaps;
}

function gapOf(
  { epoch }: RedisSession,
  after: string,
  upTo: string,
  channels: readonly string[],
): Gap {
  return {
    after: formatCursor(epoch, after),
    upTo: formatCursor(epoch, upTo),
    channels,
    reason: "expired",
  };
}

function batchOf(
  { epoch }: RedisSession,
  messages: readonly StoredMessage[],
  reached: string | null,
  end: string,
  gaps: readonly Gap[],
): LogBatch {
  const cursor = formatCursor(epoch, reached ?? end);
  const atEnd = reached === null || reached === end;
  return { messages, cursor, atEnd, gaps, passed: null };
}

function messageOf(
  { epoch }: RedisSession,
  channel: string,
  position: string,
  time: Reply | undefined,
  data: Reply | undefined,
): StoredMessage {
  const id = formatCursor(epoch, position);
  const head = Buffer.from(formatHead(id, formatJson(channel), Number(String(time))));
  return { id, channel, json: Buffer.concat([head, data as Buffer, END]) };
}

/**
 * The position of a cursor up to which is read.
 *
 * @throws ForeverframeError FF_LOG_UNAVAILABLE if it is of an epoch that has ended since: whoever
 *   asks has to find the tip anew
 */
export function endOf(session: RedisSession, upTo: Cursor): string {
  if (!session.continueFrom(upTo).isForeign) return positionOf(upTo);
  throw epochEnded();
}

/** The log has begun another epoch: whoever asks has to find the tip anew. */
function epochEnded(): ForeverframeError {
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    "The log may have lost messages, and begins anew: try again soon",
  );
}

function parseMembers(reply: Reply | undefined): readonly IndexRow[] {
  return (reply as readonly Reply[]).map((member) => {
    const text = String(member);
    const name = text.slice(
      text[ORIGIN.length] === "+" ? 2 * ORIGIN.length + 1 : ORIGIN.length + 1,
    );
    return { position: text.slice(0, ORIGIN.length), channel: name };
  });
}

/** Texts of an answer's list. */
export function textsOf(reply: Reply | undefined): readonly string[] {
  return (reply as readonly Reply[]).map(String);
}

function pairsOf(reply: Reply | undefined): (readonly [string, string])[] {
  const texts = textsOf(reply);
  const pairs: (readonly [string, string])[] = [];
  for (let i = 0; i < texts.length; i += 2) pairs.push([texts[i] ?? "", texts[i + 1] ?? ""]);
  return pairs;
}

/** Forget channels whose lists were removed by somebody else: reads get a gap. */
export async function lose(session: RedisSession, channels: readonly string[]): Promise<void> {
  const [word, name] = await session.call(LOSE, channels, () => channels);
  if (String(word) === "STRANGE") throw strangeError(String(name));
}

/** A channel's key holds something of another program. */
export function strangeError(channel: string): ForeverframeError {
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    `The key of channel "${channel}" in Redis has a value of another type: remove what another program has put there, or use another --redis-prefix`,
  );
}
