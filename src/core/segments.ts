import type { Cursor } from "./cursor.ts";
import { type Excerpt, excerptOf } from "./excerpt.ts";
import type { Gap, LogBatch, MessageLog, PassedRows } from "./log.ts";
import type { FoundStretch } from "./place-finder.ts";
import type { Stream } from "./stream.ts";
import type { EncodedMessages, View } from "./view.ts";

/** What one stream gets before the next one has its turn. */
export const SEGMENT = { maxMessages: 1_000, maxBytes: 65_536 };

/** Encoded segments that are kept for other streams of the same view, in bytes. */
const CACHE_BYTES = 8_388_608;

/**
 * A piece of the log in the bytes of one view: immutable, so it can be given to any stream of the
 * view that needs it.
 */
export interface Segment {
  readonly encoded: EncodedMessages | null;
  readonly cursor: Cursor;
  readonly gaps: readonly Gap[];
  /**
   * Whether it ended with the tailer's cursor at that time, and not because it was large enough, or
   * because the stretch of an excerpt ends there.
   */
  readonly atEnd: boolean;
  /** What it is an excerpt of, with the end of that stretch; null if it has every message. */
  readonly excerpt: Excerpt | null;
  /** Whether messages were left out. */
  readonly leavesOut: boolean;
  /** See `LogBatch`. */
  readonly passed: PassedRows | null;
}

/** What a stream needs next. */
export interface SegmentRequest {
  readonly view: View<Stream>;
  readonly after: Cursor;
  readonly excerpt: Excerpt | null;
  /**
   * Where the messages are; the end of an excerpt is then the list's. Null if that is not known:
   * then everything is read, which helps with the newest of each channel only if the stretch is
   * short.
   */
  readonly list: FoundStretch | null;
}

/** What the segments are made of. */
interface SegmentsOptions {
  readonly log: MessageLog;
  /** Everything up to here has been, or is being, given to the live streams. */
  readonly delivered: () => Cursor;
}

/**
 * Reads pieces of the log in the bytes of views. After a restart thousands of streams ask for the
 * same ones, so each is read and encoded once.
 */
export class Segments {
  readonly #options: SegmentsOptions;
  readonly #segments = new Map<string, Segment>();
  /** Segments that are being read. */
  readonly #reading = new Map<string, Promise<Segment | null>>();
  #bytes = 0;
  #generation = 0;

  constructor(options: SegmentsOptions) {
    this.#options = options;
  }

  /** Messages were deleted: what was read before must not be given any more. */
  forget(): void {
    this.#generation++;
    this.#reading.clear();
    this.#segments.clear();
    this.#bytes = 0;
  }

  /**
   * A known segment, or one that is read now, perhaps for other streams. Null if only the newest
   * messages of a long stretch are wanted, and the request has no list of them.
   *
   * @throws ForeverframeError FF_LOG_UNAVAILABLE
   */
  async get(request: SegmentRequest): Promise<Segment | null> {
    const { view, after, excerpt } = request;
    const key = `${after} ${view.encoding.key} ${keyOf(excerpt)}${view.selectors.key}`;
    const known = this.#segments.get(key);
    // A segment that ended with the log is read again once there is more. Otherwise each publish
    // would add a small segment to a chain that every stream had to walk, and those at its end
    // would never catch up.
    if (known !== undefined && (!known.atEnd || known.cursor >= this.#options.delivered()))
      return known;
    const underWay = this.#reading.get(key);
    if (underWay !== undefined) return underWay;
    const reading = this.#read(request, key).finally(() => {
      if (this.#reading.get(key) === reading) this.#reading.delete(key);
    });
    this.#reading.set(key, reading);
    return reading;
  }

  async #read(request: SegmentRequest, key: string): Promise<Segment | null> {
    const generation = this.#generation;
    const { view, excerpt } = request;
    const segment =
      excerpt === null
        ? this.#encode(request, await this.#readEvery(request), null)
        : await this.#readExcerpt(request, excerpt);
    if (segment !== null && view.streams > 1 && generation === this.#generation)
      this.#keep(key, segment);
    return segment;
  }

  async #readEvery(request: SegmentRequest): Promise<LogBatch> {
    const { list } = request;
    if (list === null) return this.#readAll(request, this.#options.delivered());
    return { ...(await this.#readList(request, list)), atEnd: false };
  }

  async #readExcerpt(request: SegmentRequest, excerpt: Excerpt): Promise<Segment | null> {
    const { list } = request;
    const { newest, sinceMs } = excerpt;
    if (list !== null) {
      const batch = await this.#readList(request, list);
      const messages = excerptOf(batch.messages, { newest: null, sinceMs });
      return this.#encode(request, { ...batch, messages, atEnd: false }, excerpt, true);
    }
    const upTo = excerpt.upTo ?? this.#options.delivered();
    const batch = await this.#readAll(request, upTo);
    // Whether a message is one of the newest is known only where all that follow are known.
    if (newest !== null && !batch.atEnd) return null;
    const messages = excerptOf(batch.messages, excerpt);
    const leavesOut = messages.length < batch.messages.length;
    const atEnd = batch.atEnd && excerpt.upTo === null;
    return this.#encode(request, { ...batch, messages, atEnd }, { ...excerpt, upTo }, leavesOut);
  }

  #readAll({ view, after, excerpt }: SegmentRequest, upTo: Cursor): Promise<LogBatch> {
    const count = excerpt?.newest ?? null;
    const wanted = count === null ? undefined : { count, places: null };
    return this.#options.log.read({ selectors: view.selectors, after, upTo, wanted, ...SEGMENT });
  }

  /** Read what a list has after `after`. */
  #readList(
    { view, after, excerpt }: SegmentRequest,
    { places, to }: FoundStretch,
  ): Promise<LogBatch> {
    const first = firstAfter(places, after);
    const next = places.slice(first, first + SEGMENT.maxMessages);
    const isLast = first + next.length === places.length;
    return this.#options.log.read({
      selectors: view.selectors,
      after,
      upTo: isLast ? to : (next.at(-1)?.id ?? to),
      wanted: { count: excerpt?.newest ?? null, places: next },
      ...SEGMENT,
    });
  }

  #encode(
    { view }: SegmentRequest,
    { messages, cursor, gaps, atEnd, passed }: LogBatch,
    excerpt: Excerpt | null,
    leavesOut = false,
  ): Segment {
    const encoded = messages.length === 0 ? null : view.encode(messages);
    return { encoded, cursor, gaps, atEnd, excerpt, leavesOut, passed };
  }

  #keep(key: string, segment: Segment): void {
    this.#drop(key);
    this.#segments.set(key, segment);
    this.#bytes += sizeOf(key, segment);
    for (const oldest of this.#segments.keys()) {
      if (this.#bytes <= CACHE_BYTES) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const segment = this.#segments.get(key);
    if (segment === undefined) return;
    this.#segments.delete(key);
    this.#bytes -= sizeOf(key, segment);
  }
}

function keyOf(excerpt: Excerpt | null): string {
  if (excerpt === null) return "";
  const { newest, sinceMs, upTo } = excerpt;
  return `${newest ?? ""}:${sinceMs ?? ""}:${upTo ?? ""} `;
}

/** The index of the first place after a cursor. */
function firstAfter(places: FoundStretch["places"], after: Cursor): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle]?.id ?? "") <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sizeOf(key: string, { encoded, gaps }: Segment): number {
  return key.length + 200 * (1 + gaps.length) + (encoded?.bytes.length ?? 0);
}
