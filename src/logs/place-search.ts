import { positionOf } from "../core/cursor.ts";
import type { FoundPlaces, PlacesRequest } from "../core/log.ts";
import { PlaceList } from "./place-list.ts";
import { costOfRow, literalPrefixes } from "./table-reads.ts";
import type { ChannelRecord, TableReader } from "./tables.ts";

/** Channels, and entries of their indexes, that one piece of a search looks at: some 2 ms. */
const ROWS_PER_PIECE = 1_000;

/** What one request wants, and what was found of it. */
interface Want {
  readonly request: PlacesRequest;
  readonly after: string;
  readonly found: PlaceList;
}

/** Entries of one channel's index that a request still has to be given. */
interface Rest {
  readonly want: Want;
  readonly name: string;
  readonly record: ChannelRecord;
  /** Entries after this position; with a count, up to it. */
  from: string;
  /** How many are still wanted; infinite for all. */
  count: number;
}

/** The search of `MessageLog.findPlaces`, which goes from channel to channel. */
export class PlaceSearch {
  readonly #wants: readonly Want[];
  /** What it costs to compare a channel's name with what all requests want. */
  readonly #cost: number;
  /** Prefixes of channels that patterns may match; those before the first are done. */
  readonly #prefixes: string[];
  /** Channels that are named, and have still to be looked up. */
  readonly #named: (readonly [want: Want, name: string])[];
  /** The channel to continue behind; empty to begin with the first prefix. */
  #name = "";
  /** Of the channel that was come to last. */
  #rests: Rest[] = [];

  /** @param requests 1 or more */
  constructor(requests: readonly PlacesRequest[]) {
    this.#wants = requests.map((request) => ({
      request,
      after: positionOf(request.after),
      found: new PlaceList(request),
    }));
    const patterns = requests.flatMap(({ selectors }) => selectors.patterns);
    this.#cost = requests.reduce((cost, { selectors }) => cost + costOfRow(selectors) - 1, 1);
    this.#prefixes = [...literalPrefixes(patterns)];
    this.#named = this.#wants.flatMap((want) =>
      want.request.selectors.names.map((name) => [want, name] as const),
    );
  }

  /** Look at some more channels. Returns whether those were the last. */
  step(tables: TableReader): boolean {
    let left = this.#takeRests(tables, ROWS_PER_PIECE);
    for (let named = this.#named.at(-1); named !== undefined && left > 0; ) {
      const [want, name] = named;
      this.#come(want, name, tables.channel(name));
      left = this.#takeRests(tables, left - 1);
      this.#named.pop();
      named = this.#named.at(-1);
    }
    while (left > 0 && this.#prefixes.length > 0) left = this.#walk(tables, left);
    return this.#rests.length + this.#named.length + this.#prefixes.length === 0;
  }

  /** What was found for each request. Call it once, at the end. */
  get results(): readonly FoundPlaces[] {
    return this.#wants.map(({ found }) => found.result);
  }

  /** Go on through the channels of the first prefix. Returns how much of a piece is left. */
  #walk(tables: TableReader, piece: number): number {
    const [prefix = ""] = this.#prefixes;
    let left = piece;
    for (const name of tables.names(this.#name || prefix)) {
      if (!name.startsWith(prefix)) break;
      if (left <= 0) return left;
      this.#name = name;
      for (const want of this.#wants) {
        const { names, matches } = want.request.selectors;
        if (!matches(name) || names.includes(name)) continue;
        this.#come(want, name, tables.channel(name));
        left--;
      }
      left = this.#takeRests(tables, left - this.#cost);
    }
    this.#prefixes.shift();
    this.#name = "";
    return left;
  }

  /** A request wants this channel. */
  #come(want: Want, name: string, record: ChannelRecord | undefined): void {
    const { request, after, found } = want;
    if (record === undefined || record.last <= after) return;
    if (request.count === 1 && record.last <= positionOf(request.upTo)) {
      found.add(record.last, name);
      return;
    }
    const from = request.count === null ? after : positionOf(request.upTo);
    this.#rests.push({ want, name, record, from, count: request.count ?? Infinity });
  }

  /** Look at the indexes of what was come to. Returns how much of a piece is left. */
  #takeRests(tables: TableReader, piece: number): number {
    let left = piece;
    for (let rest = this.#rests.at(-1); rest !== undefined && left > 0; rest = this.#rests.at(-1)) {
      const taken = takeRest(tables, rest, left);
      left -= taken.entries + 1;
      if (taken.isDone) this.#rests.pop();
    }
    return left;
  }
}

function takeRest(
  tables: TableReader,
  rest: Rest,
  limit: number,
): { readonly entries: number; readonly isDone: boolean } {
  const { want, name, record } = rest;
  const { after, found } = want;
  const isAll = rest.count === Infinity;
  const range = isAll
    ? ({ after: rest.from, upTo: found.end, order: "oldest first" } as const)
    : ({ after, upTo: rest.from, order: "newest first" } as const);
  if (range.after >= range.upTo) return { entries: 0, isDone: true };
  let entries = 0;
  for (const position of tables.positionsOf(record.number, range)) {
    // Backward, the next piece begins with this entry.
    if (entries >= limit) {
      if (!isAll) rest.from = position;
      return { entries, isDone: false };
    }
    entries++;
    rest.from = position;
    found.add(position, name);
    // The rest of the channel comes behind all that is wanted, once that is so many.
    if (--rest.count === 0 || (isAll && position > found.end)) break;
  }
  return { entries, isDone: true };
}
