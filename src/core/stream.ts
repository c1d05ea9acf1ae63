import type { SelectorSet } from "./channel-name.ts";
import type { CloseDetails, CloseReason } from "./close-reason.ts";
import { type Cursor, epochOf, positionOf, timeOfPosition } from "./cursor.ts";
import { closeEvent, liveEvent, type OpenDetails, openEvent, type StreamEvent } from "./events.ts";
import { type Excerpt, LATEST } from "./excerpt.ts";
import type { Gap } from "./log.ts";
import { type Held, type Principal, subjectOf } from "./principal.ts";
import type { StreamOwner } from "./receipts.ts";
import type { RecycleLimits } from "./recycle.ts";
import type { Sink, SinkListener } from "./sink.ts";
import type { PollRecord, StreamKnowledge } from "./stream-figures.ts";
import type { Receipt, StreamSummary } from "./summaries.ts";
import type { View } from "./view.ts";

/** A closed stream's connection is cut after this many ms, however much of it is unread. */
const CLOSE_GRACE_MS = 1_000;

/** Hears what becomes of the connections of its streams. */
export interface StreamHost {
  /** The stream can be given more, after it could not. */
  drained(stream: Stream): void;
  /** The stream's client has read nothing for as long as is allowed. */
  stalled(stream: Stream): void;
  /** The stream's connection is gone, whoever ended it. Called once; nothing follows. */
  disconnected(stream: Stream): void;
}

/** What a stream is made of. */
export interface StreamOptions {
  readonly id: string;
  /** Names it in listings, which must not show the id: whoever has the id may close the stream. */
  readonly handle: number;
  /** Where its client connects from; null if that is not known. */
  readonly address: string | null;
  /** What its client calls itself; null if it does not. */
  readonly browser: string | null;
  /** A name of the caller's own for its client; null if it gave none. */
  readonly client: string | null;
  /** Who it was opened for; null where nobody says. */
  readonly principal: Principal | null;
  readonly view: View<Stream>;
  readonly sink: Sink;
  readonly host: StreamHost;
  /** Where it starts. */
  readonly cursor: Cursor;
  /** Monotonic ms. */
  readonly openedAt: number;
  readonly openedUnixMs: number;
  readonly recycle: RecycleLimits;
  /** Whether it wants only the newest message of each channel of whatever it is behind. */
  readonly latest: boolean;
  /** What it wants of what is kept; null for every message. */
  readonly excerpt: Excerpt | null;
  /** Whether it is told when it has been given all that is kept. */
  readonly asksForKept: boolean;
}

/**
 * One client's open delivery: a cursor and a sink.
 *
 * It holds no messages. At the tip its view hands it shared bytes. When its socket is full it
 * stops, and after the drain it resumes from the log. So a slow reader costs only a cursor.
 *
 * The fields that a delivery needs come first, and in the object itself: between two deliveries to
 * a stream, thousands of others have used the processor's cache. (Whole numbers below 2^31 are
 * stored there, as times are for the first 24 days; fractions and `Infinity` would be objects of
 * their own.)
 */
export class Stream implements SinkListener, Held {
  /** Everything up to here was given, or is not wanted. */
  #cursor: Cursor;
  #lastWriteAt: number;
  #messages = 0;
  #bytes = 0;
  /** Messages of writes that the operating system is known to have taken whole. */
  #messagesTaken = 0;
  readonly #recycleBytes: number;
  readonly #sink: Sink;
  #closed = false;
  readonly view: View<Stream>;
  readonly #recycleMs: number;
  readonly #host: StreamHost;
  readonly id: string;
  readonly handle: number;
  readonly client: string | null;
  readonly address: string | null;
  readonly browser: string | null;
  #principal: Principal | null;
  readonly openedAt: number;
  readonly openedUnixMs: number;
  /** The cursor at which it started. */
  readonly start: Cursor;
  /**
   * During replay: the cursor up to which each channel's losses were told, so that each is told
   * once.
   */
  #toldGaps: Map<string, Cursor> | null = null;
  /** The client says that it has handled everything up to here. */
  #acked: Cursor | null = null;
  /** The last cursor that its client was told. `#cursor` may be later: a skip is not told. */
  #toldCursor: Cursor;
  #latest: boolean;
  /** The last stretch of which it does not want every message; it may be behind it. */
  #excerpt: Excerpt | null;
  #owesLive: boolean;

  constructor(options: StreamOptions) {
    const { id, handle, client, address, view, sink, host, cursor, openedAt, recycle } = options;
    this.#cursor = cursor;
    this.#toldCursor = cursor;
    this.start = cursor;
    this.#lastWriteAt = openedAt;
    this.#recycleBytes = recycle.bytes;
    this.#sink = sink;
    this.view = view;
    this.#recycleMs = recycle.ms;
    this.#host = host;
    this.id = id;
    this.handle = handle;
    this.client = client;
    this.address = address;
    this.browser = options.browser;
    this.#principal = options.principal;
    this.openedAt = openedAt;
    this.openedUnixMs = options.openedUnixMs;
    this.#latest = options.latest;
    this.#excerpt = options.excerpt;
    // Each answer to a poll says for itself whether there was more.
    this.#owesLive = options.asksForKept && view.encoding.transport !== "poll";
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  /** What it wants of the stretch that it is in; null for every message. */
  get excerpt(): Excerpt | null {
    const upTo = this.#excerpt?.upTo ?? null;
    return upTo !== null && this.#cursor >= upTo ? null : this.#excerpt;
  }

  /** The last cursor that its client has acknowledged; null if it never did. */
  get acked(): Cursor | null {
    return this.#acked;
  }

  /** Who it was opened for; null where nobody says. */
  get principal(): Principal | null {
    return this.#principal;
  }

  /** Who may close it and go on with it. */
  get owner(): StreamOwner {
    return { client: this.client, subject: subjectOf(this) };
  }

  /** Where its bytes go. */
  get sink(): Sink {
    return this.#sink;
  }

  get selectors(): SelectorSet {
    return this.view.selectors;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether it can be given more now. */
  get writable(): boolean {
    return !this.#closed && this.#sink.writable;
  }

  /** Monotonic ms of the last write. */
  get lastWriteAt(): number {
    return this.#lastWriteAt;
  }

  /** See {@link SinkListener}. */
  onPause(): void {
    this.view.leaveLive(this); // otherwise each message would look for it
  }

  /** See {@link SinkListener}. */
  onDrain(): void {
    this.#host.drained(this);
  }

  /** See {@link SinkListener}. */
  onStall(): void {
    this.#host.stalled(this);
  }

  /** See {@link SinkListener}. */
  onClosed(): void {
    this.#host.disconnected(this);
  }

  /**
   * Whether its response is so large that a new one should take its place, and its client could be
   * told so now.
   */
  get isLarge(): boolean {
    // Only after a message: otherwise a limit below the size of the preamble would replace it for
    // ever.
    const isOver = this.#recycleBytes > 0 && this.#bytes >= this.#recycleBytes;
    return isOver && this.#messages > 0 && this.#canBeReplaced();
  }

  /** Whether its response is so large or so old that a new one should take its place. */
  isSpent(now: number): boolean {
    const isOld = this.#recycleMs > 0 && now - this.openedAt >= this.#recycleMs;
    // Before its replay has moved on, its client would come back to the same place for ever.
    const hasMoved = this.#cursor !== this.start || this.view.live.has(this);
    return this.isLarge || (isOld && hasMoved && this.#canBeReplaced());
  }

  /**
   * The client has handled everything up to `cursor`.
   *
   * @returns false if it was not given that much
   */
  acknowledge(cursor: Cursor): boolean {
    if (cursor > this.#cursor || epochOf(cursor) !== epochOf(this.#cursor)) return false;
    if (this.#acked === null || cursor > this.#acked) this.#acked = cursor;
    return true;
  }

  /**
   * How old the place is that it has reached, in ms, while there is more for it; 0 if it has been
   * given everything, and between two polls.
   *
   * @param unixNow Unix ms
   */
  lagMs(unixNow: number): number {
    if (this.view.live.has(this) || this.view.encoding.transport === "poll") return 0;
    return Math.max(0, unixNow - timeOfPosition(positionOf(this.#cursor)));
  }

  /**
   * @param now monotonic ms
   * @param unixNow Unix ms
   */
  summarize(now: number, unixNow: number): StreamSummary {
    return {
      handle: this.handle,
      client: this.client,
      subject: subjectOf(this),
      address: this.address,
      browser: this.browser,
      channels: this.view.selectors.selectors,
      transport: this.view.encoding.transport,
      live: this.view.live.has(this),
      cursor: this.#cursor,
      acked: this.#acked,
      ...this.#given(),
      queuedBytes: this.#sink.queuedBytes,
      lagMs: this.lagMs(unixNow),
      openMs: Math.round(now - this.openedAt),
    };
  }

  /**
   * What its own client may ask for over another connection.
   *
   * `cursor` is the last one that was handed to the connection, so a client that has seen less
   * knows that its path holds something back.
   *
   * @param now monotonic ms
   */
  describe(now: number): StreamKnowledge {
    return {
      state: "open",
      cursor: this.#toldCursor,
      ...this.#given(),
      acked: this.#acked,
      openMs: Math.round(now - this.openedAt),
      receipt: null,
    };
  }

  /** The first event of all. */
  open(details: OpenDetails): void {
    this.#write(this.view.encoding.first(openEvent(this.id, this.#cursor, details)));
  }

  /**
   * Give messages that are encoded already, up to and including everything at `cursor`.
   *
   * @param now monotonic ms
   */
  give(bytes: Buffer, cursor: Cursor, messages: number, now: number): void {
    this.#cursor = cursor;
    this.#toldCursor = cursor;
    this.#lastWriteAt = now;
    if (this.#sink.queuedBytes === 0) this.#messagesTaken = this.#messages;
    this.#messages += messages;
    this.#write(bytes);
  }

  /** Its client has shown anew who it is: the same subject as before, perhaps by another token. */
  renew(principal: Principal | null): void {
    this.#principal = principal;
  }

  /** There is nothing for it up to `cursor`. */
  skipTo(cursor: Cursor): void {
    this.#cursor = cursor;
  }

  /**
   * Move to the cursor that its client names. The client gets everything after it, even what it was
   * given before: where it had begun an excerpt, that goes on.
   */
  moveTo(cursor: Cursor): void {
    this.#cursor = cursor;
    this.#toldCursor = cursor;
    this.#toldGaps = null;
  }

  set latest(latest: boolean) {
    this.#latest = latest;
  }

  /**
   * It could not keep up, or has been away. If it wants only the newest message of each channel
   * then, this is so from here to the tip.
   */
  fallBehind(): void {
    if (this.#latest && this.excerpt === null) this.#excerpt = LATEST;
  }

  /**
   * What it wants of the stretch that it is in, where the log is in this epoch: a stretch that
   * ended in an earlier one ends at the tip now.
   */
  excerptFor(epoch: string): Excerpt | null {
    const { excerpt } = this;
    if (excerpt !== null && excerpt.upTo !== null && epochOf(excerpt.upTo) !== epoch)
      this.#excerpt = { ...excerpt, upTo: null };
    return this.excerpt;
  }

  /** It wants this of a stretch. If the end of that is known, it stays so. */
  beginExcerpt(excerpt: Excerpt | null): void {
    this.#excerpt = excerpt;
  }

  /** It has come from another process: count what it was given there. */
  continueFrom({ acked, messages, bytes }: PollRecord): void {
    this.#acked = acked;
    this.#messages = messages;
    this.#bytes += bytes;
  }

  /** Give an event that moves no cursor, or a heartbeat. */
  say(what: StreamEvent | Buffer, now: number): void {
    this.#lastWriteAt = now;
    this.#write(Buffer.isBuffer(what) ? what : this.view.encoding.event(what));
  }

  /** Those of `gaps` that it was not told of yet. Afterwards they count as told. */
  takeNewGaps(gaps: readonly Gap[]): readonly Gap[] {
    if (gaps.length === 0) return gaps;
    this.#toldGaps ??= new Map();
    const told = this.#toldGaps;
    return gaps.filter((gap) => {
      const key = gap.channels.join(",");
      // Whole cursors: the names of a log's successive epochs rise, and a gap may lead to the next.
      if ((told.get(key) ?? gap.after) >= gap.upTo) return false;
      told.set(key, gap.upTo);
      return true;
    });
  }

  /**
   * It has been given everything that there is, so the record of losses told is no longer needed.
   *
   * @param now monotonic ms
   */
  reachedTip(now: number): void {
    this.#toldGaps = null;
    if (this.#excerpt?.upTo === null) this.#excerpt = null;
    if (this.#owesLive) {
      this.#owesLive = false;
      this.give(this.view.encoding.event(liveEvent(this.#cursor)), this.#cursor, 0, now);
    }
    this.#sink.reachedTip();
  }

  /**
   * End it: send the last event if the connection still works, then end the response.
   *
   * @param now monotonic ms
   */
  close(reason: CloseReason, details: CloseDetails, now: number): Receipt {
    this.#closed = true;
    const { text = null } = details;
    const receipt: Receipt = {
      stream: this.id,
      closed: true,
      reason,
      cursor: this.#cursor,
      acked: this.#acked,
      ...this.#given(),
      openMs: Math.round(now - this.openedAt),
      ...(text === null ? {} : { text }),
    };
    if (reason === "gone") this.#sink.destroy();
    else {
      const event = closeEvent(reason, this.#cursor, details);
      this.#sink.end(this.view.encoding.last(event), CLOSE_GRACE_MS, reason);
    }
    return receipt;
  }

  /** It continues in another process: its client is told nothing. */
  release(): void {
    this.#closed = true;
    this.#sink.destroy();
  }

  /** Cut its connection, if it is still being read. */
  cut(): void {
    this.#sink.destroy();
  }

  /** What another process has to know to go on with it. */
  get record(): PollRecord {
    const { acked, handle, openedUnixMs: openedAt } = this;
    return { acked, ...this.#given(), handle, openedAt, excerpt: this.#excerpt };
  }

  /** What was handed to the operating system; what still waits does not count. */
  #given(): { readonly messages: number; readonly bytes: number } {
    const { queuedBytes } = this.#sink;
    return {
      messages: queuedBytes === 0 ? this.#messages : this.#messagesTaken,
      bytes: Math.max(0, this.#bytes - queuedBytes),
    };
  }

  #canBeReplaced(): boolean {
    // A client that came back in the middle of a start would get all messages of what is left.
    const isStarting = this.excerpt !== null && !this.#latest;
    return !this.#closed && this.#sink.queuedBytes === 0 && !isStarting;
  }

  #write(bytes: Buffer): void {
    this.#bytes += bytes.length;
    this.#sink.write(bytes);
  }
}
