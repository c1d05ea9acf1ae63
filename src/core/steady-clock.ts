/** Wall and monotonic time may part by this much before it counts as a jump, in ms. */
const JUMP_MS = 10_000;

/** A jump forward is believed when it has lasted for this long, in ms. */
const BELIEVED_AFTER_MS = 60_000;

/** At the start, the newest message may be this old before the clock is doubted, in ms. */
const RECENT_MS = 600_000;

/** What a steady clock is made of. */
export interface SteadyClockOptions {
  /** Unix ms: it may jump. */
  readonly now: () => number;
  /** Ms since some start: never jumps. */
  readonly monotonicMs: () => number;
  /** Unix ms of the newest thing that is known to have happened; null if there is none. */
  readonly newest: number | null;
}

/**
 * The wall clock for code that removes old messages: a clock that is ahead for a moment would make
 * it remove everything.
 *
 * So a jump forward is believed only when it has lasted for a minute, and at the start a clock far
 * beyond the newest message counts as such a jump. A jump back is believed at once: it only keeps
 * more.
 */
export class SteadyClock {
  readonly #now: () => number;
  readonly #monotonicMs: () => number;
  /** How far wall time is believed to be ahead of monotonic time. */
  #offset: number;
  /** A larger offset that is not believed yet, and since when (monotonic ms) it is seen. */
  #doubted: { readonly offset: number; readonly since: number } | null = null;

  constructor({ now, monotonicMs, newest }: SteadyClockOptions) {
    this.#now = now;
    this.#monotonicMs = monotonicMs;
    const wall = now();
    const isFar = newest !== null && wall > newest + RECENT_MS;
    this.#offset = (isFar ? newest : wall) - monotonicMs();
    this.now(); // the doubt begins here
  }

  /**
   * Unix ms as it is believed: never ahead of the wall clock's by more than a jump that was taken
   * back.
   */
  now(): number {
    const monotonic = this.#monotonicMs();
    const offset = this.#now() - monotonic;
    if (this.#believes(offset, monotonic)) {
      this.#offset = offset;
      this.#doubted = null;
    }
    return monotonic + this.#offset;
  }

  #believes(offset: number, monotonic: number): boolean {
    if (offset <= this.#offset + JUMP_MS) return true;
    if (this.#doubted === null || Math.abs(offset - this.#doubted.offset) > JUMP_MS) {
      this.#doubted = { offset, since: monotonic };
      return false;
    }
    return monotonic - this.#doubted.since >= BELIEVED_AFTER_MS;
  }
}
