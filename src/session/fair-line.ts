/** Who waits for a turn: told whether it has one, or has lost its place. */
type Waiting = (isTurn: boolean) => void;

/** How many may have a turn at once, and how many may wait for one. */
export interface LineLimits {
  readonly maxRunning: number;
  /** Of one caller among them. */
  readonly maxRunningEach: number;
  readonly maxWaiting: number;
}

/**
 * Gives turns to callers one after the other, so that who has many waits behind itself.
 *
 * Where too many wait, the caller that has most of them waiting loses its newest.
 */
export class FairLine {
  readonly #limits: LineLimits;
  /** Callers that wait, in the order in which they get turns; each has its oldest first. */
  readonly #waiting = new Map<string, Waiting[]>();
  #waitingCount = 0;
  readonly #running = new Map<string, number>();
  #runningCount = 0;

  constructor(limits: LineLimits) {
    this.#limits = limits;
  }

  /**
   * Wait for a turn. Call {@link end} when it is over.
   *
   * @returns false for a caller that has lost its place, and has no turn
   */
  begin(caller: string): Promise<boolean> {
    return new Promise((resolve) => {
      const mates = this.#waiting.get(caller);
      if (mates === undefined) this.#waiting.set(caller, [resolve]);
      else mates.push(resolve);
      this.#waitingCount++;
      this.#giveTurns();
      if (this.#waitingCount > this.#limits.maxWaiting) this.#dropOne();
    });
  }

  /** A turn of a caller is over. */
  end(caller: string): void {
    const left = (this.#running.get(caller) ?? 1) - 1;
    if (left === 0) this.#running.delete(caller);
    else this.#running.set(caller, left);
    this.#runningCount--;
    this.#giveTurns();
  }

  #giveTurns(): void {
    const { maxRunning, maxRunningEach } = this.#limits;
    for (const [caller, mates] of this.#waiting) {
      if (this.#runningCount >= maxRunning) return;
      const running = this.#running.get(caller) ?? 0;
      if (running >= maxRunningEach) continue;
      const oldest = mates.shift();
      this.#waiting.delete(caller);
      if (mates.length > 0) this.#waiting.set(caller, mates); // the loop comes to it again
      this.#waitingCount--;
      this.#running.set(caller, running + 1);
      this.#runningCount++;
      oldest?.(true);
    }
  }

  #dropOne(): void {
    let [longest] = this.#waiting;
    for (const entry of this.#waiting)
      if (longest === undefined || entry[1].length > longest[1].length) longest = entry;
    if (longest === undefined) return;
    const [caller, mates] = longest;
    const newest = mates.pop();
    if (mates.length === 0) this.#waiting.delete(caller);
    this.#waitingCount--;
    newest?.(false);
  }
}
