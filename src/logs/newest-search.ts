import { positionOf } from "../core/cursor.ts";
import type { NewestPlaces, NewestRequest } from "../core/log.ts";
import { PlaceList } from "./place-list.ts";
import { costOfRow, literalPrefixes } from "./table-reads.ts";
import type { ChannelRecord, TableReader } from "./tables.ts";

/** Channels, and entries of their indexes, that one piece of a search looks at: some 2 ms. */
const ROWS_PER_PIECE = 1_000;

/** The search of `MessageLog.findNewest`, which goes from channel to channel. */
export class NewestSearch {
  readonly #request: NewestRequest;
  readonly #after: string;
  readonly #upTo: string;
  readonly #cost: number;
  readonly #found: PlaceList;
  /** Prefixes of channels that patterns may match; those before the first are done. */
  readonly #prefixes: string[];
  /** The channel to continue behind; null at the beginning, where names are looked up. */
  #name: string | null = null;

  constructor(request: NewestRequest) {
    this.#request = request;
    this.#after = positionOf(request.after);
    this.#upTo = positionOf(request.upTo);
    this.#cost = costOfRow(request.selectors);
    this.#found = new PlaceList(request);
    this.#prefixes = [...literalPrefixes(request.selectors.patterns)];
  }

  /** Look at some more channels. Returns whether that were the last. */
  step(tables: TableReader): boolean {
    const { names, patterns, matches } = this.#request.selectors;
    let left = ROWS_PER_PIECE;
    if (this.#name === null) {
      // Up to 64: they are looked up in one piece.
      for (const name of names) left -= this.#lookAt(tables, name, tables.channel(name));
      if (patterns.length === 0) return true;
      this.#name = "";
    }
    for (let prefix = this.#prefixes[0]; prefix !== undefined; prefix = this.#prefixes[0]) {
      for (const [name, record] of tables.channels(this.#name || prefix)) {
        if (!name.startsWith(prefix)) break;
        if (left <= 0) return false;
        this.#name = name;
        left -= this.#cost;
        if (names.includes(name) || !matches(name)) continue;
        left -= this.#lookAt(tables, name, record);
      }
      this.#prefixes.shift();
      this.#name = "";
    }
    return true;
  }

  get result(): NewestPlaces {
    return this.#found.result;
  }

  /** @returns how many entries of its index were looked at */
  #lookAt(tables: TableReader, name: string, record: ChannelRecord | undefined): number {
    if (record === undefined || record.last <= this.#after) return 0;
    const { count } = this.#request;
    if (count === 1 && record.last <= this.#upTo) {
      this.#found.add(record.last, name);
      return 0;
    }
    const range = { after: this.#after, upTo: this.#upTo, order: "newest first" } as const;
    let seen = 0;
    for (const position of tables.positionsOf(record.number, range)) {
      this.#found.add(position, name);
      if (++seen === count) break;
    }
    return seen + 1;
  }
}
