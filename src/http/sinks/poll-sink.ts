import type { Sink, SinkListener } from "../../core/sink.ts";
import { PollAnswer } from "../../transports/poll.ts";

/** Longest time that a poll with a wait of 0 waits for the log, in ms. */
const SHORTEST_WAIT_MS = 1_000;

/** A poll that is waiting. */
interface WaitingPoll {
  readonly answer: PollAnswer;
  readonly respond: (parts: readonly Buffer[]) => void;
  /** Whether it is answered as soon as the log's tip is reached, even with nothing. */
  readonly isHasty: boolean;
  readonly timer: NodeJS.Timeout;
}

/**
 * The sink of a long-poll stream, which lives across its polls.
 *
 * It collects what the waiting poll gets. Without a poll it takes nothing: the next one says where
 * to resume, so what was written or lost meanwhile is read again from the log.
 */
export class PollSink implements Sink {
  readonly #keptMs: number;
  #listener: SinkListener | null = null;
  #poll: WaitingPoll | null = null;
  #isAtTip = false;
  #expiry: NodeJS.Timeout | null = null;

  /** @param keptMs how long the stream is kept beyond a poll's wait when no other comes */
  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  /**
   * A poll has come. An earlier one that still waits is answered at once, with what it was given so
   * far: nothing, if the stream is at the tip.
   *
   * @param waitMs how long it waits when there is nothing; 0 for not at all
   * @param respond takes the answer; called once, unless it is {@link abandon}ed
   */
  wait(waitMs: number, respond: (parts: readonly Buffer[]) => void): void {
    this.#respond();
    const timer = setTimeout(() => this.#respond(), Math.max(waitMs, SHORTEST_WAIT_MS));
    this.#poll = { answer: new PollAnswer(), respond, isHasty: waitMs === 0, timer };
    this.#isAtTip = false;
    this.#expireIn(waitMs + this.#keptMs);
  }

  /** The client of a poll has gone. */
  abandon(respond: (parts: readonly Buffer[]) => void): void {
    if (this.#poll?.respond !== respond) return;
    clearTimeout(this.#poll.timer);
    this.#poll = null;
    this.#listener?.onPause();
    this.#expireIn(this.#keptMs);
  }

  listen(listener: SinkListener): void {
    this.#listener = listener;
  }

  write(piece: Buffer): void {
    this.#poll?.answer.add(piece);
    this.#respondIfComplete();
  }

  reachedTip(): void {
    this.#isAtTip = true;
    this.#respondIfComplete();
  }

  get writable(): boolean {
    return this.#poll !== null;
  }

  get queuedBytes(): number {
    return 0;
  }

  end(piece: Buffer): void {
    this.#poll?.answer.add(piece);
    this.destroy();
  }

  destroy(): void {
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    this.#respond();
    const listener = this.#listener;
    this.#listener = null;
    queueMicrotask(() => listener?.onClosed());
  }

  #expireIn(ms: number): void {
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => this.destroy(), ms);
    this.#expiry.unref();
  }

  #respondIfComplete(): void {
    if (this.#poll === null) return;
    const { answer, isHasty } = this.#poll;
    if (answer.isFull || (this.#isAtTip && (isHasty || answer.hasContent))) this.#respond();
  }

  #respond(): void {
    if (this.#poll === null || this.#listener === null) return;
    const { answer, respond, timer } = this.#poll;
    clearTimeout(timer);
    this.#poll = null;
    const { id, cursor } = this.#listener;
    respond(answer.format(id, cursor, { isAtTip: this.#isAtTip }));
    this.#listener.onPause();
  }
}
