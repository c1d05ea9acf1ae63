import type { SelectorSet } from "./channel-name.ts";
import type { Cursor } from "./cursor.ts";
import type { FoundPlaces, MessageLog, PassedRows } from "./log.ts";

/** Places of one search: enough for the newest message of each of 10,000 channels. */
const PLACES_OF_SEARCH = 12_000;

/** Places kept for all streams together: some 8 MB. */
const PLACES_KEPT = 60_000;

/** A stretch takes as much memory as so many places, even if it has none. */
const PLACES_PER_STRETCH = 20;

/** Searches at the same time: one that takes long must not hold up all the others. */
const SEARCHES_AT_ONCE = 4;

/** Requests that share one search, where few places are expected. */
const REQUESTS_OF_SEARCH = 64;

/**
 * A channel's name costs a search about as much as this part of a message that is passed over: in
 * LMDB 0.6 us against 2 to 4, in Redis and in memory a sixth or less (measured, for one stream).
 */
const ROWS_PER_CHANNEL = 0.25;

/**
 * Whether a stream that has passed over so much for nothing should have its messages found by their
 * channels. By then it has spent as much as that costs. So both together are at most twice what the
 * better one would have been, however many channels and messages there are.
 */
export function isSearchDue({ rows, channels }: PassedRows): boolean {
  return rows >= channels * ROWS_PER_CHANNEL;
}

/** Where all messages that are wanted are, in (`after`, `to`]. */
export interface FoundStretch {
  readonly after: Cursor;
  readonly to: Cursor;
  /** What was looked for is up to here. If `to` is before it, what is between is not known. */
  readonly upTo: Cursor;
  readonly places: FoundPlaces["places"];
}

/** A stretch that a stream wants. */
export interface StretchRequest {
  readonly selectors: SelectorSet;
  /** Of each channel, this many of its newest messages: 1 or more. Null for all. */
  readonly count: number | null;
  /** The stretch has to begin here or earlier. */
  readonly after: Cursor;
  /**
   * With a count, newest up to here; null for the tip at the time when the search begins. Without
   * one, no places behind this are wanted.
   */
  readonly upTo: Cursor | null;
}

/** What is searched. */
interface PlaceFinderOptions {
  readonly log: MessageLog;
  /** The tip, as far as messages have been, or are being, given to the live streams. */
  readonly delivered: () => Cursor;
}

/** What is to be searched for, and those that wait for it. */
interface Search {
  readonly key: string;
  readonly request: StretchRequest;
  /** The earliest place at which one of them wants the stretch to begin. */
  after: Cursor;
  readonly waiting: (() => boolean)[];
  readonly found: Promise<FoundStretch>;
  resolve(stretch: FoundStretch): void;
  reject(error: unknown): void;
}

/**
 * Finds messages by their channels: the newest of each, for streams that want no others, or all of
 * them, where they are rare.
 *
 * When a page is loaded everywhere, thousands ask for the same at about the same time. So those
 * that come while a search is under way share the next one, and what was found is kept for a while.
 * Streams with different patterns share a search where all messages are looked for: it goes through
 * the names of channels once for all of them.
 */
export class PlaceFinder {
  readonly #options: PlaceFinderOptions;
  /** The stretch that was used longest ago is the first. */
  readonly #stretches = new Map<string, FoundStretch>();
  #kept = 0;
  /** The next search is the first. */
  readonly #waiting = new Map<string, Search>();
  readonly #underWay = new Set<string>();
  #searches = 0;
  /** Whether a search for all messages is under way. While it is, those for the next one gather. */
  #isSharing = false;

  constructor(options: PlaceFinderOptions) {
    this.#options = options;
  }

  /**
   * The stretch to continue from at `after`; null if it has to be found, as where the end of the
   * newest is not known.
   */
  get(request: StretchRequest): FoundStretch | null {
    const key = keyOf(request);
    const stretch = this.#stretches.get(key);
    if (stretch === undefined || request.after < stretch.after || request.after >= stretch.to)
      return null;
    this.#stretches.delete(key);
    this.#stretches.set(key, stretch);
    return stretch;
  }

  /** Whether others have asked for such a stretch, and have not got it yet. */
  isSought(request: StretchRequest): boolean {
    const key = keyOf(request);
    return this.#waiting.has(key) || this.#underWay.has(key);
  }

  /**
   * Find a stretch.
   *
   * @param isGone whether the caller does not wait for it any more
   * @throws ForeverframeError FF_LOG_UNAVAILABLE; FF_REQUEST_INVALID: nobody waits
   */
  find(request: StretchRequest, isGone: () => boolean): Promise<FoundStretch> {
    const key = keyOf(request);
    const search = this.#waiting.get(key) ?? createSearch(key, request);
    this.#waiting.set(key, search);
    if (request.after < search.after) search.after = request.after;
    search.waiting.push(isGone);
    this.#beginNext();
    return search.found;
  }

  #beginNext(): void {
    while (this.#searches < SEARCHES_AT_ONCE) {
      const group = this.#takeGroup();
      if (group.length === 0) return;
      const isShared = group[0]?.request.count === null;
      this.#searches++;
      if (isShared) this.#isSharing = true;
      for (const { key } of group) this.#underWay.add(key);
      this.#search(group)
        .catch((error: unknown) => {
          for (const { reject } of group) reject(error);
        })
        .finally(() => {
          this.#searches--;
          if (isShared) this.#isSharing = false;
          for (const { key } of group) this.#underWay.delete(key);
          this.#beginNext();
        });
    }
  }

  /** What is searched for next, at once: one stretch of the newest, or some of all messages. */
  #takeGroup(): readonly Search[] {
    const group: Search[] = [];
    for (const [key, search] of this.#waiting) {
      // Two at once would be two stretches, where those that wait now can share one.
      if (this.#underWay.has(key)) continue;
      const isAlone = search.request.count !== null;
      if (isAlone ? group.length > 0 : this.#isSharing) continue;
      this.#waiting.delete(key);
      group.push(search);
      if (isAlone || group.length === REQUESTS_OF_SEARCH) break;
    }
    return group;
  }

  async #search(group: readonly Search[]): Promise<void> {
    const { log, delivered } = this.#options;
    const isGone = () => group.every(({ waiting }) => waiting.every((isOneGone) => isOneGone()));
    const limit = Math.floor(PLACES_OF_SEARCH / group.length);
    const requests = group.map(({ request: { selectors, count, upTo }, after }) => ({
      selectors,
      count,
      after,
      upTo: upTo ?? delivered(),
      limit,
    }));
    const found = await log.findPlaces(requests, isGone);
    for (const [i, { request, after, resolve }] of group.entries()) {
      const { upTo = after } = requests[i] ?? {};
      const { places = [], upTo: to = after } = found[i] ?? {};
      const stretch = { after, to, upTo, places };
      this.#keep(keyOf({ ...request, upTo }), stretch);
      resolve(stretch);
    }
  }

  #keep(key: string, stretch: FoundStretch): void {
    this.#drop(key);
    this.#stretches.set(key, stretch);
    this.#kept += sizeOf(stretch);
    for (const oldest of this.#stretches.keys()) {
      if (this.#kept <= PLACES_KEPT) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const stretch = this.#stretches.get(key);
    if (stretch === undefined) return;
    this.#kept -= sizeOf(stretch);
    this.#stretches.delete(key);
  }
}

function sizeOf({ places }: FoundStretch): number {
  return places.length + PLACES_PER_STRETCH;
}

/** Which messages are the newest depends on the end; where all are wanted, it does not matter. */
function keyOf({ selectors, count, upTo }: StretchRequest): string {
  return count === null ? `all ${selectors.key}` : `${count} ${upTo ?? ""} ${selectors.key}`;
}

function createSearch(key: string, request: StretchRequest): Search {
  let resolve: Search["resolve"] = () => {};
  let reject: Search["reject"] = () => {};
  const found = new Promise<FoundStretch>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { key, request, after: request.after, waiting: [], found, resolve, reject };
}
