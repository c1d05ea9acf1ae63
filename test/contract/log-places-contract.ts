import { expect } from "chai";
import fc from "fast-check";
import { parseSelectors } from "../../src/core/channel-name.ts";
import type { Cursor } from "../../src/core/cursor.ts";
import {
  type FoundPlaces,
  type LogBatch,
  originOf,
  type Place,
  type PlacesRequest,
} from "../../src/core/log.ts";
import type { LogFixture } from "./log-contract.ts";
import { LogUnderTest } from "./log-under-test.ts";

const CHANNELS = ["a", "b.x", "b.y", "c.z"] as const;

/** Finding messages by their channels, and reading them, checked on whatever `open` returns. */
export function describeLogPlaces(name: string, fixture: LogFixture): void {
  describe(`${name}, whose messages are found by their channels,`, () => {
    let on: LogUnderTest;

    beforeEach(async () => {
      on = new LogUnderTest(fixture);
      await on.open();
    });
    afterEach(() => on.log.close());

    const requestFor = async (
      channels: string,
      request: Partial<PlacesRequest> = {},
    ): Promise<PlacesRequest> => ({
      selectors: parseSelectors(channels),
      count: 1,
      after: originOf(on.log.epoch),
      upTo: await on.log.tip(),
      limit: 1_000,
      ...request,
    });
    const find = async (channels: string, request: Partial<PlacesRequest> = {}) => {
      const [found] = await on.log.findPlaces([await requestFor(channels, request)], () => false);
      return found as FoundPlaces;
    };
    /** All places, found and put together piece by piece. */
    const findAll = async (channels: string, request: Partial<PlacesRequest>) => {
      const upTo = request.upTo ?? (await on.log.tip());
      const found: Place[] = [];
      for (let after = request.after ?? originOf(on.log.epoch); after < upTo; ) {
        const piece = await find(channels, { ...request, after, upTo });
        found.push(...piece.places);
        after = piece.upTo;
      }
      return found;
    };
    const readAt = (
      channels: string,
      count: number | null,
      places: readonly Place[] | null,
      after = originOf(on.log.epoch),
    ): Promise<LogBatch> =>
      on.log.read({
        selectors: parseSelectors(channels),
        after,
        upTo: places?.at(-1)?.id ?? null,
        maxMessages: 1_000,
        maxBytes: 1_000_000,
        wanted: { count, places },
      });

    it("finds and reads what a filter of the whole history finds, whatever the stretch, the count and the limit", async function () {
      this.timeout(60_000);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom(...CHANNELS), { minLength: 1, maxLength: 30 }),
          fc.constantFrom("**", "a", "a,b.*", "b.**,c.z", "none"),
          fc.record({
            count: fc.option(fc.integer({ min: 1, max: 4 })),
            limit: fc.integer({ min: 1, max: 8 }),
            from: fc.nat(30),
            to: fc.nat(30),
          }),
          async (history, channels, { count, limit, from, to }) => {
            const before = await on.log.tip();
            const written: Place[] = [];
            for (const channel of history) {
              const [id] = await on.append(channel, "1");
              written.push({ id: id as Cursor, channel });
            }
            const after = written[from]?.id ?? before;
            const upTo = written[to]?.id ?? (await on.log.tip());
            if (upTo <= after) return;
            const { matches } = parseSelectors(channels);
            const inside = written.filter(({ id, channel }) => {
              return id > after && id <= upTo && matches(channel);
            });
            const wanted = inside.filter(({ id, channel }) => {
              const later = inside.filter((other) => other.channel === channel && other.id > id);
              return count === null || later.length < count;
            });
            const found = await findAll(channels, { count, limit, after, upTo });
            expect(found).to.deep.equal(wanted);
            const { messages } = await readAt(channels, count, found, after);
            expect(messages.map(({ id }) => id)).to.deep.equal(wanted.map(({ id }) => id));
          },
        ),
        {
          numRuns: 50,
          examples: [
            // What the name has found fills the list before the pattern is looked for.
            [
              ["b.x", "c.z", "b.x", "b.x", "c.z"],
              "b.**,c.z",
              { count: 2, limit: 1, from: 30, to: 4 },
            ],
          ],
        },
      );
    });

    it("finds one of each of 3,000 channels, in log order, a limited number at a time", async () => {
      for (let round = 0; round < 2; round++) {
        await Promise.all(
          Array.from({ length: 30 }, (_, n) =>
            on.log.append({
              messages: Array.from({ length: 100 }, (_, m) => ({
                channel: `c.${100 * n + m}` as never,
                data: String(round) as never,
              })),
            }),
          ),
        );
      }
      await on.append("other", "1");
      const first = await find("c.**", { limit: 1_300 });
      expect(first.places).to.have.lengthOf(1_300);
      expect(first.upTo).to.equal(first.places.at(-1)?.id);
      const all = await findAll("c.**", { limit: 1_300 });
      const ids = all.map(({ id }) => id);
      expect(ids).to.deep.equal([...ids].sort());
      expect(new Set(all.map(({ channel }) => channel))).to.have.lengthOf(3_000);
      const { messages } = await readAt("c.**", 1, all.slice(0, 900));
      expect(messages.every(({ json }) => json.toString().endsWith('"data":1}'))).to.equal(true);
    });

    it("answers several requests by one search, each as if it were alone", async () => {
      const rounds = Array.from({ length: 1_300 }, (_, n) => String(n));
      const [first] = await on.append("b.x", ...rounds);
      await on.append("a", ...rounds.slice(0, 3));
      await on.append("b.y", ...rounds);
      const middle = await on.log.tip();
      await on.append("c.z", ...rounds.slice(0, 3));
      const asked: readonly (readonly [string, Partial<PlacesRequest>])[] = [
        ["b.*", { count: null, limit: 10_000 }],
        ["*.y,a", { count: null, limit: 700, after: first as Cursor }],
        ["**", { count: null, limit: 2 }],
        ["a,c.*", { count: 2, upTo: middle }],
        ["none.*", { count: null }],
        ["*.z", { count: null, after: middle }],
      ];
      const requests = await Promise.all(asked.map((one) => requestFor(...one)));
      const found = await on.log.findPlaces(requests, () => false);
      const lengths = found.map(({ places }) => places.length);
      expect(lengths).to.deep.equal([2_600, 700, 2, 2, 0, 3]);
      const alone = await Promise.all(asked.map((one) => find(...one)));
      expect(found).to.deep.equal(alone);
    });

    it("says how many messages a read has passed over for nothing, and among how many channels", async () => {
      const [start] = await on.append("start", "1");
      for (let n = 0; n < 70; n++) await on.append(`${n}.rare`, "1");
      const middle = await on.log.tip();
      await on.append("busy", ...Array.from({ length: 100 }, () => "1"));
      const passedAfter = async (after: Cursor, channels: string) => {
        const selectors = parseSelectors(channels);
        const limits = { maxMessages: 1_000, maxBytes: 1_000_000 };
        // With an end: what was just appended may come from memory otherwise.
        const upTo = await on.log.tip();
        return (await on.log.read({ selectors, after, upTo, ...limits })).passed;
      };
      expect(await passedAfter(middle, "*.rare")).to.deep.equal({ rows: 100, channels: 72 });
      expect(await passedAfter(start as Cursor, "*.rare"), "some found").to.equal(null);
      expect(await passedAfter(await on.log.tip(), "*.rare"), "at the tip").to.equal(null);
      expect(await passedAfter(middle, "start"), "by name").to.equal(null);
    });

    it("ends a search that nobody waits for any more", async () => {
      await Promise.all(Array.from({ length: 2_500 }, (_, n) => on.append(`c.${n}`, "1")));
      const request = await requestFor("c.**");
      const error = await on.log
        .findPlaces([request], () => true)
        .catch((thrown: unknown) => thrown);
      expect(error).to.have.property("code", "FF_REQUEST_INVALID");
    });

    it("reads to the end of the stretch, a limited number at a time, without what was removed meanwhile", async () => {
      const [, second] = await on.append("a", "1", "2");
      const [third] = await on.append("b.x", "3");
      const [fourth] = await on.append("a", "4");
      const { places } = await find("**", { count: 2 });
      const ids = [second, third, fourth] as string[];
      expect(places.map(({ id }) => id)).to.deep.equal(ids);
      await on.trim({ maxMessages: 1 });
      const { messages, atEnd, cursor } = await readAt("**", 2, places);
      expect(messages.map(({ id }) => id)).to.deep.equal([third, fourth]);
      expect({ atEnd, cursor }).to.deep.equal({ atEnd: true, cursor: fourth });
      const piece = await on.log.read({
        selectors: parseSelectors("**"),
        after: originOf(on.log.epoch),
        upTo: fourth as string,
        maxMessages: 1,
        maxBytes: 1_000,
        wanted: { count: 2, places: places.slice(1) },
      });
      expect(piece).to.deep.include({ cursor: third, atEnd: false });
    });

    it("tells of no gap in a channel that keeps as many as are wanted, and of one in others", async () => {
      await on.append("a", "1", "2", "3", "4");
      await on.append("b.x", "1");
      await on.trim({ maxMessages: 2 });
      const gapsOf = async (count: number) =>
        (await readAt("**", count, null)).gaps.map(({ channels }) => channels);
      expect(await gapsOf(1)).to.deep.equal([]);
      expect(await gapsOf(2)).to.deep.equal([]);
      expect(await gapsOf(3)).to.deep.equal([["a"]]);
      expect((await readAt("a", 2, null)).gaps, "by name").to.deep.equal([]);
      expect((await readAt("a", 3, null)).gaps, "by name").to.have.lengthOf(1);
    });

    it("tells of a gap in a channel that has lost its newest message", async () => {
      const [start] = await on.append("b.x", "1");
      await on.append("a", "1");
      await on.log.deleteChannel("a");
      for (const channels of ["a", "*", "a,b.x"]) {
        const { gaps } = await readAt(channels, 1, null, start);
        expect(gaps, channels).to.have.lengthOf(1);
        expect(gaps[0]?.channels).to.deep.equal([channels === "*" ? "*" : "a"]);
      }
      expect((await readAt("b.x", 1, null, start)).gaps).to.deep.equal([]);
    });
  });
}
