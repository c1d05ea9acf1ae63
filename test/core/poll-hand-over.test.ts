import { expect } from "chai";
import fc from "fast-check";
import { parseSelectors } from "../../src/core/channel-name.ts";
import type { StreamStart } from "../../src/core/stream-start.ts";
import { Encoding } from "../../src/core/transport.ts";
import { plainFraming } from "../../src/http/framing.ts";
import { PollSink } from "../../src/http/poll-sink.ts";
import { pollTransport } from "../../src/transports/poll.ts";
import { startDelayedHub } from "../support/delayed-hub.ts";

/** What a poll is answered. */
interface Answer {
  readonly stream: string;
  readonly cursor: string;
  readonly messages: readonly { readonly id: string; readonly channel: string }[];
  readonly gaps: readonly { readonly after: string; readonly upTo: string }[];
  readonly stop: 0 | 1;
}

const LONG_MS = 60_000;
const CHANNELS = ["a", "b"];

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      channel: fc.nat(1),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
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
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("trim" as const),
      keep: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("turn" as const), turns: fc.nat(3) }) },
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

/** Three clients, each of which takes what the answer to its last poll has, unless that was lost. */
async function createWorld(turns: () => number) {
  const { hub, log } = await startDelayedHub(turns);
  const published: { readonly id: string; readonly channel: string }[] = [];
  const clients = ["a", "a,b", "*"].map((channels) => ({
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
  const publishes: Promise<unknown>[] = [];
  const pause = () => new Promise((resolve) => setImmediate(resolve));

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
    const start: StreamStart =
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
          takesOver: false,
          address: null,
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
      switch (one.do) {
        case "publish": {
          const channel = CHANNELS[one.channel] as string;
          const messages = Array.from({ length: one.count }, () => ({ channel, data: "1" }));
          publishes.push(
            hub.publish({ messages }).then((ids) => {
              for (const id of ids) published.push({ id, channel });
            }),
          );
          break;
        }
        case "poll":
          polls.push(poll(clients[one.client] as Client, one.waits ? LONG_MS : 0, one.isLost));
          break;
        case "trim":
          while (await log.trim(() => ({ maxMessages: one.keep, maxAgeMs: 1e12 })));
          break;
        case "turn":
          for (let n = one.turns; n > 0; n--) await pause();
      }
    },

    /** Let every client poll until there is nothing more. */
    async settle() {
      await Promise.all(publishes);
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
      for (const { selectors, first, ids, gaps } of clients) {
        expect(ids, "in log order, each once").to.deep.equal([...new Set(ids)].sort());
        const missing = published.filter(
          ({ id, channel }) =>
            selectors.matches(channel) &&
            id > (first ?? "") &&
            !ids.includes(id) &&
            !gaps.some(({ after, upTo }) => after < id && id <= upTo),
        );
        expect(missing, `missing for ${selectors.key} without a gap`).to.deep.equal([]);
      }
    },
  };
}
