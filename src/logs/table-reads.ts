import type { SelectorSet } from "../core/channel-name.ts";
import { formatCursor, laterPosition, ORIGIN, positionOf } from "../core/cursor.ts";
import type { Gap, LogBatch, Place, ReadRequest, StoredMessage } from "../core/log.ts";
import { showsLess } from "./log-errors.ts";
import type { ChannelRecord, MessageRow, PositionRange, TableReader } from "./tables.ts";

/**
 * Up to this many channels are merged by their indexes; more are found by scanning all messages.
 */
export const MAX_MERGED_CHANNELS = 64;

/**
 * Patterns are looked up among up to this many channels. Among more, all messages are scanned, and
 * one gap names all selectors.
 */
export const MAX_LISTED_CHANNELS = 2_000;

/** Patterns that are compared with a channel cost as much as one row. */
const PATTERNS_PER_ROW = 8;

/** This many bytes of messages that are passed cost as much as one row. */
const BYTES_PER_ROW = 1_024;

/** Gaps of one read; where more channels lost messages, one gap names the selectors. */
export const MAX_GAPS = 64;

/** Rows that one read looks at while nothing matches, so that it stays short: some 2 ms. */
export const MAX_SCANNED_ROWS = 2_000;

type Row =
  | MessageRow
  | { readonly position: string; readonly channel: null; readonly bytes: number };

/** See `MessageLog.read`. */
export function readBatch(tables: TableReader, request: ReadRequest): LogBatch {
  const { selectors, maxMessages, maxBytes, wanted } = request;
  const { epoch, tip } = tables.marks();
  const after = positionOf(request.after);
  const upTo = request.upTo === null ? tip : positionOf(request.upTo);
  // Whoever asks has seen more of the log than there is in this snapshot: what comes in between
  // must not be passed over.
  if (upTo > tip) throw showsLess(upTo, tip);
  const messages: StoredMessage[] = [];
  let bytes = 0;
  let scanned = 0;
  let passed = 0;
  let reached: string | null = null;
  const cost = costOfRow(selectors);
  const places = wanted?.places ?? null;
  const selected = places === null ? findSelected(tables, selectors) : undefined;
  const found =
    selected === undefined
      ? rowsAt(tables, places ?? [], after)
      : rows(tables, selectors, selected, { after, upTo, order: "oldest first" });
  for (const row of found) {
    if (row.channel === null) passed++;
    else {
      const { position, channel, json } = row;
      messages.push({ id: formatCursor(epoch, position), channel, json });
      bytes += json.length;
    }
    scanned += cost + bytesOf(row) / BYTES_PER_ROW;
    if (messages.length >= maxMessages || bytes >= maxBytes || scanned >= MAX_SCANNED_ROWS) {
      reached = row.position;
      break;
    }
  }
  const end = laterPosition(after, upTo);
  return {
    messages,
    cursor: formatCursor(epoch, reached ?? end),
    atEnd: reached === null || reached === end,
    gaps: findGaps(tables, selectors, selected, after, wanted?.count ?? null),
    passed:
      messages.length > 0 || passed === 0
        ? null
        : { rows: passed, channels: tables.channelCount() },
  };
}

/** The messages at these places after `after` that are still kept. */
function* rowsAt(tables: TableReader, places: readonly Place[], after: string): Iterable<Row> {
  for (const { id } of places) {
    const position = positionOf(id);
    const row = position > after ? tables.message(position) : undefined;
    if (row !== undefined) yield row;
  }
}

/** How far the search for `MessageLog.beforeLast` has come. */
export interface BackwardSearch {
  /** Messages still to be passed. */
  readonly count: number;
  /** Continue backward from this position, itself included. */
  readonly upTo: string;
  /** The position wanted, once it is found. */
  readonly found: string | null;
}

/** See `MessageLog.beforeLast`: one bounded piece of the search. */
export function searchBackward(
  tables: TableReader,
  selectors: SelectorSet,
  { count, upTo }: BackwardSearch,
): BackwardSearch {
  let passed = 0;
  let scanned = 0;
  const cost = costOfRow(selectors);
  const selected = findSelected(tables, selectors);
  const range = { after: ORIGIN, upTo, order: "newest first" } as const;
  for (const row of rows(tables, selectors, selected, range)) {
    // The next piece looks at this row again: it starts with it.
    if (scanned >= MAX_SCANNED_ROWS)
      return { count: count - passed, upTo: row.position, found: null };
    scanned += cost + bytesOf(row) / BYTES_PER_ROW;
    if (row.channel !== null && passed++ === count) return { count, upTo, found: row.position };
  }
  return { count, upTo, found: ORIGIN };
}

function bytesOf(row: Row): number {
  return row.channel === null ? row.bytes : row.json.length;
}

/** What a row costs where it has to be compared with these selectors. */
export function costOfRow({ patterns }: SelectorSet): number {
  return 1 + patterns.length / PATTERNS_PER_ROW;
}

/**
 * Rows of the selected channels in the range's order; rows with a null channel only say how far a
 * scan has come.
 */
function* rows(
  tables: TableReader,
  selectors: SelectorSet,
  selected: Selected,
  range: PositionRange,
): Iterable<Row> {
  if (range.after >= range.upTo) return;
  // Where all channels are selected, looking each message up by the indexes takes twice as long as
  // reading one after another.
  const few = selected !== null && selected.length <= MAX_MERGED_CHANNELS;
  if (few && selected.length < tables.channelCount()) {
    const records = selected.map(([, record]) => record);
    for (const position of mergePositions(tables, records, range)) {
      const row = tables.message(position);
      if (row !== undefined) yield row;
    }
    return;
  }
  const known = new Map<string, boolean>();
  for (const row of tables.messages(range)) {
    let isWanted = known.get(row.channel);
    if (isWanted === undefined) {
      isWanted = selectors.matches(row.channel);
      known.set(row.channel, isWanted);
    }
    yield isWanted ? row : { position: row.position, channel: null, bytes: row.json.length };
  }
}

/**
 * The channels that are selected, by name; null if all are, or if there are too many to look up
 * patterns among.
 */
type Selected = readonly (readonly [name: string, record: ChannelRecord])[] | null;

function findSelected(tables: TableReader, { names, patterns, matches }: SelectorSet): Selected {
  if (patterns.includes("**")) return null;
  const found = new Map<string, ChannelRecord>();
  for (const name of names) {
    const record = tables.channel(name);
    if (record !== undefined) found.set(name, record);
  }
  if (patterns.length === 0) return [...found];
  let looked = 0;
  const prefixes = literalPrefixes(patterns);
  if (prefixes[0] === "" && tables.channelCount() > MAX_LISTED_CHANNELS) return null;
  for (const prefix of prefixes) {
    // Channels named exactly like the prefix are left out, but no pattern matches those.
    for (const name of tables.names(prefix)) {
      if (!name.startsWith(prefix)) break;
      if (++looked > MAX_LISTED_CHANNELS) return null;
      const record = matches(name) ? tables.channel(name) : undefined;
      if (record !== undefined) found.set(name, record);
    }
  }
  return [...found];
}

/**
 * The prefixes that channels of these patterns begin with, each once; only the empty one if a
 * channel may begin with anything.
 */
export function literalPrefixes(patterns: readonly string[]): readonly string[] {
  const prefixes = patterns.map(
    (pattern) => /^(?:(?!\*{1,2}(?:\.|$))[^.]*\.)*/.exec(pattern)?.[0] ?? "",
  );
  return [...new Set(prefixes)]
    .sort()
    .filter((prefix, _, all) => !all.some((other) => other !== prefix && prefix.startsWith(other)));
}

function* mergePositions(
  tables: TableReader,
  channels: readonly ChannelRecord[],
  range: PositionRange,
): Iterable<string> {
  const sign = range.order === "oldest first" ? 1 : -1;
  const heads = channels
    // Most channels of a resuming stream have nothing new: their last message tells without opening
    // their index.
    .filter((record) => record.last > range.after)
    .map((record) => tables.positionsOf(record.number, range)[Symbol.iterator]());
  const nexts = heads.map((iterator) => iterator.next());
  try {
    for (;;) {
      let best = -1;
      let bestPosition = "";
      for (let i = 0; i < nexts.length; i++) {
        const next = nexts[i];
        if (next === undefined || next.done) continue;
        const comes = best === -1 || (sign === 1) === next.value < bestPosition;
        if (comes) {
          best = i;
          bestPosition = next.value;
        }
      }
      const iterator = heads[best];
      if (iterator === undefined) return;
      yield bestPosition;
      nexts[best] = iterator.next();
    }
  } finally {
    for (const iterator of heads) iterator.return?.();
  }
}

/**
 * @param known what {@link findSelected} found; undefined to look only if it is needed
 * @param newest messages of each channel that are wanted; null for all
 */
function findGaps(
  tables: TableReader,
  set: SelectorSet,
  known: Selected | undefined,
  after: string,
  newest: number | null,
): readonly Gap[] {
  const { selectors, names, patterns } = set;
  const { epoch, trimmedTo, forgottenTo } = tables.marks();
  if (after >= trimmedTo && after >= forgottenTo) return [];
  const gap = (upTo: string, channels: readonly string[]): Gap => ({
    after: formatCursor(epoch, after),
    upTo: formatCursor(epoch, upTo),
    channels,
    reason: "expired",
  });
  // A channel that has a record keeps its newest message. So only those without one can have lost
  // it, however many channels there are.
  if (newest === 1) {
    const gone = [...patterns, ...names.filter((name) => tables.channel(name) === undefined)];
    return after < forgottenTo && gone.length > 0 ? [gap(forgottenTo, gone)] : [];
  }
  const gapOfAll = gap(laterPosition(trimmedTo, forgottenTo), selectors);
  const selected = known === undefined ? findSelected(tables, set) : known;
  const all = selected ?? listAll(tables);
  if (all === null) return [gapOfAll];
  const gaps = all.flatMap(([name, record]) =>
    after < record.trimmedTo && (newest === null || record.messages < newest)
      ? gap(record.trimmedTo, [name])
      : [],
  );
  const found = new Set(all.map(([name]) => name));
  const forgotten = [...patterns, ...names.filter((name) => !found.has(name))];
  if (after < forgottenTo && forgotten.length > 0) gaps.push(gap(forgottenTo, forgotten));
  return gaps.length > MAX_GAPS ? [gapOfAll] : gaps;
}

/** All channels, for a pattern that selects all; null where they are too many. */
function listAll(tables: TableReader): Selected {
  return tables.channelCount() > MAX_LISTED_CHANNELS ? null : [...tables.channels()];
}
