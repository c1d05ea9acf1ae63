import { expect } from "chai";
import fc from "fast-check";
import { parseSelectors } from "../../src/core/channel-name.ts";
import type { StartRequest } from "../../src/core/stream-start.ts";
import { DelayedWorld, WORLD_STEPS } from "../support/delayed-world.ts";
import { openRequest } from "../support/open-request.ts";
import { type SeenEvent, SlowSink } from "../support/slow-sink.ts";

/** Some of these are more than a segment holds, so that lists are needed. */
const LONG = JSON.stringify("x".repeat(24_000));

const published = { weight: 6, arbitrary: WORLD_STEPS.publish };
const turn = { weight: 3, arbitrary: WORLD_STEPS.turn };
const drain = {
  weight: 3,
  arbitrary: fc.record({
    do: fc.constant("drain" as const),
    client: fc.nat(3),
    room: fc.integer({ min: 1, max: 150_000 }),
  }),
};
const cut = {
  weight: 1,
  arbitrary: fc.record({ do: fc.constant("cut" as const), client: fc.nat(3) }),
};
const trim = { weight: 1, arbitrary: WORLD_STEPS.trim };

const quiet = fc.oneof(published, turn, drain);
const anything = fc.oneof(published, turn, drain, cut, trim);

interface Client {
  readonly channels: string;
  readonly start: StartRequest;
  readonly latest: boolean;
  sink: SlowSink;
  cursor: string | null;
  readonly events: SeenEvent[];
}

describe("a stream that does not want every message", function () {
  this.timeout(120_000);

  it("starts with exactly the last of each channel, and gets all that follows, under any interleaving of publish and drain", async () => {
    await run(quiet, 200, EACH, ({ channels, start, events }, all) => {
      const count = start.from === "each" ? start.count : 0;
      const wanted = all.filter(({ channel }) => parseSelectors(channels).matches(channel));
      const live = events.findIndex(({ type }) => type === "live");
      expect(live, "live").to.be.at.least(1);
      const { cursor = "" } = events[live] as SeenEvent;
      expect(idsOf(events.slice(live))).to.deep.equal(
        idsAfter(cursor, wanted),
        "after the live event",
      );
      // The end of the start may be anywhere before the live event.
      const given = idsOf(events.slice(0, live));
      const kept = wanted.filter(({ id }) => id <= cursor);
      const isStart = (end: string) => {
        const from = kept.filter(({ id, channel }) => {
          const later = kept.filter((other) => {
            return other.channel === channel && other.id > id && other.id <= end;
          });
          return id > end || later.length < count;
        });
        return from.map(({ id }) => id).join() === given.join();
      };
      const ends = ["", ...kept.map(({ id }) => id)];
      expect(ends.some(isStart), `${given.length} of ${kept.length} before it`).to.equal(true);
    });
  });

  it("is given the newest message of each channel after its cursor, each once, in order, under any interleaving", async () => {
    await run(anything, 300, LATEST, ({ channels, events }, all) => {
      const ids = idsOf(events);
      expect(ids, "in log order, each once").to.deep.equal([...new Set(ids)].sort());
      const wanted = all.filter(({ channel }) => parseSelectors(channels).matches(channel));
      const newest = new Map(wanted.map(({ channel, id }) => [channel, id]));
      const missing = [...newest.values()].filter((id) => !ids.includes(id));
      expect(missing, `of ${channels}`).to.deep.equal([]);
    });
  });
});

const EACH = [
  { channels: "**", start: { from: "each", count: 1 }, latest: false },
  { channels: "a", start: { from: "each", count: 2 }, latest: false },
  { channels: "b.*", start: { from: "each", count: 1 }, latest: false },
  { channels: "a,b.x", start: { from: "each", count: 3 }, latest: false },
] as const;

const LATEST = [
  { channels: "**", start: { from: "earliest" }, latest: true },
  { channels: "a", start: { from: "earliest" }, latest: true },
  { channels: "b.*", start: { from: "earliest" }, latest: true },
  { channels: "a,b.x", start: { from: "earliest" }, latest: true },
] as const;

type Published = DelayedWorld["published"];

/** Let four clients read while these steps are taken, and check what each was given in the end. */
async function run(
  step: typeof anything | typeof quiet,
  numRuns: number,
  wanted: typeof EACH | typeof LATEST,
  check: (client: Client, published: Published) => void,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.nat(12),
      fc.boolean(),
      fc.infiniteStream(fc.nat(2)),
      async (steps, before, isLong, delays) => {
        const world = await DelayedWorld.start(() => delays.next().value ?? 0);
        if (isLong) world.data = LONG;
        for (let n = 0; n < before; n++)
          await world.take({ do: "publish", channel: n % 3 === 0 ? "a" : "b.x", count: 1 });
        await world.settle();
        const clients = wanted.map((one) => newClient(one));
        for (const client of clients) await connect(world, client, 1_000);
        for (const one of steps) await take(world, clients, one);
        await settle(world, clients);
        const published = world.published.toSorted((a, b) => (a.id < b.id ? -1 : 1));
        for (const client of clients) check(client, published);
      },
    ),
    { numRuns },
  );
}

function newClient(wanted: Pick<Client, "channels" | "start" | "latest">): Client {
  return { ...wanted, sink: new SlowSink(0), cursor: null, events: [] };
}

async function connect(world: DelayedWorld, client: Client, room: number): Promise<void> {
  const sink = new SlowSink(room);
  client.sink = sink;
  const { channels, cursor, latest } = client;
  const start = cursor === null ? client.start : ({ from: "cursor", after: cursor } as const);
  await world.hub.open(openRequest(parseSelectors(channels), sink, { start, latest }));
}

async function take(
  world: DelayedWorld,
  clients: readonly Client[],
  step: typeof anything extends fc.Arbitrary<infer T> ? T : never,
): Promise<void> {
  if (step.do !== "drain" && step.do !== "cut") return world.take(step);
  const client = clients[step.client] as Client;
  if (step.do === "drain") return client.sink.drain(step.room);
  client.sink.destroy();
  await world.pause();
  collect(client);
  await connect(world, client, 30_000);
}

/** What the client has seen of this connection, as a browser would that comes back. */
function collect(client: Client): void {
  for (const event of client.sink.events) {
    client.events.push(event);
    client.cursor = event.id ?? event.cursor ?? client.cursor;
  }
}

/** Let every client read all that there is. */
async function settle(world: DelayedWorld, clients: readonly Client[]): Promise<void> {
  await world.settle();
  const tip = await world.log.tip();
  const isBehind = ({ channels, sink }: Client) => {
    const { matches } = parseSelectors(channels);
    const last = world.published
      .filter(({ channel }) => matches(channel))
      .map(({ id }) => id)
      .sort()
      .at(-1);
    const given = sink.events.flatMap(({ id, cursor }) => id ?? cursor ?? []);
    const isLive = sink.events.some(({ type }) => type === "live");
    return !isLive || (last !== undefined && !given.some((place) => place >= last));
  };
  for (let n = 0; n < 500 && clients.some(isBehind); n++) {
    for (const { sink } of clients) sink.drain(1_000_000);
    await world.pause();
  }
  expect(clients.filter(isBehind).map(({ channels }) => channels)).to.deep.equal([], tip);
  for (let n = 0; n < 5; n++) await world.pause();
  for (const client of clients) collect(client);
  world.hub.stop();
}

function idsOf(events: readonly SeenEvent[]): readonly string[] {
  return events.flatMap(({ type, id }) => (type === "message" && id !== undefined ? [id] : []));
}

function idsAfter(cursor: string, published: Published): readonly string[] {
  return published.flatMap(({ id }) => (id > cursor ? [id] : []));
}
