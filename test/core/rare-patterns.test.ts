import { expect } from "chai";
import fc from "fast-check";
import { parseSelectors } from "../../src/core/channel-name.ts";
import type { MessageLog } from "../../src/core/log.ts";
import { MAX_SCANNED_ROWS } from "../../src/logs/table-reads.ts";
import { DelayedWorld, WORLD_STEPS } from "../support/delayed-world.ts";
import { newMessage } from "../support/messages.ts";
import { openRequest } from "../support/open-request.ts";
import { SlowSink } from "../support/slow-sink.ts";
import { eventually } from "../support/within.ts";

/** Open a stream that gets all that is kept of these channels. */
async function open({ hub }: DelayedWorld, channels: string, room = 1e9): Promise<SlowSink> {
  const sink = new SlowSink(room);
  await hub.open(openRequest(parseSelectors(channels), sink, { start: { from: "earliest" } }));
  return sink;
}

const idsOf = ({ events }: SlowSink) =>
  events.flatMap(({ type, id }) => (type === "message" && id !== undefined ? [id] : []));
const isLive = ({ events }: SlowSink) => events.some(({ type }) => type === "live");

/** Counts what is looked at for the streams of a log. */
class Costs {
  rows = 0;
  searches = 0;
  requests = 0;

  watch(log: MessageLog): void {
    const { read, findPlaces } = log;
    log.read = async (request) => {
      // With an end, so that what was just appended is not taken from memory.
      const upTo = request.upTo ?? (await log.tip());
      const batch = await read.call(log, { ...request, upTo });
      this.rows += batch.messages.length + (batch.passed?.rows ?? 0);
      return batch;
    };
    log.findPlaces = (requests, isGone) => {
      this.searches++;
      this.requests += requests.length;
      return findPlaces.call(log, requests, isGone);
    };
  }
}

/** More channels than are merged by their indexes. */
const MERGED = 65;

const publish = (world: DelayedWorld, channel: string, count: number) =>
  world.take({ do: "publish", channel, count });

/** What may happen while streams read. */
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      channel: fc.constantFrom("r.1", "r.2", "r.60", "a.1"),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      channel: fc.constant("busy"),
      count: fc.integer({ min: 1, max: 60 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("drain" as const),
      client: fc.nat(2),
      room: fc.integer({ min: 1, max: 5_000 }),
    }),
  },
  { weight: 1, arbitrary: WORLD_STEPS.trim },
  { weight: 3, arbitrary: WORLD_STEPS.turn },
);

const CHANNELS = 3_000;
const PATTERNS = 100;

/** Five messages of each of some patterns, among 60,000 others. */
async function publishRare(log: MessageLog): Promise<void> {
  for (let round = 0; round < 5; round++) {
    const busy = Array.from({ length: 12_000 }, (_, n) =>
      newMessage(`busy.${n % (CHANNELS - 5 * PATTERNS)}`, "1"),
    );
    await log.append({ messages: busy });
    const rare = Array.from({ length: PATTERNS }, (_, n) => newMessage(`${round}.rare${n}`, "1"));
    await log.append({ messages: rare });
  }
}

describe("a stream with a rare pattern that begins far back", function () {
  this.timeout(60_000);

  it("gets its messages after a look at a small part of the log, which many such streams share", async () => {
    const costs = new Costs();
    const world = await DelayedWorld.start(() => 0, { maxChannels: CHANNELS });
    costs.watch(world.log);
    await publishRare(world.log);
    const sinks = await Promise.all(
      Array.from({ length: PATTERNS }, (_, n) => open(world, `*.rare${n}`)),
    );
    await eventually(50_000, () => sinks.every(isLive), "all are live");
    for (const sink of sinks) expect(idsOf(sink)).to.have.lengthOf(5);
    const all = 60_000 + 5 * PATTERNS;
    expect(costs.rows / PATTERNS, `rows for each, of ${all}`).to.be.below(6_000);
    expect(costs.requests, "each is searched for once").to.equal(PATTERNS);
    expect(costs.searches, "they share searches").to.be.below(PATTERNS / 2);
    world.hub.stop();
  });

  it("gets each message once, in log order, or a gap, under any interleaving of publish, drain, trim and search", async () => {
    const costs = new Costs();
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.infiniteStream(fc.nat(2)),
        async (steps, delays) => {
          const world = await DelayedWorld.start(() => delays.next().value ?? 0);
          costs.watch(world.log);
          await publish(world, "busy", MAX_SCANNED_ROWS); // one read of nothing for a rare pattern
          for (let n = 0; n < MERGED; n++) await publish(world, `r.${n}`, 1);
          await world.settle();
          const clients = ["r.*", "*.1,r.2", "busy,r.**"].map((channels) => ({
            channels,
            sink: new SlowSink(0),
          }));
          for (const client of clients) client.sink = await open(world, client.channels, 2_000);
          for (const one of steps) {
            if (one.do === "drain") clients[one.client]?.sink.drain(one.room);
            else await world.take(one);
          }
          await world.settle();
          const last = world.published.map(({ id }) => id).sort();
          const isBehind = ({ channels, sink }: (typeof clients)[number]) => {
            const { matches } = parseSelectors(channels);
            const wanted = world.published.filter(({ channel }) => matches(channel));
            const end =
              wanted
                .map(({ id }) => id)
                .sort()
                .at(-1) ?? "";
            return (
              !isLive(sink) || !sink.events.some(({ id, cursor }) => (id ?? cursor ?? "") >= end)
            );
          };
          for (let n = 0; n < 500 && clients.some(isBehind); n++) {
            for (const { sink } of clients) sink.drain(1e6);
            await world.pause();
          }
          expect(
            clients.filter(isBehind).map(({ channels }) => channels),
            last.at(-1),
          ).to.be.empty;
          for (const { channels, sink } of clients) {
            const gaps = sink.events.flatMap(({ type, after, upTo }) =>
              type === "gap" && after !== undefined && upTo !== undefined ? { after, upTo } : [],
            );
            world.check({
              selectors: parseSelectors(channels),
              first: null,
              ids: idsOf(sink),
              gaps,
            });
          }
          world.hub.stop();
        },
      ),
      { numRuns: 25 },
    );
    expect(costs.searches, "searches of all runs").to.be.at.least(25);
  });
});
