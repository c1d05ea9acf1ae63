import type { Alarms } from "./alarms.ts";
import type { Scheduler } from "./scheduler.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Pause between two samples, in ms, and how many are kept: those of six hours. */
const SAMPLE_MS = 60_000;
const MAX_SAMPLES = 361;

/** Fewer samples are no trend. */
const MIN_SAMPLES = 5;

/**
 * A trend is believed for this many times as long as it was watched: for a day after an hour, so
 * that one large batch right after the start is no alarm.
 */
const TRUST = 24;

/** The alarm begins where the disk is full within a day, and ends where it is not within this. */
const END_MS = 1.5 * DAY_MS;

interface Sample {
  /** Monotonic ms. */
  readonly at: number;
  readonly freeBytes: number;
}

/** What a watch depends on. */
export interface DiskWatchOptions {
  readonly scheduler: Pick<Scheduler, "monotonicMs" | "every">;
  readonly alarms: Alarms;
  /** Bytes of the log's disk that this process may still use; null where that can't be told. */
  readonly freeBytes: () => number | null;
}

/**
 * Looks ahead at how the disk of the log fills, by a straight line through the last hours. It has
 * to fill in the later half of that time, too: otherwise what filled it has ended.
 */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #samples: Sample[] = [];
  readonly #stop: () => void;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
    this.#stop = options.scheduler.every(SAMPLE_MS, () => this.#look());
    this.#look();
  }

  stop(): void {
    this.#stop();
  }

  #look(): void {
    const { scheduler, alarms, freeBytes } = this.#options;
    const free = freeBytes();
    if (free === null) return;
    this.#samples.push({ at: scheduler.monotonicMs(), freeBytes: free });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
    const fullInMs = findFullIn(this.#samples);
    if (fullInMs !== null && fullInMs <= DAY_MS) {
      alarms.begin(
        "disk-full-soon",
        `The disk of the log has ${inMiB(free)} MiB left and will be full in ${describe(fullInMs)} if it fills as it does now: make room, keep less with --retain-messages or --retain-ms, or give the log a larger disk`,
      );
    } else if (fullInMs === null || fullInMs > END_MS) alarms.end("disk-full-soon");
  }
}

/**
 * After how many ms no byte is free any more; null where the disk does not fill, or where the
 * samples span too little time to say so.
 */
function findFullIn(samples: readonly Sample[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || samples.length < MIN_SAMPLES) return null;
  const lately = samples.slice(Math.floor(samples.length / 2));
  const rate = Math.min(fillRate(samples), fillRate(lately));
  if (rate <= 0) return null;
  const fullInMs = last.freeBytes / rate;
  return fullInMs <= TRUST * (last.at - first.at) ? fullInMs : null;
}

/** Bytes that the disk fills by in a ms, by the line of least squares. */
function fillRate(samples: readonly Sample[]): number {
  const count = samples.length;
  const meanAt = samples.reduce((sum, { at }) => sum + at, 0) / count;
  const meanFree = samples.reduce((sum, { freeBytes }) => sum + freeBytes, 0) / count;
  let covariance = 0;
  let variance = 0;
  for (const { at, freeBytes } of samples) {
    covariance += (at - meanAt) * (freeBytes - meanFree);
    variance += (at - meanAt) ** 2;
  }
  return variance === 0 ? 0 : -covariance / variance;
}

function inMiB(bytes: number): string {
  return Math.floor(bytes / 1_048_576).toLocaleString("en-US");
}

function describe(ms: number): string {
  if (ms >= 2 * HOUR_MS) return `${Math.floor(ms / HOUR_MS)} hours`;
  return `${Math.floor(ms / 60_000)} minutes`;
}
