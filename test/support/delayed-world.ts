import { expect } from "chai";
import fc from "fast-check";
import { InProcessBus } from "../../src/buses/in-process-bus.ts";
import type { SelectorSet } from "../../src/core/channel-name.ts";
import type { MachineFigures } from "../../src/core/figures.ts";
import { Hub } from "../../src/core/hub.ts";
import type { LogBatch, MessageLog, ReadRequest } from "../../src/core/log.ts";
import type { Scheduler } from "../../src/core/scheduler.ts";
import { Tally } from "../../src/core/tally.ts";
import { openMemoryLog } from "../../src/logs/memory-log.ts";
import { ChangingRules } from "./changing-rules.ts";
import { newMessage } from "./messages.ts";

/**
 * Answers each read some turns late, so that anything can happen before and after it, and lets some
 * be under way at once.
 */
function delayed(log: MessageLog, turns: () => number): MessageLog {
  const wait = async <T>(value: T): Promise<T> => {
    for (let n = turns(); n > 0; n--) await new Promise((resolve) => setImmediate(resolve));
    return value;
  };
  return {
    epoch: log.epoch,
    capabilities: { ...log.capabilities, readsAtOnce: 1 + turns() },
    append: (request) => log.append(request).then(wait),
    appendEach: (requests) => log.appendEach(requests).then(wait),
    read: async (request: ReadRequest): Promise<LogBatch> => {
      await wait(null);
      return wait(await log.read(request));
    },
    tip: () => log.tip(),
    beforeLast: (selectors, count, upTo, isGone) => log.beforeLast(selectors, count, upTo, isGone),
    findPlaces: async (requests, isGone) => wait(await log.findPlaces(requests, isGone)),
    channels: (after, limit) => log.channels(after, limit),
    deleteChannel: (channel) => log.deleteChannel(channel),
    revoke: (revocation) => log.revoke(revocation),
    revocations: (after, limit) => log.revocations(after, limit),
    trim: () => log.trim(),
    health: () => log.health(),
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
 * Start a hub on a log in memory that answers late, by so many turns of the event loop each time,
 * under a clock that ends every slice.
 */
async function startDelayedHub(
  turns: () => number,
  rules: ChangingRules,
  maxChannels: number,
): Promise<{ readonly hub: Hub; readonly log: MessageLog }> {
  const log = await openMemoryLog(() => "epoch", {
    now: Date.now,
    monotonicMs: () => performance.now(),
    retention: rules,
    maxIdempotencyKeys: 10,
    maxChannels,
    maxLogBytes: 1e12,
  });
  const hub = await Hub.start({
    log: delayed(log, turns),
    bus: new InProcessBus(),
    scheduler,
    limits: {
      maxStreams: 100,
      maxStreamsPerAddress: 100,
      maxStreamsPerSubject: 100,
      maxStreamsPerClient: 100,
      stallMs: 1_000,
      recycleBytes: 0,
      recycleMs: 0,
      maxStreamAgeMs: 0,
      maxPendingBytes: 1e6,
      heartbeatMs: 1_000,
      receiptMs: 1_000,
      maxReceipts: 100,
    },
    tally: new Tally(),
    machine: () => NO_MACHINE,
    alarms: { list: () => [] },
    events: () => null,
    listeners: [],
    random: () => 0.5,
    nextHandle: () => 1,
    newStreamId: () => `s${Math.random()}`,
    newTicketId: () => `t${Math.random()}`,
    onError: (error) => {
      throw error;
    },
  });
  return { hub, log };
}

/** Figures that nothing looks at. */
const NO_MACHINE: MachineFigures = {
  server: "test",
  worker: 0,
  pid: 0,
  version: "0.0.0",
  node: "0.0.0",
  startedAt: 0,
  cpuSeconds: 0,
  rssBytes: 0,
  heapBytes: 0,
  loopDelay: 0,
  disk: null,
};

/** What happens in every such world: messages, their removal, and time. */
export const WORLD_STEPS = {
  publish: fc.record({
    do: fc.constant("publish" as const),
    channel: fc.constantFrom<string[]>("a", "b.x", "b.y"),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  trim: fc.record({
    do: fc.constant("trim" as const),
    keep: fc.integer({ min: 1, max: 6 }),
  }),
  turn: fc.record({ do: fc.constant("turn" as const), turns: fc.nat(3) }),
};

type WorldStep = {
  [Name in keyof typeof WORLD_STEPS]: (typeof WORLD_STEPS)[Name] extends fc.Arbitrary<infer Step>
    ? Step
    : never;
}[keyof typeof WORLD_STEPS];

/** What a client was given. */
interface Given {
  readonly selectors: SelectorSet;
  /** Where it began. */
  readonly first: string | null;
  readonly ids: readonly string[];
  readonly gaps: readonly { readonly after: string; readonly upTo: string }[];
}

/** The hub of {@link startDelayedHub}, and what was published to it. */
export class DelayedWorld {
  readonly hub: Hub;
  readonly log: MessageLog;
  readonly published: { readonly id: string; readonly channel: string }[] = [];
  /** What is published, as JSON. */
  data = "1";
  readonly #publishes: Promise<unknown>[] = [];
  readonly #rules: ChangingRules;

  private constructor(hub: Hub, log: MessageLog, rules: ChangingRules) {
    this.#rules = rules;
    this.hub = hub;
    this.log = log;
  }

  static async start(turns: () => number, { maxChannels = 100 } = {}): Promise<DelayedWorld> {
    const rules = new ChangingRules();
    const { hub, log } = await startDelayedHub(turns, rules, maxChannels);
    return new DelayedWorld(hub, log, rules);
  }

  async take(step: WorldStep): Promise<void> {
    switch (step.do) {
      case "publish":
        this.#publish(step.channel, step.count);
        break;
      case "trim":
        this.#rules.keep({ maxMessages: step.keep });
        while (await this.log.trim());
        break;
      case "turn":
        for (let n = step.turns; n > 0; n--) await this.pause();
    }
  }

  /** For a turn of the event loop. */
  pause(): Promise<unknown> {
    return scheduler.nextTurn();
  }

  /** Resolves when all publishes were answered. */
  async settle(): Promise<void> {
    await Promise.all(this.#publishes);
  }

  /** Each message once, in log order, or a gap. */
  check({ selectors, first, ids, gaps }: Given): void {
    expect(ids, "in log order, each once").to.deep.equal([...new Set(ids)].sort());
    const missing = this.published.filter(
      ({ id, channel }) =>
        selectors.matches(channel) &&
        id > (first ?? "") &&
        !ids.includes(id) &&
        !gaps.some(({ after, upTo }) => after < id && id <= upTo),
    );
    expect(missing, `missing for ${selectors.key} without a gap`).to.deep.equal([]);
  }

  #publish(channel: string, count: number): void {
    const messages = Array.from({ length: count }, () => newMessage(channel, this.data));
    const publish = async () => {
      for (const id of await this.hub.publish({ messages })) this.published.push({ id, channel });
    };
    this.#publishes.push(publish());
  }
}
