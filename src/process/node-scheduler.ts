import type { Scheduler } from "../core/scheduler.ts";

/** How long work gives way to connections that wait to be accepted, in ms. */
const GIVE_WAY_MS = 5;

/** Connections that this process has accepted. */
let accepted = 0;

/** A server has accepted a connection: call it from its `connection` event. */
export function noteConnection(): void {
  accepted++;
}

/** Connections accepted when work gave way last. */
let seen = 0;

/** All who wait for their next turn. */
let waiting: (() => void)[] = [];

/**
 * Node accepts one connection in each turn of the event loop, so work that fills its turns would
 * keep a thousand browsers that come at once waiting for seconds. While one connection follows
 * another, all work gives way to them for some ms.
 */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(giveWay);
  });
}

/** @param until when work continues in any case: some ms after the work of this turn */
function giveWay(until = performance.now() + GIVE_WAY_MS): void {
  if (accepted !== seen && performance.now() < until) {
    seen = accepted;
    setImmediate(giveWay, until);
    return;
  }
  const ready = waiting;
  waiting = [];
  for (const resolve of ready) resolve();
}

/** Time as Node has it. */
export const nodeScheduler: Scheduler = {
  // Whole, since a stream keeps such times: a fraction takes an object of its own.
  monotonicMs: () => Math.floor(performance.now()),
  unixMs: Date.now,
  nextTurn,
  every(ms, run) {
    const timer = setInterval(run, ms).unref();
    return () => clearInterval(timer);
  },
  after(ms, run) {
    setTimeout(run, ms).unref();
  },
};
