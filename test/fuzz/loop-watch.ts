/** Watches how long the event loop is held in one go. */
export class LoopWatch {
  #longest = 0;
  #last = performance.now();
  #running = true;

  constructor() {
    this.#look();
  }

  /** @returns the longest time in ms since the last call, or the start */
  take(): number {
    this.#note();
    const longest = this.#longest;
    this.#longest = 0;
    return longest;
  }

  stop(): void {
    this.#running = false;
  }

  #look(): void {
    this.#note();
    if (this.#running) setImmediate(() => this.#look());
  }

  #note(): void {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
  }
}
