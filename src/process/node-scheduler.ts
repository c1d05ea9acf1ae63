import type { Scheduler } from "../core/scheduler.ts";

/** Time as Node has it. */
export const nodeScheduler: Scheduler = {
  // Whole, since a stream keeps such times: a fraction takes an object of its own.
  monotonicMs: () => Math.floor(performance.now()),
  unixMs: Date.now,
  nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
  every(ms, run) {
    const timer = setInterval(run, ms).unref();
    return () => clearInterval(timer);
  },
  after(ms, run) {
    setTimeout(run, ms).unref();
  },
};
