/** Failures in a row after which the other side counts as down. */
const FAILURES = 5;

/** How long nothing is asked of a side that is down, in ms. */
const PAUSE_MS = 5_000;

/** Stops asking somebody who does not answer, and tries again now and then with one question. */
export class Circuit {
  readonly #now: () => number;
  #failures = 0;
  /** Monotonic ms of the next try, while the other side is down. */
  #tryAt = 0;

  /** @param now monotonic ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether the other side counts as down. */
  get isOpen(): boolean {
    return this.#failures >= FAILURES;
  }

  /** Whether it may be asked now. Where it is down, this is its next try. */
  mayAsk(): boolean {
    if (!this.isOpen) return true;
    if (this.#now() < this.#tryAt) return false;
    this.#tryAt = this.#now() + PAUSE_MS;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures++;
    this.#tryAt = this.#now() + PAUSE_MS;
  }
}
