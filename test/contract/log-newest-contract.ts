import { expect } from "chai";
import fc from "fast-check";
import { parseSelectors } from "../../src/core/channel-name.ts";
import type { Cursor } from "../../src/core/cursor.ts";
import { type LogBatch, type NewestRequest, originOf, type Place } from "../../src/core/log.ts";
import type { LogFixture } from "./log-contract.ts";
import { LogUnderTest } from "./log-under-test.ts";

const CHANNELS = ["a", "b.x", "b.y", "c.z"] as const;

/** Finding and reading the newest messages of each channel, checked on whatever `open` returns. */
export function describeLogNewest(name: string, fixture: LogFixture): void {
  describe(`${name}, where only the newest of each channel are wanted,`, () => {
    let on: LogUnderTest;

    beforeEach(async () => {
      on = new LogUnderTest(fixture);
      await on.open();
    });
    afterEach(() => on.log.close());

    const find = async (channels: string, request: Partial<NewestRequest> = {}) =>
      on.log.findNewest({
        selectors: parseSelectors(channels),
        count: 1,
        after: originOf(on.log.epoch),
        upTo: await on.log.tip(),
        limit: 1_000,
        isGone: () => false,
        ...request,
      });
    /** All places, found and put together piece by piece. */
    const findAll = async (channels: string, request: Partial<NewestRequest>) => {
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
      count: number,
      places: readonly Place[] | null,
      after = originOf(on.log.epoch),
    ): Promise<LogBatch> =>
      on.log.read({
        selectors: parseSelectors(channels),
        after,
        upTo: places?.at(-1)?.id ?? null,
        maxMessages: 1_000,
        maxBytes: 1_000_000,
        newest: { count, places },
      });

    it("finds and reads what a filter of the whole history finds, whatever the stretch, the count and the limit", async function () {
      this.timeout(60_000);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom(...CHANNELS), { minLength: 1, maxLength: 30 }),
          fc.constantFrom("**", "a", "a,b.*", "b.**,c.z", "none"),
          fc.record({
            count: fc.integer({ min: 1, max: 4 }),
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
              return later.length < count;
            });
            const found = await findAll(channels, { count, limit, after, upTo });
            expect(found).to.deep.equal(wanted);
            const { messages } = await readAt(channels, count, found, after);
            expect(messages.map(({ id }) => id)).to.deep.equal(wanted.map(({ id }) => id));
          },
        ),
        { numRuns: 25 },
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

    it("ends a search that nobody waits for any more", async () => {
      await Promise.all(Array.from({ length: 2_500 }, (_, n) => on.append(`c.${n}`, "1")));
      const error = await find("c.**", { isGone: () => true }).catch((thrown: unknown) => thrown);
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
        newest: { count: 2, places: places.slice(1) },
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
