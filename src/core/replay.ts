import { type Cursor, epochOf } from "./cursor.ts";
import { gapEvent } from "./events.ts";
import type { Excerpt, PassedOver } from "./excerpt.ts";
import type { Gap, MessageLog, PassedRows } from "./log.ts";
import { Oldest } from "./oldest.ts";
import {
  type FoundStretch,
  isSearchDue,
  PlaceFinder,
  type StretchRequest,
} from "./place-finder.ts";
import type { Scheduler } from "./scheduler.ts";
import { type Segment, Segments } from "./segments.ts";
import type { Stream } from "./stream.ts";
import type { Tally } from "./tally.ts";

/** How long streams are served in one turn of the event loop, in ms. */
const TURN_MS = 2;

/** While other streams wait, one search continues after this many of them. */
const SERVED_BETWEEN_SEARCHES = 8;

/** Pause before the log is tried again after it failed, in ms. */
const RETRY_MS = 500;

/** A stream whose messages are searched for by their channels. */
interface Awaited {
  /** What the stream wants of them. */
  readonly excerpt: Excerpt | null;
  /** Null until they are found. Then they are held for the stream until that is served. */
  readonly list: FoundStretch | null;
}

/** What replaying needs. */
export interface ReplayOptions {
  readonly log: MessageLog;
  readonly scheduler: Scheduler;
  /** Everything up to here has been, or is being, given to the live streams. */
  readonly delivered: () => Cursor;
  /** Ends a stream whose response has become too large or too old. */
  readonly recycle: (stream: Stream) => void;
  readonly tally: Tally;
  /** A stream is told of a gap. */
  readonly onGap: (stream: Stream, gap: Gap) => void;
  /** A stream is about to be given only a part of a stretch, as it asked for. */
  readonly onPassedOver: (stream: Stream, stretch: PassedOver) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Reads the log for streams that are behind it, until they are live.
 *
 * Streams take turns, a segment each, so that one with much to read delays no other. After a
 * restart thousands ask for the same segments, so each is read and encoded once.
 */
export class Replay {
  readonly #options: ReplayOptions;
  /** Streams to be served, the next first. */
  readonly #queue = new Set<Stream>();
  /**
   * Streams whose last segment held nothing for them. Searching on takes longer than serving a
   * segment, and must not delay the others.
   */
  readonly #searching = new Set<Stream>();
  readonly #nextWaiting = new Oldest(this.#queue);
  readonly #nextSearching = new Oldest(this.#searching);
  /** Streams served since the last search. */
  #servedBetween = 0;
  readonly #segments: Segments;
  readonly #finder: PlaceFinder;
  readonly #awaited = new Map<Stream, Awaited>();
  /** Messages that a stream has passed over for nothing since it was given one. */
  readonly #passed = new Map<Stream, number>();
  /** How many streams are served at once now. */
  #loops = 0;
  #turnEnds = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#segments = new Segments(options);
    this.#finder = new PlaceFinder(options);
  }

  /** Serve this stream until it is live, full, or closed. */
  add(stream: Stream): void {
    // A stream is never both live and queued: replay could then deliver older messages after live
    // ones.
    stream.view.leaveLive(stream);
    this.#searching.delete(stream);
    this.#queue.add(stream);
    if (this.#loops === this.#options.log.capabilities.readsAtOnce) return;
    this.#loops++;
    void this.#run();
  }

  /** Messages were deleted: what was read before must not be given any more. */
  forgetSegments(): void {
    this.#segments.forget();
  }

  /** The stream has ended, or continues in another process. */
  remove(stream: Stream): void {
    this.#queue.delete(stream);
    this.#searching.delete(stream);
    this.#awaited.delete(stream);
    this.#passed.delete(stream);
  }

  /**
   * Move a stream from replay to live, which happens here and nowhere else.
   *
   * A stream goes live when it has been given everything up to the tailer's cursor, which is what
   * the live streams have been given or are being given now. The two cursors are compared in the
   * same step of the event loop. Messages beyond have not been delivered to anybody, and will reach
   * this stream like the others.
   *
   * @returns whether it is live now
   */
  goLive(stream: Stream): boolean {
    if (stream.closed || !stream.writable || stream.cursor < this.#options.delivered())
      return false;
    // A drain may have queued it again meanwhile. Both live and queued, it would be given the batch
    // on its way twice.
    this.remove(stream);
    stream.reachedTip(this.#options.scheduler.monotonicMs());
    if (!stream.writable) return false; // a poll, which is answered now, or a socket that is full
    stream.view.goLive(stream);
    return true;
  }

  async #run(): Promise<void> {
    const { scheduler } = this.#options;
    if (this.#loops === 1) this.#turnEnds = scheduler.monotonicMs() + TURN_MS;
    for (let stream = this.#next(); stream !== undefined; stream = this.#next()) {
      try {
        await this.#serve(stream);
      } catch (error) {
        this.#failed(stream, error);
      }
      if (scheduler.monotonicMs() < this.#turnEnds) continue;
      await scheduler.nextTurn();
      this.#turnEnds = scheduler.monotonicMs() + TURN_MS;
    }
    this.#loops--;
  }

  #next(): Stream | undefined {
    const isSearchNext = this.#queue.size === 0 || ++this.#servedBetween > SERVED_BETWEEN_SEARCHES;
    if (!isSearchNext) return this.#nextWaiting.take();
    this.#servedBetween = 0;
    return this.#nextSearching.take() ?? this.#nextWaiting.take();
  }

  async #serve(stream: Stream): Promise<void> {
    const found = this.#takeFound(stream);
    if (this.goLive(stream)) return;
    if (!stream.writable) return; // its drain brings it back
    const { scheduler, delivered, recycle, onGap } = this.#options;
    if (stream.isSpent(scheduler.monotonicMs())) return recycle(stream);
    const from = stream.cursor;
    const excerpt = stream.excerptFor(epochOf(delivered()));
    const segment = await this.#segment(stream, excerpt, found);
    // A poll has moved the stream meanwhile, or its drain has queued it again, and it was served.
    if (!stream.writable || stream.cursor !== from || stream.excerpt !== excerpt) return;
    if (segment === null) return this.#find(stream, excerpt);
    const now = scheduler.monotonicMs();
    for (const gap of stream.takeNewGaps(segment.gaps)) {
      stream.say(gapEvent(gap), now);
      onGap(stream, gap);
    }
    if (segment.excerpt !== null) this.#begin(stream, segment.excerpt, segment.leavesOut);
    this.#give(stream, segment, now);
    if (excerpt !== null && stream.excerpt === null) stream.fallBehind();
    if (this.goLive(stream) || !stream.writable) return;
    if (segment.encoded === null) return this.#passOver(stream, excerpt, segment.passed);
    this.#passed.delete(stream);
    this.#queue.add(stream);
  }

  /** What was found for a stream, which is not kept for it any longer. */
  #takeFound(stream: Stream): FoundStretch | null {
    const list = this.#awaited.get(stream)?.list ?? null;
    if (list === null) return null;
    this.#awaited.delete(stream);
    // A poll has moved the stream back meanwhile.
    return list.after > stream.cursor ? null : list;
  }

  /** There was nothing for a stream: it reads on, until that has cost as much as a search does. */
  #passOver(stream: Stream, excerpt: Excerpt | null, passed: PassedRows | null): void {
    if (passed === null) {
      this.#searching.add(stream);
      return;
    }
    const rows = (this.#passed.get(stream) ?? 0) + passed.rows;
    if (isSearchDue({ ...passed, rows })) {
      this.#passed.delete(stream);
      this.#find(stream, excerpt);
      return;
    }
    this.#passed.set(stream, rows);
    this.#searching.add(stream);
  }

  /** Null if the stream wants the newest messages, which have to be found first. */
  async #segment(
    { view, cursor: after }: Stream,
    excerpt: Excerpt | null,
    found: FoundStretch | null,
  ): Promise<Segment | null> {
    const request = requestOf(view.selectors, after, excerpt);
    const list = found ?? this.#finder.get(request);
    if (list === null && request.count !== null && this.#finder.isSought(request)) return null;
    return this.#segments.get({ view, after, excerpt, list });
  }

  /** Find what a stream needs next, which takes some turns of the loop, and queue it again. */
  #find(stream: Stream, excerpt: Excerpt | null): void {
    if (this.#awaited.get(stream)?.excerpt === excerpt) return;
    const request = requestOf(stream.selectors, stream.cursor, excerpt);
    const awaited = { excerpt, list: null };
    this.#awaited.set(stream, awaited);
    const isGone = () => this.#awaited.get(stream) !== awaited;
    this.#finder.find(request, isGone).then(
      (list) => {
        if (isGone()) return;
        if (excerpt !== null && request.count !== null)
          this.#begin(stream, { ...excerpt, upTo: list.upTo }, true);
        this.#awaited.set(stream, { excerpt, list });
        this.add(stream);
      },
      (error: unknown) => {
        if (isGone()) return;
        this.#awaited.delete(stream);
        this.#failed(stream, error);
      },
    );
  }

  /** The end of what a stream is to be given an excerpt of is known. */
  #begin(stream: Stream, excerpt: Excerpt, leavesOut: boolean): void {
    const { newest, sinceMs, upTo } = excerpt;
    const isNew = stream.excerpt?.upTo === null;
    if (isNew && leavesOut && upTo !== null)
      this.#options.onPassedOver(stream, { after: stream.cursor, upTo, newest, sinceMs });
    stream.beginExcerpt(excerpt);
  }

  #give(stream: Stream, { encoded, cursor }: Segment, now: number): void {
    if (encoded === null) {
      stream.skipTo(cursor);
      return;
    }
    const { bytes, count } = encoded;
    const { tally } = this.#options;
    stream.give(bytes, cursor, count, now);
    tally.delivered += count;
    tally.deliveredBytes += bytes.length;
    tally.replayed += count;
  }

  #failed(stream: Stream, error: unknown): void {
    const { scheduler, onError } = this.#options;
    onError(error);
    scheduler.after(RETRY_MS, () => {
      if (!stream.closed) this.add(stream);
    });
  }
}

/** What a stream wants, as it is searched for. */
function requestOf(
  selectors: StretchRequest["selectors"],
  after: Cursor,
  excerpt: Excerpt | null,
): StretchRequest {
  return { selectors, count: excerpt?.newest ?? null, after, upTo: excerpt?.upTo ?? null };
}
