import type { Scheduler } from "./core/scheduler.ts";

/** Time as Node has it. */
export const nodeScheduler: Scheduler = {
  monotonicMs: () => performance.now(),
  nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
  every(ms, run) {
    const timer = setInterval(run, ms).unref();
    return () => clearInterval(timer);
  },
  after(ms, run) {
    setTimeout(run, ms).unref();
  },
};
