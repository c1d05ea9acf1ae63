/** How long requests are begun in one turn of the event loop, in ms. */
const TURN_MS = 4;

/**
 * Begins the requests of all connections, some ms of them in each turn of the event loop: hundreds that come in one moment
 * would hold up what streams are given.
 */
export class TurnBudget {
  readonly #waiting: (() => void)[] = [];
  #usedMs = 0;
  #isScheduled = false;

  /** Do this now, or in a later turn if this one has had enough. In the order of the calls. */
  run(begin: () => void): void {
    if (this.#waiting.length > 0 || this.#usedMs >= TURN_MS) this.#waiting.push(begin);
    else this.#do(begin);
    this.#schedule();
  }

  #do(begin: () => void): void {
    const from = performance.now();
    begin();
    this.#usedMs += performance.now() - from;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#usedMs = 0;
      let done = 0;
      for (const begin of this.#waiting) {
        if (this.#usedMs >= TURN_MS) break;
        this.#do(begin);
        done++;
      }
      this.#waiting.splice(0, done);
      if (this.#waiting.length > 0) this.#schedule();
    });
  }
}
