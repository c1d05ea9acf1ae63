import type { Scheduler } from "./scheduler.ts";

/** Work in small steps, and what comes of it. */
export type Steps<T> = Iterator<unknown, T>;

/** Work that is small enough to be one step. */
export function oneStep<T>(work: () => T): Steps<T> {
  return { next: () => ({ done: true, value: work() }) };
}

/**
 * Work that many clients ask for at once. It is done in the order in which they ask, for some ms in
 * each turn of the event loop, so that it delays nobody else.
 */
export class TurnBudget {
  readonly #scheduler: Scheduler;
  readonly #ms: number;
  /** The next first. */
  readonly #waiting: (() => void)[] = [];
  /** The rest of what was begun in an earlier turn. */
  #unfinished: (() => void) | null = null;
  #isWorking = false;
  /** When this turn has had enough, in monotonic ms; null before its first work. */
  #ends: number | null = null;

  /** @param ms in one turn. What the work leads to, such as a write, takes as much again */
  constructor(scheduler: Scheduler, ms: number) {
    this.#scheduler = scheduler;
    this.#ms = ms;
  }

  /**
   * Do a small piece of work now, or in a later turn if this one has had enough. It must not throw.
   */
  run(work: () => void): void {
    // If others wait, don't run them now, inside the caller's work: they would see it half done.
    const isNext = this.#waiting.length === 0 && this.#unfinished === null;
    this.#waiting.push(work);
    const isFirst = this.#ends === null;
    if (isFirst) this.#beginTurn();
    if (isNext) this.#work(isFirst);
  }

  /**
   * Do a small piece of work in a later turn; all that is asked for after it waits, too. It must
   * not throw.
   */
  runLater(work: () => void): void {
    this.#waiting.push(work);
    if (this.#ends === null) this.#beginTurn();
    this.#ends = Number.NEGATIVE_INFINITY;
  }

  /** {@link run}, for work that has a result. */
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

  /**
   * Do work in steps, as many in one turn as there is time for. Work behind it waits until it is
   * done: otherwise much work would be half done at once.
   */
  inSteps<T>(steps: Steps<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const goOn = () => {
        try {
          for (let step = steps.next(); ; step = steps.next()) {
            if (step.done) return resolve(step.value);
            if (this.#isSpent) break;
          }
          this.#unfinished = goOn;
        } catch (error) {
          reject(error);
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
    void this.#scheduler.nextTurn().then(() => {
      this.#ends = null;
      if (this.#waiting.length === 0 && this.#unfinished === null) return;
      this.#beginTurn();
      this.#work(true);
    });
  }

  /**
   * @param isFirst whether nothing was done in this turn: one piece is done then, however long it
   *   takes
   */
  #work(isFirst: boolean): void {
    if (this.#isWorking) return; // work that is asked for by other work waits for its turn
    this.#isWorking = true;
    let done = 0;
    try {
      for (let must = isFirst; must || !this.#isSpent; must = false) {
        const work = this.#unfinished ?? this.#waiting[done];
        if (work === undefined) break;
        if (this.#unfinished === null) done++;
        this.#unfinished = null;
        work();
      }
    } finally {
      if (done === this.#waiting.length) this.#waiting.length = 0;
      else if (done > 0) this.#waiting.splice(0, done);
      this.#isWorking = false;
    }
  }
}
