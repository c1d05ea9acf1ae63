import { setMaxListeners } from "node:events";
import type { Hub } from "./core/hub.ts";
import type { OpenRequest } from "./core/opener.ts";
import type { Sink, SinkListener } from "./core/sink.ts";
import { Encoding } from "./core/transport.ts";
import { plainFraming } from "./http/connection/framing.ts";
import type { SubscriptionEvent } from "./subscription-event.ts";
import { ndjsonTransport } from "./transports/ndjson.ts";

/**
 * Bytes that may wait for a reader, beyond those of one write. While they do, the rest waits in the
 * log.
 */
const MAX_WAITING_BYTES = 65_536;

/** As long as a timer can be, nearly, in ms. */
const LONG_MS = 2_000_000_000;

type Step = IteratorResult<SubscriptionEvent, undefined>;

const DONE: Step = { done: true, value: undefined };

/**
 * A stream whose client is a loop of this process.
 *
 * It holds at most some 64 KiB for a slow reader. What follows is read from the log when the reader
 * has caught up, so nothing is lost except what the log no longer keeps, and a gap tells of that.
 */
export class Subscription implements AsyncIterableIterator<SubscriptionEvent, undefined>, Sink {
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.return();
  #listener: SinkListener | null = null;
  /** Written and not yet parsed. */
  readonly #pieces: Buffer[] = [];
  #waitingBytes = 0;
  /** Parsed, in reverse: the next event is the last. */
  #events: SubscriptionEvent[] = [];
  /** Keeps the process running while a loop waits, as reading from a socket would. */
  #waiting: NodeJS.Timeout | null = null;
  #readers: { resolve(step: Step): void; reject(error: unknown): void }[] = [];
  #failure: { readonly error: unknown } | null = null;
  readonly #saysLive: boolean;
  #hasEnded = false;

  /**
   * Begin to read: everything that is published after this call is given.
   *
   * @param options `live`: whether it tells when all that was kept has been given; `signal` ends it
   */
  constructor(
    hub: Hub,
    wanted: Pick<OpenRequest, "selectors" | "start" | "latest">,
    { live, signal }: { readonly live: boolean; readonly signal: AbortSignal | undefined },
  ) {
    this.#signal = signal;
    this.#saysLive = live;
    if (signal?.aborted) {
      this.#hasEnded = true;
      return;
    }
    // One signal may end any number of subscriptions: no reason for Node to warn of a leak.
    if (signal !== undefined) setMaxListeners(0, signal);
    signal?.addEventListener("abort", this.#onAbort);
    const request: OpenRequest = {
      ...wanted,
      encoding: Encoding.of(ndjsonTransport, plainFraming),
      client: null,
      principal: null,
      takesOverFrom: null,
      address: null,
      browser: null,
      expiresInMs: null,
      mayRecycle: false,
      isGone: () => this.#hasEnded,
      connect: () => this,
    };
    open(hub, request).catch((error: unknown) => this.#fail(error));
  }

  /** The next event; done when the subscription was ended, from whichever side. */
  next(): Promise<Step> {
    const step = this.#take();
    if (step !== null) return Promise.resolve(step);
    if (this.#failure !== null) {
      const { error } = this.#failure;
      this.#failure = null;
      return Promise.reject(error);
    }
    if (this.#hasEnded) return Promise.resolve(DONE);
    this.#waiting ??= setInterval(() => {}, LONG_MS);
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  /** End the subscription. */
  return(): Promise<Step> {
    this.#pieces.length = 0;
    this.#events = [];
    this.destroy();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** See {@link Sink}. */
  listen(listener: SinkListener): void {
    this.#listener = listener;
    if (this.#hasEnded) this.#tellClosed(); // while it was being opened
  }

  /** See {@link Sink}. */
  write(bytes: Buffer): void {
    if (this.#hasEnded) return;
    this.#pieces.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#serveReaders();
  }

  /** See {@link Sink}. */
  reachedTip(): void {}

  /** See {@link Sink}. */
  get writable(): boolean {
    return !this.#hasEnded && this.#waitingBytes < MAX_WAITING_BYTES;
  }

  /** See {@link Sink}. */
  get queuedBytes(): number {
    return 0;
  }

  /** See {@link Sink}: the stream has ended. What was written before is still given. */
  end(): void {
    this.destroy();
  }

  /** See {@link Sink}. */
  destroy(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    for (const { resolve } of this.#readers.splice(0)) resolve(DONE);
    this.#stopWaiting();
    this.#tellClosed();
  }

  #fail(error: unknown): void {
    const [reader] = this.#readers.splice(0, 1);
    if (reader !== undefined) reader.reject(error);
    else if (!this.#hasEnded) this.#failure = { error };
    this.destroy();
  }

  #tellClosed(): void {
    const listener = this.#listener;
    this.#listener = null;
    queueMicrotask(() => listener?.onClosed());
  }

  #serveReaders(): void {
    while (this.#readers.length > 0) {
      const step = this.#take();
      if (step === null) return;
      this.#readers.shift()?.resolve(step);
    }
    this.#stopWaiting();
  }

  #stopWaiting(): void {
    if (this.#waiting !== null) clearInterval(this.#waiting);
    this.#waiting = null;
  }

  #parseEvents(piece: Buffer): SubscriptionEvent[] {
    return piece
      .toString()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as SubscriptionEvent)
      .filter(({ type }) => {
        return type === "message" || type === "gap" || (type === "live" && this.#saysLive);
      });
  }

  /** The next event that is here; null if there is none. */
  #take(): Step | null {
    while (this.#events.length === 0) {
      const piece = this.#pieces.shift();
      if (piece === undefined) return null;
      this.#events = this.#parseEvents(piece).reverse();
      const wasFull = !this.writable;
      this.#waitingBytes -= piece.length;
      if (wasFull && this.writable) this.#listener?.onDrain();
    }
    const value = this.#events.pop();
    return value === undefined ? null : { done: false, value };
  }
}

/**
 * Open a stream that gets everything published after this call. With the start "now" it would start
 * only when it has been opened, which takes a moment.
 */
async function open(hub: Hub, request: OpenRequest): Promise<void> {
  const { start } = request;
  const after = start.from === "now" ? await hub.tip() : null;
  await hub.open(after === null ? request : { ...request, start: { from: "cursor", after } });
}
