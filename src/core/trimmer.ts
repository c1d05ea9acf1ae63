import type { MessageLog } from "./log.ts";
import type { Scheduler } from "./scheduler.ts";

/** What a trimmer needs. */
export interface TrimmerOptions {
  readonly log: MessageLog;
  readonly scheduler: Scheduler;
  /** Pause between two looks for something to remove, in ms. */
  readonly pauseMs: number;
  /** Hears of the first failure after all was well; the trimmer tries again after its pause. */
  readonly onError: (error: unknown) => void;
}

/**
 * Removes what a log no longer keeps, a piece at a time. One process of those on a log does this.
 */
export class Trimmer {
  readonly #options: TrimmerOptions;
  readonly #stopLooking: () => void;
  #running = false;
  #stopped = false;
  #isFailing = false;

  constructor(options: TrimmerOptions) {
    this.#options = options;
    const { scheduler, pauseMs } = options;
    // Other processes append too, so ask the log: that costs one look-up.
    this.#stopLooking = scheduler.every(pauseMs, () => void this.#trim());
  }

  /** Stop after the current piece. */
  stop(): void {
    this.#stopped = true;
    this.#stopLooking();
  }

  async #trim(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    const { log, scheduler, onError } = this.#options;
    try {
      while (!this.#stopped && (await log.trim())) await scheduler.nextTurn();
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) onError(error);
      this.#isFailing = true;
    }
    this.#running = false;
  }
}
