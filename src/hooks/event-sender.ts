import { createHmac } from "node:crypto";
import { shorten } from "../errors.ts";
import type { EventQueue } from "./event-queue.ts";

/** How long the receiver may take to answer, in ms. */
const ANSWER_MS = 10_000;

/** Events that come together are sent together: this long after the first of them, in ms. */
const GATHER_MS = 50;

/** Most events of one request, and most characters of them. */
const MAX_EVENTS = 500;
const MAX_CHARACTERS = 262_144;

/** The first pause after a failure, and the longest, in ms; spread by a quarter. */
const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 30_000;

/** The receiver counts as away after this many failures in a row. */
const FAILURES = 3;

/** How long the last events are tried to be sent when the server stops, in ms. */
const DRAIN_MS = 5_000;

/** Bytes of an answer that are read, so that its connection can be used again. */
const MAX_ANSWER_BYTES = 16_384;

/** What sending depends on. */
export interface EventSenderOptions {
  readonly url: string;
  readonly secret: Buffer;
  /** Tells this process from all others, also from those before it. */
  readonly process: string;
  readonly queue: EventQueue;
  readonly unixNow: () => number;
  /**
   * Hears why nothing can be sent, after several failures in a row; and null when it can be sent
   * again.
   */
  readonly onTrouble: (reason: string | null) => void;
  /** For tests. */
  readonly answerMs?: number;
}

/**
 * Sends events to the application's URL, in their order: one request at a time, which is repeated
 * until it is answered with a status from 200 to 299.
 */
export class EventSender {
  readonly #options: EventSenderOptions;
  readonly #answerMs: number;
  #sending: Promise<void> | null = null;
  #batches = 0;
  #failures = 0;
  #isDraining = false;
  #isStopped = false;
  /** Ends a pause. */
  #goOn = () => {};
  /** The request under way. */
  #request: AbortController | null = null;

  constructor(options: EventSenderOptions) {
    this.#options = options;
    this.#answerMs = options.answerMs ?? ANSWER_MS;
  }

  /** There is something in the queue. */
  wake(): void {
    if (this.#sending !== null || this.#isStopped) return;
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = null;
      if (this.#options.queue.size > 0) this.wake();
    });
  }

  /** Send what waits now, for some seconds at most, then {@link stop}. */
  async drain(deadline: Promise<void>): Promise<void> {
    this.#isDraining = true;
    this.#goOn();
    if (this.#sending !== null) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, DRAIN_MS);
      });
      await Promise.race([this.#sent(), late, deadline]);
      clearTimeout(timer);
    }
    this.stop();
  }

  /** Send nothing more: a request under way is cut. */
  stop(): void {
    this.#isStopped = true;
    this.#request?.abort();
    this.#goOn();
  }

  async #sent(): Promise<void> {
    while (this.#sending !== null) await this.#sending;
  }

  async #sendAll(): Promise<void> {
    const { queue, process } = this.#options;
    while (queue.size > 0 && !this.#isStopped) {
      await this.#pause(GATHER_MS);
      const events = queue.take(MAX_EVENTS, MAX_CHARACTERS);
      const about = JSON.stringify({ process, seq: ++this.#batches });
      await this.#deliver(`${about.slice(0, -1)},"events":[${events.join(",")}]}`);
    }
  }

  /** The same body each time, so that a receiver can tell a repeat by its number. */
  async #deliver(body: string): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      const fault = await this.#post(body);
      if (fault === null || this.#isStopped) break;
      if (++this.#failures === FAILURES) this.#options.onTrouble(fault);
      const ms = this.#isDraining ? FIRST_PAUSE_MS : pauseMs;
      await this.#pause(ms * (0.75 + Math.random() / 2), this.#isDraining);
      pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
    }
    if (this.#failures >= FAILURES && !this.#isStopped) this.#options.onTrouble(null);
    this.#failures = 0;
  }

  /** @returns why it has to be sent again; null if it was taken */
  async #post(body: string): Promise<string | null> {
    const { url } = this.#options;
    const request = new AbortController();
    this.#request = request;
    const timer = setTimeout(
      () => request.abort(new Error(`no answer came within ${this.#answerMs} ms`)),
      this.#answerMs,
    );
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "Foreverframe-Signature": this.#sign(body),
        },
        body,
        redirect: "manual", // the signature is for this receiver
        signal: request.signal,
      });
      await readSome(response).catch(() => {}); // its status has said all
      return response.ok ? null : `it answers with the status ${response.status}`;
    } catch (error) {
      return reasonOf(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #sign(body: string): string {
    const { secret, unixNow } = this.#options;
    const t = Math.floor(unixNow() / 1_000);
    const v1 = createHmac("sha256", secret).update(`${t}.${body}`).digest("hex");
    return `t=${t},v1=${v1}`;
  }

  /** @param isFirm whether a drain that has begun does not end it */
  #pause(ms: number, isFirm = false): Promise<void> {
    if (this.#isStopped || (this.#isDraining && !isFirm)) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      this.#goOn = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Read a short answer; leave the rest of a long one, and its connection. */
async function readSome({ body }: Response): Promise<void> {
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) break; // cancels it
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? shorten(cause.message || cause.name) : "it can't be reached";
}
