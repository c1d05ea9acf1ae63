import type { Scheduler } from "./scheduler.ts";

/** Work in small steps, and what comes of it. */
export type Steps<T> = Iterator<unknown, T>;

/** Work that is small enough to be one step. */
export function oneStep<T>(work: () => T): Steps<T> {
  return { next: () => ({ done: true, value: work() }) };
}

/**
 * Work that many clients ask for at once, done in the order of their asking, some ms of it in each turn of the event loop: so
 * that it holds up nobody else.
 */
export class TurnBudget {
  readonly #scheduler: Scheduler;
  readonly #ms: number;
  #waiting: (() => void)[] = [];
  /** When this turn has had enough, in monotonic ms; null before its first work. */
  #ends: number | null = null;

  /** @param ms in one turn. What the work leads to, such as a write, takes as much again */
  constructor(scheduler: Scheduler, ms: number) {
    this.#scheduler = scheduler;
    this.#ms = ms;
  }

  /** Do a small piece of work now, or in a later turn if this one has had enough. It must not throw. */
  run(work: () => void): void {
    const isFirst = this.#ends === null;
    if (isFirst) this.#beginTurn();
    if (isFirst || (this.#waiting.length === 0 && !this.#isSpent)) work();
    else this.#waiting.push(work);
  }

  /** The same, for work that has a result. */
  ask<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.run(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Do work in as many steps in one turn as it leaves time for. */
  inSteps<T>(steps: Steps<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const goOn = () => {
        try {
          for (let step = steps.next(); ; step = steps.next()) {
            if (step.done) return resolve(step.value);
            if (this.#isSpent) return this.run(goOn);
          }
        } catch (error) {
          return reject(error);
        }
      };
      this.run(goOn);
    });
  }

  get #isSpent(): boolean {
    return this.#ends !== null && this.#scheduler.monotonicMs() >= this.#ends;
  }

  #beginTurn(): void {
    this.#ends = this.#scheduler.monotonicMs() + this.#ms;
    void this.#scheduler.nextTurn().then(() => this.#goOn());
  }

  #goOn(): void {
    this.#ends = null;
    const pieces = this.#waiting;
    if (pieces.length === 0) return;
    this.#waiting = [];
    this.#beginTurn();
    let done = 0;
    // At least one: it may take longer than the turn's share.
    do pieces[done++]?.();
    while (done < pieces.length && !this.#isSpent);
    if (done < pieces.length) this.#waiting = [...pieces.slice(done), ...this.#waiting];
  }
}
