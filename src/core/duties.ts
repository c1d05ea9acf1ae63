/** Something that runs until it is stopped. */
export interface Running {
  /** Take no more, and resolve when what was taken has been dealt with. */
  stop(): Promise<void>;
}

/** What one of all processes on a log does: trimming it, and feeding it. */
export interface Duties {
  /**
   * Do something while it is this process's duty.
   *
   * @param begin is called each time that it becomes this process's duty
   */
  add(begin: () => Running): void;
  /** Stop all, and leave it to another process. Resolves when all have stopped. */
  stop(): Promise<void>;
}

/** The duties of a process that is told once whether it has them. */
export class FixedDuties implements Duties {
  readonly #isMine: boolean;
  readonly #running: Running[] = [];

  constructor(isMine: boolean) {
    this.#isMine = isMine;
  }

  add(begin: () => Running): void {
    if (this.#isMine) this.#running.push(begin());
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((running) => running.stop()));
  }
}
