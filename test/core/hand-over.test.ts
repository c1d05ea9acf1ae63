import { expect } from "chai";
import fc from "fast-check";
import { parseSelectors } from "../../src/core/channel-name.ts";
import type { Sink } from "../../src/core/sink.ts";
import type { StartRequest } from "../../src/core/stream-start.ts";
import { DelayedWorld, WORLD_STEPS } from "../support/delayed-world.ts";
import { openRequest } from "../support/open-request.ts";
import { type SeenEvent, SlowSink } from "../support/slow-sink.ts";

const step = fc.oneof(
  { weight: 6, arbitrary: WORLD_STEPS.publish },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("drain" as const),
      client: fc.nat(3),
      room: fc.integer({ min: 1, max: 2_000 }),
    }),
  },
  { weight: 1, arbitrary: WORLD_STEPS.trim },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cut" as const), client: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("close" as const), client: fc.nat(3) }) },
  { weight: 3, arbitrary: WORLD_STEPS.turn },
);

describe("the hand-over from replay to live", function () {
  this.timeout(120_000);

  it("gives each stream each message once, in log order, or a gap, under any interleaving of publish, drain, trim, cut, close and reconnect", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.infiniteStream(fc.nat(2)),
        async (steps, delays) => {
          const world = await createWorld(() => delays.next().value ?? 0);
          for (const one of steps) await world.take(one);
          await world.settle();
          world.check();
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** Four clients with different wants, that reconnect from their cursor as a browser would. */
async function createWorld(turns: () => number) {
  const world = await DelayedWorld.start(turns);
  const { hub, log, published } = world;
  const clients = ["a", "b.*", "a,b.x", "**,a"].map((channels) => ({
    selectors: parseSelectors(channels),
    cursor: null as string | null,
    first: null as string | null,
    sink: new SlowSink(0),
    stream: "",
    events: [] as SeenEvent[],
  }));
  type Client = (typeof clients)[number];

  const collect = (client: Client) => {
    for (const event of client.sink.events) {
      client.events.push(event);
      client.cursor =
        event.type === "message" ? (event.id as string) : (event.cursor ?? client.cursor);
    }
  };
  const connect = async (client: Client, room: number) => {
    client.sink = new SlowSink(room);
    const start: StartRequest =
      client.cursor === null ? { from: "now" } : { from: "cursor", after: client.cursor };
    const { sink } = client;
    await hub.open(openRequest(client.selectors, sink, { start }));
    const [open] = sink.events as readonly { stream?: string; cursor?: string }[];
    client.stream = open?.stream ?? "";
    client.first ??= open?.cursor ?? null;
  };
  async function join(sink: Sink) {
    await hub.open(openRequest(parseSelectors("a"), sink, { start: { from: "now" } }));
  }
  // So many in one view that a delivery to all of them takes several slices.
  const crowd = Array.from({ length: 40 }, () => new SlowSink(1e9));
  for (const sink of crowd.slice(0, 20)) await join(sink);
  for (const client of clients) await connect(client, 300);
  for (const sink of crowd.slice(20)) await join(sink);

  const reconnect = async (client: Client, room: number) => {
    await world.pause();
    collect(client);
    await connect(client, room);
  };

  return {
    async take(one: typeof step extends fc.Arbitrary<infer T> ? T : never) {
      switch (one.do) {
        case "drain":
          clients[one.client]?.sink.drain(one.room);
          break;
        case "cut": {
          const client = clients[one.client] as Client;
          client.sink.destroy();
          await reconnect(client, 500);
          break;
        }
        case "close": {
          const client = clients[one.client] as Client;
          await hub.control.close(client.stream, "client");
          await reconnect(client, 100);
          break;
        }
        default:
          await world.take(one);
      }
    },

    /** Let every client read all that there is. */
    async settle() {
      await world.settle();
      const tip = await log.tip();
      const behind = (client: Client) => {
        const wanted = published
          .filter(({ channel }) => client.selectors.matches(channel))
          .map(({ id }) => id);
        const given = client.sink.events.flatMap(({ id, cursor }) => id ?? cursor ?? []);
        const last = wanted.sort().at(-1) ?? "";
        return last > (client.first ?? "") && !given.some((place) => place >= last);
      };
      for (let n = 0; n < 500 && clients.some(behind); n++) {
        for (const client of clients) client.sink.drain(1_000);
        await world.pause();
      }
      expect(
        clients.filter(behind).map(({ selectors }) => selectors.key),
        `behind ${tip}`,
      ).to.deep.equal([]);
      for (let n = 0; n < 5; n++) await world.pause();
      for (const client of clients) collect(client);
      hub.stop();
    },

    check() {
      for (const { selectors, first, events } of clients) {
        const ids = events.flatMap(({ type, id }) => (type === "message" && id ? id : []));
        const gaps = events.flatMap(({ type, after, upTo }) =>
          type === "gap" && after !== undefined && upTo !== undefined ? { after, upTo } : [],
        );
        world.check({ selectors, first, ids, gaps });
      }
    },
  };
}
