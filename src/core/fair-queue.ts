import type { Scheduler } from "./scheduler.ts";

/** How long work is done in one turn of the event loop, in ms. What it leads to, such as a write, takes as much again. */
const TURN_MS = 1;

/** Work that many clients ask for at once, done in their order, a little in each turn: so that it holds up nobody else. */
export class FairQueue {
  readonly #scheduler: Scheduler;
  #waiting: (() => void)[] = [];
  #running = false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Do a small piece of work when it is its turn. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
      if (this.#running) return;
      this.#running = true;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const pieces = this.#waiting;
      this.#waiting = [];
      const ends = this.#scheduler.monotonicMs() + TURN_MS;
      let done = 0;
      for (; done < pieces.length; done++) {
        if (done > 0 && this.#scheduler.monotonicMs() >= ends) break;
        pieces[done]?.();
      }
      if (done < pieces.length) this.#waiting = [...pieces.slice(done), ...this.#waiting];
      await this.#scheduler.nextTurn();
    }
    this.#running = false;
  }
}
