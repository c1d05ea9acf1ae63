import type { SelectorSet } from "./channel-name.ts";
import type { Cursor } from "./cursor.ts";
import type { MessageLog, NewestPlaces } from "./log.ts";

/** Places in one list: enough for the newest message of each of 10,000 channels. */
const PLACES_OF_LIST = 12_000;

/** Places kept for all streams together: some 8 MB. */
const PLACES_KEPT = 60_000;

/** Searches at the same time: one that takes long must not hold up all the others. */
const SEARCHES_AT_ONCE = 4;

/** Where the newest messages of each channel are, in (`after`, `to`]. */
export interface NewestList {
  readonly after: Cursor;
  readonly to: Cursor;
  /** Newest up to here. If `to` is before it, what is between is in another list. */
  readonly upTo: Cursor;
  readonly places: NewestPlaces["places"];
}

/** A list that a stream wants. */
export interface ListRequest {
  readonly selectors: SelectorSet;
  /** Messages of each channel: 1 or more. */
  readonly count: number;
  /** The list has to begin here or earlier. */
  readonly after: Cursor;
  /** Newest up to here; null for the tip at the time when the search begins. */
  readonly upTo: Cursor | null;
}

/** What the lists are made of. */
interface NewestListsOptions {
  readonly log: MessageLog;
  /** The tip, as far as messages have been, or are being, given to the live streams. */
  readonly delivered: () => Cursor;
}

/** A search that has not begun, and those that wait for it. */
interface Search {
  readonly request: ListRequest;
  /** The earliest place at which one of them wants the list to begin. */
  after: Cursor;
  readonly waiting: (() => boolean)[];
  readonly found: Promise<NewestList>;
  resolve(list: NewestList): void;
  reject(error: unknown): void;
}

/**
 * Finds the newest messages of each channel, for streams that want no others.
 *
 * When a page is loaded everywhere, thousands ask for the same at about the same time. So those
 * that come while a search is under way share the next one, and lists are kept for a while.
 */
export class NewestLists {
  readonly #options: NewestListsOptions;
  /** The list that was used longest ago is the first. */
  readonly #lists = new Map<string, NewestList>();
  #kept = 0;
  /** The next search is the first. */
  readonly #waiting = new Map<string, Search>();
  readonly #underWay = new Set<string>();

  constructor(options: NewestListsOptions) {
    this.#options = options;
  }

  /**
   * The list to continue from at `after`; null if it has to be found, as where the end of the
   * stretch is not known.
   */
  get(request: ListRequest): NewestList | null {
    const key = keyOf(request);
    const list = this.#lists.get(key);
    if (list === undefined || request.after < list.after || request.after >= list.to) return null;
    this.#lists.delete(key);
    this.#lists.set(key, list);
    return list;
  }

  /** Whether others have asked for such a list, and have not got it yet. */
  isSought(request: ListRequest): boolean {
    const key = keyOf(request);
    return this.#waiting.has(key) || this.#underWay.has(key);
  }

  /**
   * Find a list.
   *
   * @param isGone whether the caller does not wait for it any more
   * @throws ForeverframeError FF_LOG_UNAVAILABLE; FF_REQUEST_INVALID: nobody waits
   */
  find(request: ListRequest, isGone: () => boolean): Promise<NewestList> {
    const key = keyOf(request);
    const search = this.#waiting.get(key) ?? createSearch(request);
    this.#waiting.set(key, search);
    if (request.after < search.after) search.after = request.after;
    search.waiting.push(isGone);
    this.#beginNext();
    return search.found;
  }

  #beginNext(): void {
    for (const [key, search] of this.#waiting) {
      if (this.#underWay.size === SEARCHES_AT_ONCE) return;
      // Two at once would be two lists, where those that wait now can share one.
      if (this.#underWay.has(key)) continue;
      this.#waiting.delete(key);
      this.#underWay.add(key);
      this.#search(search)
        .then(search.resolve, search.reject)
        .finally(() => {
          this.#underWay.delete(key);
          this.#beginNext();
        });
    }
  }

  async #search({ request, after, waiting }: Search): Promise<NewestList> {
    const { log, delivered } = this.#options;
    const { selectors, count } = request;
    const upTo = request.upTo ?? delivered();
    const isGone = () => waiting.every((isOneGone) => isOneGone());
    const limit = PLACES_OF_LIST;
    const found = await log.findNewest({ selectors, count, after, upTo, limit, isGone });
    const list = { after, to: found.upTo, upTo, places: found.places };
    this.#keep(keyOf({ ...request, upTo }), list);
    return list;
  }

  #keep(key: string, list: NewestList): void {
    this.#drop(key);
    this.#lists.set(key, list);
    this.#kept += list.places.length;
    for (const oldest of this.#lists.keys()) {
      if (this.#kept <= PLACES_KEPT) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#kept -= this.#lists.get(key)?.places.length ?? 0;
    this.#lists.delete(key);
  }
}

function keyOf({ selectors, count, upTo }: ListRequest): string {
  return `${count} ${upTo ?? ""} ${selectors.key}`;
}

function createSearch(request: ListRequest): Search {
  let resolve: Search["resolve"] = () => {};
  let reject: Search["reject"] = () => {};
  const found = new Promise<NewestList>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { request, after: request.after, waiting: [], found, resolve, reject };
}
