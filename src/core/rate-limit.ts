import { Oldest } from "./oldest.ts";

/**
 * Keys that are counted at once; beyond that the oldest is forgotten, which lets it do a little
 * more.
 */
const MAX_KEYS = 100_000;

/** How often something may happen. */
export interface Rate {
  /** This often in a second, over a long time. */
  readonly perSecond: number;
  /** This often at once. */
  readonly atOnce: number;
}

/**
 * Lets each key do something this many times a second: a bucket that fills at that rate,
 * https://en.wikipedia.org/wiki/Token_bucket
 */
export class RateLimit {
  readonly #rate: Rate;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { tokens: number; filledAt: number }>();
  readonly #oldest = new Oldest(this.#buckets);

  /** @param now monotonic ms */
  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
  }

  /** Whether the key may do it once more. */
  has(key: string): boolean {
    return this.#tokens(key) >= 1;
  }

  /** @returns false if the key may not do it now; otherwise this counts as once */
  take(key: string): boolean {
    const tokens = this.#tokens(key);
    if (tokens < 1) return false;
    this.#keep(key, tokens - 1);
    return true;
  }

  /**
   * Count what the key has done, also where that was too much: several at once were let in before
   * the first was counted. It then waits for longer, by up to as much as fills the bucket.
   */
  charge(key: string): void {
    this.#keep(key, Math.max(-this.#rate.atOnce, this.#tokens(key) - 1));
  }

  #tokens(key: string): number {
    const { perSecond, atOnce } = this.#rate;
    const known = this.#buckets.get(key);
    if (known === undefined) return atOnce;
    const filled = ((this.#now() - known.filledAt) / 1_000) * perSecond;
    return Math.min(atOnce, known.tokens + filled);
  }

  #keep(key: string, tokens: number): void {
    const known = this.#buckets.get(key);
    if (known !== undefined) {
      known.tokens = tokens;
      known.filledAt = this.#now();
      return;
    }
    if (this.#buckets.size >= MAX_KEYS) this.#oldest.take();
    this.#buckets.set(key, { tokens, filledAt: this.#now() });
  }
}
