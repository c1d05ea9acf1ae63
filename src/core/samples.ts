import { difference, type HistogramFigures, quantile } from "./histogram.ts";
import { Ring } from "./ring.ts";
import type { Tally } from "./tally.ts";

/** How far apart samples are, in ms, and how many are kept: those of the last hour. */
export const SAMPLE_MS = 10_000;
const MAX_SAMPLES = 360;

/** What a process did in the {@link SAMPLE_MS} before a time. */
export interface Sample {
  /** Unix ms, a multiple of {@link SAMPLE_MS}. */
  readonly at: number;
  /** Open at that time. */
  readonly streams: number;
  readonly published: number;
  readonly delivered: number;
  /** From append to write, in seconds; null if nothing was delivered. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly rssBytes: number;
  /** The longest delay of the event loop, in seconds. */
  readonly loopDelay: number;
}

/** What samples are taken of. */
export interface SampleSource {
  readonly tally: Tally;
  /** Unix ms. */
  readonly now: () => number;
  readonly countStreams: () => number;
  /** The process as its operating system sees it, since the last call. */
  readonly measure: () => Pick<Sample, "rssBytes" | "loopDelay">;
}

/** What a process did in the last hour. */
export class Samples {
  readonly #source: SampleSource;
  readonly #kept = new Ring<Sample>(MAX_SAMPLES);
  #published = 0;
  #delivered = 0;
  #latency: HistogramFigures;

  constructor(source: SampleSource) {
    this.#source = source;
    this.#latency = source.tally.latency.figures();
  }

  /** Take a sample. Call it every {@link SAMPLE_MS}. */
  take(): void {
    const { tally, now, countStreams, measure } = this.#source;
    const { published, delivered } = tally;
    const latency = tally.latency.figures();
    const recent = difference(latency, this.#latency);
    this.#kept.add({
      at: Math.floor(now() / SAMPLE_MS) * SAMPLE_MS,
      streams: countStreams(),
      published: published - this.#published,
      delivered: delivered - this.#delivered,
      p50: quantile(recent, 0.5),
      p99: quantile(recent, 0.99),
      ...measure(),
    });
    this.#published = published;
    this.#delivered = delivered;
    this.#latency = latency;
  }

  /** The samples that were taken after a time (Unix ms), the oldest first. */
  since(time: number): readonly Sample[] {
    return this.#kept.filter(({ at }) => at > time);
  }
}

/**
 * The samples of several processes as one: sums, and the worst of latencies and delays.
 *
 * @returns the oldest first
 */
export function joinSamples(lists: readonly (readonly Sample[])[]): readonly Sample[] {
  const joined = new Map<number, Sample>();
  for (const sample of lists.flat()) {
    const other = joined.get(sample.at);
    joined.set(sample.at, other === undefined ? sample : addSamples(other, sample));
  }
  return [...joined.values()].sort((a, b) => a.at - b.at);
}

function addSamples(a: Sample, b: Sample): Sample {
  return {
    at: a.at,
    streams: a.streams + b.streams,
    published: a.published + b.published,
    delivered: a.delivered + b.delivered,
    p50: worst(a.p50, b.p50),
    p99: worst(a.p99, b.p99),
    rssBytes: a.rssBytes + b.rssBytes,
    loopDelay: Math.max(a.loopDelay, b.loopDelay),
  };
}

function worst(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
