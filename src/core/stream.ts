import type { SelectorSet } from "./channel-name.ts";
import { type Cursor, positionOf } from "./cursor.ts";
import { type CloseReason, closeEvent, openEvent, type StreamEvent } from "./events.ts";
import type { Gap } from "./log.ts";
import type { Receipt } from "./receipts.ts";
import type { Sink } from "./sink.ts";
import type { View } from "./view.ts";

/** A closed stream's connection is cut after this many ms, however much of it is unread. */
const CLOSE_GRACE_MS = 1_000;

/** What a stream is made of. */
export interface StreamOptions {
  readonly id: string;
  /** A name of the caller's own for its client; null if it gave none. */
  readonly client: string | null;
  readonly view: View;
  readonly sink: Sink;
  /** Where it starts. */
  readonly cursor: Cursor;
  /** Monotonic ms. */
  readonly openedAt: number;
}

/**
 * One client's open delivery: a cursor and a sink.
 *
 * It holds no messages. At the tip its view hands it shared bytes; when its socket is full it stops, and on drain it is
 * read on from the log. So a slow reader costs a cursor.
 */
export class Stream {
  readonly id: string;
  readonly client: string | null;
  readonly view: View;
  readonly openedAt: number;
  readonly #sink: Sink;
  /** Everything up to here was given, or is not wanted. */
  #cursor: Cursor;
  #lastWriteAt: number;
  #messages = 0;
  #bytes = 0;
  /** Messages of writes that the operating system is known to have taken whole. */
  #messagesTaken = 0;
  /** While it catches up: up to where losses of a channel were told, so that each is told once. */
  #toldGaps: Map<string, Cursor> | null = null;
  #closed = false;

  constructor({ id, client, view, sink, cursor, openedAt }: StreamOptions) {
    this.id = id;
    this.client = client;
    this.view = view;
    this.openedAt = openedAt;
    this.#sink = sink;
    this.#cursor = cursor;
    this.#lastWriteAt = openedAt;
  }

  get cursor(): Cursor {
    return this.#cursor;
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

  /** The first event of all. */
  open(close: string): void {
    this.#write(this.view.encoding.first(openEvent(this.id, this.#cursor, close)));
  }

  /**
   * Give messages that are encoded already, up to and including everything at `cursor`.
   *
   * @param now monotonic ms
   */
  give(bytes: Buffer, cursor: Cursor, messages: number, now: number): void {
    this.#cursor = cursor;
    this.#lastWriteAt = now;
    if (this.#sink.queuedBytes === 0) this.#messagesTaken = this.#messages;
    this.#messages += messages;
    this.#write(bytes);
  }

  /** There is nothing for it up to `cursor`. */
  skipTo(cursor: Cursor): void {
    this.#cursor = cursor;
  }

  /** Give an event that moves no cursor, or a heartbeat. */
  say(what: StreamEvent | Buffer, now: number): void {
    this.#lastWriteAt = now;
    this.#write(Buffer.isBuffer(what) ? what : this.view.encoding.event(what));
  }

  /** Those of `gaps` that it was not told yet; afterwards it counts as told. */
  takeNewGaps(gaps: readonly Gap[]): readonly Gap[] {
    if (gaps.length === 0) return gaps;
    this.#toldGaps ??= new Map();
    const told = this.#toldGaps;
    return gaps.filter((gap) => {
      const key = gap.channels.join(",");
      if (positionOf(told.get(key) ?? gap.after) >= positionOf(gap.upTo)) return false;
      told.set(key, gap.upTo);
      return true;
    });
  }

  /** It has been given everything that there is: what was told of earlier losses is of no more use. */
  caughtUp(): void {
    this.#toldGaps = null;
  }

  /**
   * End it: the last event, where the connection still works, then the end of the response.
   *
   * @param retryMs see `closeEvent`
   * @param now monotonic ms
   */
  close(reason: CloseReason, retryMs: number, now: number): Receipt {
    this.#closed = true;
    const { queuedBytes } = this.#sink;
    const receipt: Receipt = {
      stream: this.id,
      closed: true,
      reason,
      cursor: this.#cursor,
      acked: null,
      messages: queuedBytes === 0 ? this.#messages : this.#messagesTaken,
      bytes: Math.max(0, this.#bytes - queuedBytes),
      openMs: Math.round(now - this.openedAt),
    };
    if (reason === "gone") this.#sink.destroy();
    else {
      const event = closeEvent(reason, this.#cursor, retryMs);
      this.#sink.end(this.view.encoding.last(event), CLOSE_GRACE_MS);
    }
    return receipt;
  }

  #write(bytes: Buffer): void {
    this.#bytes += bytes.length;
    this.#sink.write(bytes);
  }
}
