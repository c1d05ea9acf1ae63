import { expect } from "chai";
import fc from "fast-check";
import { parseSelectors } from "../../src/core/channel-name.ts";
import type { StartRequest } from "../../src/core/stream-start.ts";
import { Encoding } from "../../src/core/transport.ts";
import { plainFraming } from "../../src/http/connection/framing.ts";
import { PollSink } from "../../src/http/sinks/poll-sink.ts";
import { pollTransport } from "../../src/transports/poll.ts";
import { DelayedWorld, WORLD_STEPS } from "../support/delayed-world.ts";

/** What a poll is answered. */
interface Answer {
  readonly stream: string;
  readonly cursor: string;
  readonly messages: readonly { readonly id: string; readonly channel: string }[];
  readonly gaps: readonly { readonly after: string; readonly upTo: string }[];
  readonly stop: 0 | 1;
}

const LONG_MS = 60_000;

const step = fc.oneof(
  { weight: 5, arbitrary: WORLD_STEPS.publish },
  // A poll, whose answer may be lost on the way: its client asks again from where it was.
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("poll" as const),
      client: fc.nat(2),
      waits: fc.boolean(),
      isLost: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: WORLD_STEPS.trim },
  { weight: 3, arbitrary: WORLD_STEPS.turn },
);

describe("a long-poll stream", function () {
  this.timeout(120_000);

  it("gives its client each message once, in log order, or a gap, under any interleaving of publish, poll, trim and lost answers", async () => {
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
      { numRuns: 1_000 },
    );
  });
});

/**
 * Three clients, each of which takes what the answer to its last poll has, unless that was lost.
 */
async function createWorld(turns: () => number) {
  const world = await DelayedWorld.start(turns);
  const { hub } = world;
  const clients = ["a", "a,b.*", "**"].map((channels) => ({
    selectors: parseSelectors(channels),
    first: null as string | null,
    cursor: null as string | null,
    stream: "",
    ids: [] as string[],
    gaps: [] as Answer["gaps"][number][],
    /** Of the poll whose answer it would take. */
    poll: null as object | null,
  }));
  type Client = (typeof clients)[number];

  const takeAnswer = (client: Client, { stream, cursor, messages, gaps, stop }: Answer) => {
    expect(stop).to.equal(0);
    client.stream = stream;
    client.first ??= cursor;
    client.cursor = cursor;
    client.ids.push(...messages.map(({ id }) => id));
    client.gaps.push(...gaps);
  };
  /** Resolves when it is answered. A client has one poll: a newer one takes its place. */
  const poll = async (client: Client, waitMs: number, isLost: boolean) => {
    const me = {};
    client.poll = me;
    const start: StartRequest =
      client.cursor === null ? { from: "now" } : { from: "cursor", after: client.cursor };
    const wanted = { selectors: client.selectors, start };
    const parts = await new Promise<readonly Buffer[]>((resolve, reject) => {
      const begin = (sink: PollSink) => {
        sink.wait(waitMs, resolve);
        return sink;
      };
      const goOn = async () => {
        const takeSink = (sink: unknown) => sink instanceof PollSink && begin(sink) === sink;
        const request = {
          ...wanted,
          client: null,
          principal: null,
          takesOverFrom: null,
          latest: false,
          isGone: () => false,
          address: null,
          browser: null,
          expiresInMs: null,
          mayRecycle: true,
          encoding: Encoding.of(pollTransport, plainFraming),
          connect: () => begin(new PollSink(LONG_MS)),
        };
        await hub.poll(client.stream, request, takeSink);
      };
      goOn().catch(reject);
    });
    if (client.poll !== me || isLost) return;
    client.poll = null;
    takeAnswer(client, JSON.parse(Buffer.concat(parts).toString()));
  };
  for (const client of clients) await poll(client, 0, false);

  const polls: Promise<void>[] = [];
  return {
    async take(one: typeof step extends fc.Arbitrary<infer T> ? T : never) {
      if (one.do !== "poll") await world.take(one);
      else polls.push(poll(clients[one.client] as Client, one.waits ? LONG_MS : 0, one.isLost));
    },

    /** Let every client poll until there is nothing more. */
    async settle() {
      await world.settle();
      for (const client of clients) {
        for (let seen = -1; seen < client.ids.length; ) {
          seen = client.ids.length;
          await poll(client, 0, false);
        }
      }
      await hub.drain(() => 0); // what still waits is answered
      await Promise.all(polls);
      hub.stop();
    },

    check() {
      for (const client of clients) world.check(client);
    },
  };
}
