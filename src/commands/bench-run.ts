import { randomBytes } from "node:crypto";
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { BenchStream } from "./bench-stream.ts";
import { request, routeUrl } from "./server-client.ts";

/** Streams that are being opened at once. */
const OPENING = 50;

/** Most publishes that wait for their answer: beyond it, later ones wait, and count as late. */
const MAX_IN_FLIGHT = 256;

const PUBLISH_MS = 10_000;

/** Pause between two looks at which messages are due, in ms. */
const TICK_MS = 5;

/** How long the last messages are awaited, in ms. */
const LAST_MS = 5_000;

/** What is loaded, and how. */
export interface BenchPlan {
  readonly url: string;
  readonly channel: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly streams: number;
  /** Messages in a second. */
  readonly rate: number;
  readonly seconds: number;
}

/** What was measured. */
export interface BenchResult {
  readonly streams: number;
  /** Streams that ended before the load did. */
  readonly broken: number;
  /** How long messages were published, in s. */
  readonly seconds: number;
  readonly published: number;
  /** Publishes that were refused, or not answered. */
  readonly failed: number;
  readonly deliveries: number;
  readonly deliveriesPerSecond: number;
  /** From when a message was due until a stream had it, in ms; null where none came. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly p999: number } | null;
  /** Messages that a stream never had, and those that it had again, of all streams. */
  readonly lost: number;
  readonly doubled: number;
}

/** One load on a running server. */
export class BenchRun {
  readonly #plan: BenchPlan;
  /** Tells our messages from those of others on the channel. */
  readonly #name = randomBytes(6).toString("hex");
  readonly #streams: BenchStream[] = [];
  readonly #latency: RecordableHistogram = createHistogram();
  readonly #interrupt = new AbortController();
  #published = 0;
  #failed = 0;
  #inFlight = 0;
  #publishMs = 0;
  deliveries = 0;

  constructor(plan: BenchPlan) {
    this.#plan = plan;
  }

  /** Publish no more, and come to an end. */
  interrupt(): void {
    this.#interrupt.abort();
  }

  /**
   * Open the streams. Whatever comes of it, call `end` afterwards.
   *
   * @throws RequestError: the server is not there, or refuses
   */
  async open(): Promise<void> {
    const { url, channel, headers, streams } = this.#plan;
    await request(routeUrl(url, "healthz"), { signal: AbortSignal.timeout(PUBLISH_MS) });
    const target = routeUrl(url, "stream");
    target.searchParams.set("transport", "ndjson");
    target.searchParams.set("channels", channel);
    for (let first = 0; first < streams && !this.#interrupt.signal.aborted; first += OPENING) {
      const count = Math.min(OPENING, streams - first);
      const opening = Array.from({ length: count }, () =>
        BenchStream.open(target, headers, (data) => this.#take(data)).then((stream) =>
          this.#streams.push(stream),
        ),
      );
      // All of them, so that none opens when the others have been closed.
      const outcomes = await Promise.allSettled(opening);
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    }
  }

  /** Publish as long as is planned, or until the interrupt. */
  async load(): Promise<void> {
    const { rate, seconds } = this.#plan;
    const began = performance.now();
    const total = rate * seconds;
    for (let n = 0; n < total && !this.#interrupt.signal.aborted; ) {
      const due = Math.floor(((performance.now() - began) * rate) / 1_000);
      for (; n <= due && n < total && this.#inFlight < MAX_IN_FLIGHT; n++)
        void this.#publish(began + (1_000 * n) / rate);
      await pause(TICK_MS);
    }
    this.#publishMs = performance.now() - began;
    const deadline = performance.now() + LAST_MS;
    while (!this.#isComplete() && performance.now() < deadline) await pause(TICK_MS);
  }

  /** Cut the streams. */
  end(): BenchResult {
    const broken = this.#streams.filter(({ hasEnded }) => hasEnded).length;
    for (const stream of this.#streams) stream.close();
    const seconds = this.#publishMs / 1_000;
    const percentile = (percent: number) => this.#latency.percentile(percent) / 1_000;
    return {
      streams: this.#streams.length,
      broken,
      seconds,
      published: this.#published,
      failed: this.#failed,
      deliveries: this.deliveries,
      deliveriesPerSecond: seconds === 0 ? 0 : Math.round(this.deliveries / seconds),
      latencyMs:
        this.deliveries === 0
          ? null
          : { p50: percentile(50), p99: percentile(99), p999: percentile(99.9) },
      lost: this.#streams.reduce(
        (sum, { received }) => sum + Math.max(0, this.#published - received),
        0,
      ),
      doubled: this.#streams.reduce((sum, { doubled }) => sum + doubled, 0),
    };
  }

  #isComplete(): boolean {
    if (this.#inFlight > 0) return false;
    return this.#streams.every(({ received, hasEnded }) => hasEnded || received >= this.#published);
  }

  /** @returns whether the message is one of this run */
  #take(data: unknown): boolean {
    if (!isOurs(data, this.#name)) return false;
    this.deliveries++;
    this.#latency.record(Math.max(1, Math.round(1_000 * (performance.now() - data.dueAt))));
    return true;
  }

  /** @param dueAt monotonic ms */
  async #publish(dueAt: number): Promise<void> {
    const { url, channel, headers } = this.#plan;
    this.#inFlight++;
    try {
      await request(routeUrl(url, `channels/${encodeURIComponent(channel)}/messages`), {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify({ bench: this.#name, dueAt }),
        signal: AbortSignal.timeout(PUBLISH_MS),
      }).then((response) => response.text());
      this.#published++;
    } catch {
      this.#failed++;
    } finally {
      this.#inFlight--;
    }
  }
}

function isOurs(data: unknown, name: string): data is { readonly dueAt: number } {
  return typeof data === "object" && data !== null && "bench" in data && data.bench === name;
}
