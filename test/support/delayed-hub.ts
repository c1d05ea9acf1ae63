import { InProcessBus } from "../../src/buses/in-process-bus.ts";
import { Hub } from "../../src/core/hub.ts";
import type { LogBatch, MessageLog, ReadRequest } from "../../src/core/log.ts";
import type { Scheduler } from "../../src/core/scheduler.ts";
import { openMemoryLog } from "../../src/logs/memory-log.ts";

/** Answers each read some turns late, so that anything can happen before and after it. */
function delayed(log: MessageLog, turns: () => number): MessageLog {
  const wait = async <T>(value: T): Promise<T> => {
    for (let n = turns(); n > 0; n--) await new Promise((resolve) => setImmediate(resolve));
    return value;
  };
  return {
    epoch: log.epoch,
    capabilities: log.capabilities,
    append: (request) => log.append(request).then(wait),
    read: async (request: ReadRequest): Promise<LogBatch> => {
      await wait(null);
      return wait(await log.read(request));
    },
    tip: () => log.tip(),
    beforeLast: (selectors, count, upTo) => log.beforeLast(selectors, count, upTo),
    channels: (after, limit) => log.channels(after, limit),
    deleteChannel: (channel) => log.deleteChannel(channel),
    trim: (retention) => log.trim(retention),
    close: () => log.close(),
  };
}

/** Runs so fast that every look at it ends a slice. */
let clock = 0;
const scheduler: Scheduler = {
  monotonicMs: () => {
    clock += 10;
    return clock;
  },
  unixMs: Date.now,
  nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
  every: () => () => {},
  after: (ms, run) => void setTimeout(run, Math.min(ms, 5)),
};

/**
 * Start a hub on a log in memory that answers late, by so many turns of the event loop each time, under a clock that ends
 * every slice.
 */
export async function startDelayedHub(
  turns: () => number,
): Promise<{ readonly hub: Hub; readonly log: MessageLog }> {
  const log = await openMemoryLog(() => "epoch", {
    now: Date.now,
    maxIdempotencyKeys: 10,
    maxChannels: 100,
  });
  const hub = await Hub.start({
    log: delayed(log, turns),
    bus: new InProcessBus(),
    scheduler,
    limits: {
      maxStreams: 100,
      maxStreamsPerAddress: 100,
      maxStreamsPerClient: 100,
      stallMs: 1_000,
      recycleBytes: 0,
      recycleMs: 0,
      maxPendingBytes: 1e6,
      heartbeatMs: 1_000,
      receiptMs: 1_000,
      maxReceipts: 100,
    },
    random: () => 0.5,
    drawHandle: () => 1,
    drawStreamId: () => `s${Math.random()}`,
    onError: (error) => {
      throw error;
    },
  });
  return { hub, log };
}
