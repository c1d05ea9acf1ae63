import { Oldest } from "./oldest.ts";

/** Channels that are counted at once; the least used are forgotten. */
const MAX_CHANNELS = 10_000;

/** A channel's count halves in this many ms. */
const HALF_LIFE_MS = 30_000;

/** A sum of past messages at `rate` a second, each weighted by its age, is `rate` times this. */
const MEAN_LIFE_S = HALF_LIFE_MS / Math.LN2 / 1_000;

interface Count {
  weight: number;
  /** Monotonic ms at which `weight` was right. */
  at: number;
}

/** How many messages per second each channel takes, from this process, as an average that fades. */
export class ChannelRates {
  readonly #now: () => number;
  /** Those counted last come last. */
  readonly #counts = new Map<string, Count>();
  readonly #oldest = new Oldest(this.#counts);

  /** @param now monotonic ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Messages were published. */
  add(channel: string, count = 1): void {
    const now = this.#now();
    const counted = this.#counts.get(channel);
    this.#counts.delete(channel);
    this.#counts.set(channel, { weight: faded(counted, now) + count, at: now });
    if (this.#counts.size > MAX_CHANNELS) this.#oldest.take();
  }

  /** Messages per second. */
  of(channel: string): number {
    return faded(this.#counts.get(channel), this.#now()) / MEAN_LIFE_S;
  }
}

function faded(count: Count | undefined, now: number): number {
  return count === undefined ? 0 : count.weight * 0.5 ** ((now - count.at) / HALF_LIFE_MS);
}
