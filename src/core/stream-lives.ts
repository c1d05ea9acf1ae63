import type { Bus } from "./bus.ts";
import { type CloseDetails, type CloseReason, reconnects } from "./close-reason.ts";
import { Deadlines } from "./deadlines.ts";
import { expiringEvent } from "./events.ts";
import type { PassedOver } from "./excerpt.ts";
import type { FanOut } from "./fan-out.ts";
import type { LifeListener } from "./life-listener.ts";
import type { Gap } from "./log.ts";
import type { Principal } from "./principal.ts";
import { type ReceiptLimits, Receipts, type StreamOwner } from "./receipts.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Stream, StreamHost } from "./stream.ts";
import { type Applicant, type StreamLimits, Streams } from "./streams.ts";
import type { Receipt } from "./summaries.ts";
import type { Views } from "./view.ts";

/**
 * A client hears this long before its stream expires that it will, in ms; half way there, where it
 * has less time than this.
 */
const NOTICE_MS = 60_000;

/** What the lives of streams depend on. */
export interface StreamLivesOptions {
  readonly bus: Bus;
  readonly scheduler: Scheduler;
  readonly limits: StreamLimits & ReceiptLimits;
  readonly views: Views<Stream>;
  readonly fanOut: FanOut;
  readonly listeners: readonly LifeListener[];
}

/**
 * The streams of one process: those that are open, those that are ending, and those that are
 * remembered.
 */
export class StreamLives implements StreamHost {
  readonly #options: StreamLivesOptions;
  readonly #open: Streams;
  readonly #receipts: Receipts;
  readonly #deadlines: Deadlines<Stream>;
  readonly #notices: Deadlines<Stream>;
  /** Streams that have ended, and whose connections are still being read. */
  readonly #ending = new Set<Stream>();
  #whenIdle: (() => void)[] = [];

  constructor(options: StreamLivesOptions) {
    const { limits, scheduler } = options;
    this.#options = options;
    this.#open = new Streams(limits, (stream) => this.end(stream, "gone"));
    this.#receipts = new Receipts(limits);
    this.#deadlines = new Deadlines(scheduler, (stream) => this.end(stream, "expired"));
    this.#notices = new Deadlines(scheduler, (stream) => this.#warn(stream));
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** An open stream. */
  get(id: string): Stream | undefined {
    return this.#open.get(id);
  }

  /** The open streams, in the order of their opening. */
  all(): Iterable<Stream> {
    return this.#open.all();
  }

  /** The open streams of a client. */
  ofClient(client: string): readonly Stream[] {
    return this.#open.ofClient(client);
  }

  /** See {@link Streams.checkRoom}. */
  checkRoom(applicant: Applicant): void {
    this.#open.checkRoom(applicant);
  }

  /** A stream is open here from now on. */
  add(stream: Stream): void {
    this.#open.add(stream);
  }

  /** A stream that was added is new, and has not come from another process. */
  tellOpened(stream: Stream): void {
    for (const listener of this.#options.listeners) listener.onOpened(stream);
  }

  /** A stream was told of a gap. */
  tellGap(stream: Stream, gap: Gap): void {
    for (const listener of this.#options.listeners) listener.onGap?.(stream, gap);
  }

  /** A stream is given only a part of a stretch. */
  tellPassedOver(stream: Stream, stretch: PassedOver): void {
    for (const listener of this.#options.listeners) listener.onPassedOver?.(stream, stretch);
  }

  /**
   * End a stream with `expired`, unless this is called again before.
   *
   * @param ms from now; null for never
   */
  expireAfter(stream: Stream, ms: number | null): void {
    this.#deadlines.set(stream, ms);
    // Each poll brings what allows it.
    if (stream.view.encoding.transport === "poll") return;
    const noticeMs = ms !== null && ms <= NOTICE_MS ? ms / 2 : NOTICE_MS;
    this.#notices.set(stream, ms === null ? null : ms - noticeMs);
  }

  /**
   * A client has shown anew what allows its stream.
   *
   * @param ms after which the stream expires, from now; null for never
   */
  renew(stream: Stream, principal: Principal | null, ms: number | null): void {
    stream.renew(principal);
    this.expireAfter(stream, ms);
  }

  /**
   * End a stream, and remember how.
   *
   * @returns its receipt, the same again if it has already ended; null if that was too long ago to
   *   be remembered
   */
  end(stream: Stream, reason: CloseReason, details: CloseDetails = {}): Receipt | null {
    if (stream.closed) return this.receiptOf(stream.id);
    const now = this.#now();
    const receipt = stream.close(reason, details, now);
    this.#receipts.add(receipt, stream.owner, now);
    if (!reconnects(reason)) this.#options.bus.tell("noticeClosed", receipt, stream.owner);
    this.#leave(stream);
    for (const listener of this.#options.listeners) listener.onClosed(stream, receipt);
    return receipt;
  }

  /** Take a stream out of this process, without telling its client: it continues in another one. */
  release(stream: Stream): void {
    stream.release();
    this.#leave(stream);
  }

  /** A stream of another process has ended. */
  remember(receipt: Receipt, owner: StreamOwner): void {
    this.#receipts.add(receipt, owner, this.#now());
  }

  /** The receipt of a stream that ended a short while ago; null otherwise. */
  receiptOf(id: string): Receipt | null {
    return this.#receipts.get(id, this.#now());
  }

  /**
   * The receipt of a stream that ended a short while ago and whose client is not to come back; null
   * otherwise, and where it was another subject's.
   */
  finalReceiptOf(id: string, subject: string | null): Receipt | null {
    const receipt = this.receiptOf(id);
    if (receipt === null || this.ownerOf(id)?.subject !== subject) return null;
    return reconnects(receipt.reason) ? null : receipt;
  }

  /** The owner of a stream that is open here, or ended here a short while ago; null if unknown. */
  ownerOf(id: string): StreamOwner | null {
    const stream = this.#open.get(id);
    if (stream !== undefined) return stream.owner;
    return this.#receipts.ownerOf(id, this.#now());
  }

  /** Forget the receipts whose time is over. */
  forgetOld(): void {
    this.#receipts.expire(this.#now());
  }

  /** Resolves when no connection of a stream is left. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Cut the connections of streams that have ended and that are still being read. */
  cut(): void {
    for (const stream of this.#ending) stream.cut();
  }

  /** Stop looking for expired streams. */
  stop(): void {
    this.#deadlines.stop();
    this.#notices.stop();
  }

  /** See {@link StreamHost}. */
  drained(stream: Stream): void {
    this.#options.fanOut.serve(stream);
  }

  /** See {@link StreamHost}. */
  stalled(stream: Stream): void {
    this.end(stream, "slow");
  }

  /** See {@link StreamHost}. */
  disconnected(stream: Stream): void {
    this.end(stream, "gone");
    this.#ending.delete(stream);
    if (this.#isIdle) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  get #isIdle(): boolean {
    return this.#open.size + this.#ending.size === 0;
  }

  #leave(stream: Stream): void {
    const { views, fanOut } = this.#options;
    this.#ending.add(stream);
    this.#deadlines.remove(stream);
    this.#notices.remove(stream);
    this.#open.remove(stream);
    views.leave(stream.view, stream);
    fanOut.remove(stream);
  }

  #warn(stream: Stream): void {
    const inMs = this.#deadlines.leftMs(stream);
    if (inMs !== null) stream.say(expiringEvent(inMs), this.#now());
  }

  #now(): number {
    return this.#options.scheduler.monotonicMs();
  }
}
