import type { Cursor } from "./cursor.ts";
import { gapEvent } from "./events.ts";
import type { Gap, MessageLog } from "./log.ts";
import { Oldest } from "./oldest.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Stream } from "./stream.ts";
import type { Tally } from "./tally.ts";
import type { EncodedMessages, View } from "./view.ts";

/** What one stream gets before the next one has its turn. */
export const SEGMENT = { maxMessages: 1_000, maxBytes: 65_536 };

/** How long streams are served in one turn of the event loop, in ms. */
const TURN_MS = 2;

/** While other streams wait, one search continues after this many of them. */
const SERVED_BETWEEN_SEARCHES = 8;

/** Encoded segments that are kept for other streams of the same view, in bytes. */
const CACHE_BYTES = 8_388_608;

/** Pause before the log is tried again after it failed, in ms. */
const RETRY_MS = 500;

/**
 * A piece of the log in the bytes of one view: immutable, so it can be given to any stream of the
 * view that needs it.
 */
interface Segment {
  readonly encoded: EncodedMessages | null;
  readonly cursor: Cursor;
  readonly gaps: readonly Gap[];
  /**
   * Whether it ended with the tailer's cursor at that time, and not because it was large enough.
   */
  readonly atEnd: boolean;
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
  readonly #segments = new Map<string, Segment>();
  /** Segments that are being read. */
  readonly #reading = new Map<string, Promise<Segment>>();
  #segmentBytes = 0;
  #generation = 0;
  /** How many streams are served at once now. */
  #loops = 0;
  #turnEnds = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
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
    this.#generation++;
    this.#reading.clear();
    this.#segments.clear();
    this.#segmentBytes = 0;
  }

  /** The stream has ended, or continues in another process. */
  remove(stream: Stream): void {
    this.#queue.delete(stream);
    this.#searching.delete(stream);
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
    stream.reachedTip();
    if (!stream.writable) return false; // a poll, which is answered now
    stream.view.goLive(stream);
    return true;
  }

  async #run(): Promise<void> {
    const { scheduler, onError } = this.#options;
    if (this.#loops === 1) this.#turnEnds = scheduler.monotonicMs() + TURN_MS;
    for (let stream = this.#next(); stream !== undefined; stream = this.#next()) {
      try {
        await this.#serve(stream);
      } catch (error) {
        onError(error);
        const unserved = stream;
        scheduler.after(RETRY_MS, () => {
          if (!unserved.closed) this.add(unserved);
        });
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
    if (this.goLive(stream)) return;
    if (!stream.writable) return; // its drain brings it back
    const { scheduler, recycle, onGap } = this.#options;
    if (stream.isSpent(scheduler.monotonicMs())) return recycle(stream);
    const from = stream.cursor;
    const segment = await this.#segment(stream.view, from);
    // A poll has moved the stream meanwhile, or its drain has queued it again, and it was served.
    if (!stream.writable || stream.cursor !== from) return;
    const now = scheduler.monotonicMs();
    for (const gap of stream.takeNewGaps(segment.gaps)) {
      stream.say(gapEvent(gap), now);
      onGap(stream, gap);
    }
    this.#give(stream, segment, now);
    if (this.goLive(stream) || !stream.writable) return;
    if (segment.encoded === null) this.#searching.add(stream);
    else this.#queue.add(stream);
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

  /** A known segment, or one that is read now, perhaps for other streams. */
  async #segment(view: View<Stream>, after: Cursor): Promise<Segment> {
    const key = `${after} ${view.encoding.key} ${view.selectors.key}`;
    const { delivered } = this.#options;
    const known = this.#segments.get(key);
    // A segment that ended with the log is read again once there is more. Otherwise each publish
    // would add a small segment to a chain that every stream had to walk, and those at its end
    // would never catch up.
    if (known !== undefined && (!known.atEnd || known.cursor >= delivered())) return known;
    const underWay = this.#reading.get(key);
    if (underWay !== undefined) return underWay;
    const reading = this.#read(view, after, key).finally(() => {
      if (this.#reading.get(key) === reading) this.#reading.delete(key);
    });
    this.#reading.set(key, reading);
    return reading;
  }

  async #read(view: View<Stream>, after: Cursor, key: string): Promise<Segment> {
    const { log, delivered } = this.#options;
    const generation = this.#generation;
    const batch = await log.read({
      selectors: view.selectors,
      after,
      upTo: delivered(),
      ...SEGMENT,
    });
    const segment = {
      encoded: batch.messages.length === 0 ? null : view.encode(batch.messages),
      cursor: batch.cursor,
      gaps: batch.gaps,
      atEnd: batch.atEnd,
    };
    if (view.streams > 1 && generation === this.#generation) this.#keep(key, segment);
    return segment;
  }

  #keep(key: string, segment: Segment): void {
    this.#drop(key);
    this.#segments.set(key, segment);
    this.#segmentBytes += sizeOf(key, segment);
    for (const oldest of this.#segments.keys()) {
      if (this.#segmentBytes <= CACHE_BYTES) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const segment = this.#segments.get(key);
    if (segment === undefined) return;
    this.#segments.delete(key);
    this.#segmentBytes -= sizeOf(key, segment);
  }
}

function sizeOf(key: string, { encoded, gaps }: Segment): number {
  return key.length + 200 * (1 + gaps.length) + (encoded?.bytes.length ?? 0);
}
