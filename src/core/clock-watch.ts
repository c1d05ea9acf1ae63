import type { Alarms } from "./alarms.ts";
import type { Scheduler } from "./scheduler.ts";

/** Pause between two looks, in ms. */
const LOOK_MS = 1_000;

/** A time service that puts a clock right in small steps moves it by less than this, in ms. */
const JUMP_MS = 5_000;

/** The alarm ends this long after the last jump, in ms. */
const HELD_MS = 3_600_000;

/** What a watch depends on. */
export interface ClockWatchOptions {
  readonly scheduler: Pick<Scheduler, "monotonicMs" | "unixMs" | "every">;
  readonly alarms: Alarms;
}

/** Notices that the wall clock jumped, by the clock that never does. */
export class ClockWatch {
  readonly #options: ClockWatchOptions;
  readonly #stop: () => void;
  /** Unix ms at monotonic 0. */
  #base: number;
  /** Monotonic ms of the last jump. */
  #jumpedAt: number | null = null;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    this.#base = this.#measure();
    this.#stop = options.scheduler.every(LOOK_MS, () => this.#look());
  }

  stop(): void {
    this.#stop();
  }

  #look(): void {
    const { scheduler, alarms } = this.#options;
    const base = this.#measure();
    const jump = base - this.#base;
    this.#base = base;
    const now = scheduler.monotonicMs();
    if (Math.abs(jump) > JUMP_MS) {
      this.#jumpedAt = now;
      const seconds = Math.round(Math.abs(jump) / 1_000);
      const where = jump > 0 ? "forward" : "back";
      alarms.begin(
        "clock-jumped",
        `The clock of this machine jumped ${where} by ${seconds} s: tokens, retention and the times of messages depend on it, so see to its time service (timedatectl), or to a machine that sleeps`,
      );
    } else if (this.#jumpedAt !== null && now - this.#jumpedAt >= HELD_MS) {
      this.#jumpedAt = null;
      alarms.end("clock-jumped");
    }
  }

  #measure(): number {
    const { scheduler } = this.#options;
    return scheduler.unixMs() - scheduler.monotonicMs();
  }
}
