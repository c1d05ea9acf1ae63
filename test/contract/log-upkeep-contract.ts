import { expect } from "chai";
import { parseSelectors } from "../../src/core/channel-name.ts";
import { originOf } from "../../src/core/log.ts";
import { newMessage } from "../support/messages.ts";
import type { LogFixture } from "./log-contract.ts";
import { dataOf, LogUnderTest } from "./log-under-test.ts";

const YEAR_MS = 365 * 86_400_000;

/**
 * What a log does beside what it is asked: retention, clocks and limits, checked on whatever `open`
 * returns.
 */
export function describeLogUpkeep(name: string, fixture: LogFixture): void {
  describe(`${name} keeps to its rules`, () => {
    let on: LogUnderTest;

    beforeEach(async () => {
      on = new LogUnderTest(fixture);
      await on.open();
    });
    afterEach(() => on.log.close());

    describe("what is due", () => {
      const kept = async () =>
        (await on.log.channels("", 10_000)).map(({ channel, messages }) => [channel, messages]);

      it("goes by rules that have changed, also in 1,200 channels that nothing comes to", async () => {
        await Promise.all(
          Array.from({ length: 1_200 }, (_, n) => on.append(`c${n}`, "1", "2", "3")),
        );
        await on.trim({ maxMessages: 3 });
        expect(await on.log.trim(), "more to do").to.equal(false);
        await on.trim({ maxMessages: 2 });
        expect((await kept()).every(([, messages]) => messages === 2)).to.equal(true);
        on.pass(5_000);
        await on.trim({ maxAgeMs: 5_000 });
        expect(await kept(), "not yet that old").to.have.lengthOf(1_200);
        on.pass(1);
        await on.trim({ maxAgeMs: 5_000 });
        expect(await kept()).to.deep.equal([]);
      });

      it("removes what falls due while rules are taken up, by the new ones", async () => {
        on.rules.keep({ maxMessages: 2 });
        await Promise.all(Array.from({ length: 1_200 }, (_, n) => on.append(`c${n}`, "1", "2")));
        on.rules.keep({ maxMessages: 1 });
        await on.log.trim();
        await on.append("c0", "3");
        await on.append("zz", "1", "2", "3");
        await on.trim({ maxMessages: 1 });
        expect((await kept()).every(([, messages]) => messages === 1)).to.equal(true);
      });

      it("finds a channel due again after it was trimmed, deleted, forgotten and used again", async () => {
        on.rules.keep({ maxMessages: 2, maxAgeMs: 5_000 });
        await on.append("a", "1", "2", "3");
        await on.append("b", "1");
        while (await on.log.trim());
        expect(await kept()).to.deep.equal([
          ["a", 2],
          ["b", 1],
        ]);
        await on.log.deleteChannel("a");
        on.pass(3_000);
        await on.append("a", "4", "5", "6");
        while (await on.log.trim());
        on.pass(2_001);
        while (await on.log.trim());
        expect(await kept(), "b is old").to.deep.equal([["a", 2]]);
        on.pass(3_000);
        while (await on.log.trim());
        expect(await kept()).to.deep.equal([]);
      });

      it("removes all of a channel whose messages come one by one, while others come", async () => {
        on.rules.keep({ maxAgeMs: 100 });
        for (let n = 0; n < 300; n++) {
          await on.append(`c${n % 3}`, String(n));
          on.pass(1);
          await on.log.trim();
        }
        expect((await on.read("*")).messages.map(dataOf)).to.deep.equal(
          Array.from({ length: 100 }, (_, n) => 200 + n),
        );
      });
    });

    describe("a clock that was ahead", () => {
      const timeOf = ({ json }: { json: Buffer }) => JSON.parse(json.toString()).time;

      it("leaves ids that rise, while time and age are those of the clock as it is now", async () => {
        on.now += YEAR_MS;
        await on.append("a", "1");
        on.now -= YEAR_MS;
        await on.append("b", "2");
        await on.append("b", "3");
        const { messages } = await on.read("b");
        expect(messages.map(timeOf)).to.deep.equal([on.now, on.now]);
        const all = (await on.read("*")).messages;
        expect(all.map(dataOf), "in the order of their ids").to.deep.equal([1, 2, 3]);
        on.pass(5_001);
        await on.trim({ maxAgeMs: 5_000 });
        expect((await on.read("b")).messages).to.deep.equal([]);
      });

      it("leaves messages that go with what came after them in their channel", async () => {
        on.rules.keep({ maxAgeMs: 5_000 });
        on.now += YEAR_MS;
        await on.append("a", "1", "2");
        on.now -= YEAR_MS;
        await on.trim({ maxAgeMs: 5_000 });
        await on.append("a", "3");
        on.pass(3_000);
        await on.append("a", "4");
        await on.trim({ maxAgeMs: 5_000 });
        expect((await on.read("a")).messages.map(dataOf)).to.deep.equal([1, 2, 3, 4]);
        on.pass(2_001);
        await on.trim({ maxAgeMs: 5_000 });
        expect((await on.read("a")).messages.map(dataOf)).to.deep.equal([4]);
      });

      it("leaves no key remembered for longer than 10 minutes", async () => {
        on.now += YEAR_MS;
        const first = await on.appendKeyed("k", "1");
        on.now -= YEAR_MS;
        await on.trim();
        expect(await on.appendKeyed("k", "1")).to.deep.equal(first);
        on.pass(600_001);
        await on.trim();
        expect(await on.appendKeyed("k", "1")).to.not.deep.equal(first);
      });
    });

    describe("a clock that jumps forward", () => {
      const retention = { maxAgeMs: 5_000 };

      it("has nothing removed while that lasts for less than a minute, nor a key forgotten", async () => {
        const first = await on.appendKeyed("k", "1");
        on.now += YEAR_MS;
        await on.trim(retention);
        expect(await on.appendKeyed("k", "1")).to.deep.equal(first);
        on.pass(1_000);
        await on.trim(retention);
        on.now -= YEAR_MS;
        await on.trim(retention);
        expect((await on.read("a")).messages).to.have.lengthOf(1);
        expect(await on.appendKeyed("k", "1")).to.deep.equal(first);
        on.pass(4_001);
        await on.trim(retention);
        expect((await on.read("a")).messages, "5 s old").to.deep.equal([]);
      });

      it("is believed when it has lasted for a minute", async () => {
        await on.append("a", "1");
        on.now += YEAR_MS;
        await on.trim({ maxAgeMs: 86_400_000 });
        on.pass(60_000);
        await on.trim({ maxAgeMs: 86_400_000 });
        expect((await on.read("a")).messages).to.deep.equal([]);
      });

      it("is doubted for a minute where it came while the log was closed", async () => {
        await on.append("a", "1");
        on.now += YEAR_MS;
        await on.reopen();
        if (!on.log.capabilities.durable) return;
        await on.trim(retention);
        expect((await on.read("a")).messages).to.have.lengthOf(1);
        const [id] = await on.appendKeyed("k", "2");
        on.pass(60_000);
        await on.trim(retention);
        expect((await on.read("a")).messages).to.deep.equal([]);
        expect((await on.appendKeyed("k", "2"))[0], "a key from the doubt").to.equal(id);
      });
    });

    describe("the size", () => {
      const largeOf = (letter: string, more = "") => JSON.stringify(letter.repeat(1_000) + more);
      const refusal = async (appended: Promise<unknown>) => {
        const error = await appended.catch((thrown: unknown) => thrown);
        expect(error).to.have.property("code", "FF_LOG_FULL");
        return String(error);
      };
      const withRoomFor = async (bytes: number) => {
        on.maxLogBytes = bytes;
        await on.log.close();
        on.moveOn();
        await on.open();
      };

      it("is that of all messages and their rows: one more byte is refused, and nothing of it stored", async () => {
        await on.append("a", largeOf("a"));
        const one = ((await on.read("a")).messages[0]?.json.length ?? 0) + 200;
        await withRoomFor(3 * one);
        await on.append("a", largeOf("a"));
        expect(await refusal(on.append("a", largeOf("b"), largeOf("c", "x")))).to.match(
          /The log keeps \d+ bytes, and \d+ more are beyond its \d+: delete a channel/,
        );
        await refusal(on.appendKeyed("k", largeOf("b"), largeOf("c"), "1"));
        await on.append("a", largeOf("b"), largeOf("c"));
        await refusal(on.append("b", "1"));
        await refusal(on.appendKeyed("k", "1"));
        expect((await on.read("*")).messages).to.have.lengthOf(3);
      });

      it("is trouble while an append is refused for it, until there is room for that", async () => {
        await withRoomFor(3_000);
        expect(await on.log.health()).to.equal(null);
        await on.append("a", "1");
        await refusal(on.append("a", largeOf("a"), largeOf("b"), largeOf("c")));
        await on.append("b", largeOf("a"));
        expect(await on.log.health(), "a smaller one was taken").to.include({
          code: "FF_LOG_FULL",
        });
        await refusal(on.append("c", largeOf("a"), largeOf("b")));
        await on.log.deleteChannel("b");
        expect(await on.log.health(), "room for the smallest that was refused").to.equal(null);
        expect(on.troubles).to.deep.equal(["FF_LOG_FULL", null]);
      });

      it("shrinks with what is trimmed or deleted, down to nothing", async () => {
        await withRoomFor(10_000);
        for (let n = 0; n < 20; n++) {
          await on.append("a", largeOf("a"), largeOf("a"), largeOf("b"), "1");
          await on.append("b", largeOf("a"), largeOf("b"), largeOf("b"), "2");
          await on.trim({ maxMessages: 1 });
          expect(await on.log.deleteChannel(n % 2 ? "a" : "b")).to.equal(1);
          on.pass(10_000);
          await on.append("c", largeOf("a"));
          await on.trim({ maxAgeMs: 5_000 });
          await on.log.deleteChannel("c");
        }
        on.maxLogBytes = 2_000;
        if (on.log.capabilities.durable) await on.reopen();
        await on.append("a", largeOf("a"));
      });
    });

    describe("data that several messages of one append have", () => {
      const spread = (data: string, count: number) =>
        on.log.append({
          messages: Array.from({ length: count }, (_, n) => newMessage(`c${n}`, data)),
        });
      const large = JSON.stringify("ä\u2028".repeat(50_000));

      it("counts once, and is read in each as if it were its own", async () => {
        on.maxLogBytes = 1_000_000;
        await on.reopen();
        const ids = await spread(large, 30);
        for (const selectors of ["*", "c7", "c7,c29"]) {
          const batch = await on.read(selectors);
          for (const { id, channel, json } of batch.messages) {
            const event = JSON.parse(json.toString());
            expect(event).to.include({ type: "message", id, channel, time: on.now });
            expect(event.data === JSON.parse(large)).to.equal(true);
            expect(ids[Number(channel.slice(1))]).to.equal(id);
          }
        }
      });

      it("stays until the last of them goes, and frees its bytes then", async () => {
        on.maxLogBytes = 400_000;
        await on.reopen();
        await spread(large, 3);
        await on.log.deleteChannel("c0");
        on.rules.keep({ maxMessages: 1 });
        await on.append("c1", "1");
        await on.trim({ maxMessages: 1 });
        expect((await on.read("c2")).messages.map(dataOf)).to.deep.equal([JSON.parse(large)]);
        const error = await spread(large, 1).catch((thrown: unknown) => thrown);
        expect(error).to.have.property("code", "FF_LOG_FULL");
        await on.log.deleteChannel("c2");
        await spread(large, 2);
        expect((await on.read("c0")).messages.map(dataOf)).to.deep.equal([JSON.parse(large)]);
      });

      it("is told from other data of the same length", async () => {
        const a = JSON.stringify("a".repeat(1_000));
        const b = JSON.stringify(`${"a".repeat(999)}b`);
        await on.append("c", a, b, "1", b, a, "1");
        expect((await on.read("c")).messages.map(({ json }) => dataOf({ json }))).to.deep.equal(
          [a, b, "1", b, a, "1"].map((data) => JSON.parse(data)),
        );
      });
    });

    describe("an idempotency key of many messages", () => {
      it("answers a repeat with all ids, also of another millisecond", async () => {
        const data = Array.from({ length: 500 }, (_, n) => String(n));
        const ids = await on.appendKeyed("k", ...data);
        on.pass(5);
        await on.append("a", "1");
        expect(await on.appendKeyed("k", ...data)).to.deep.equal(ids);
        expect(new Set(ids)).to.have.lengthOf(500);
      });
    });

    describe("the number of idempotency keys", () => {
      it("leaves keys to others, however many one owner wants", async () => {
        const keyed = (owner: string, n: number) =>
          on.log
            .append({
              messages: [newMessage("a", String(n))],
              idempotency: { key: `${owner} ${n}`, owner },
            })
            .then(
              () => true,
              (error: unknown) => (error as { code: unknown }).code,
            );
        const results = [];
        for (let n = 0; n < 70; n++) results.push(await keyed("greedy", n));
        expect(results.filter((result) => result === true).length).to.equal(50);
        expect(results.at(-1)).to.equal("FF_IDEMPOTENCY_FULL");
        for (let n = 0; n < 25; n++) expect(await keyed("modest", n)).to.equal(true);
        expect(await keyed("greedy", 0), "a repeat").to.equal(true);
      });
    });

    it("passes nothing over where it shows less than was seen before", async () => {
      await on.append("doors", "1");
      const beyond = (await on.log.tip()).replace(/.$/, "z");
      const refused = await on.log
        .read({
          selectors: parseSelectors("doors"),
          after: originOf(on.log.epoch),
          upTo: beyond,
          maxMessages: 10,
          maxBytes: 1_000,
        })
        .then(
          () => null,
          (error: unknown) => error,
        );
      expect(refused).to.have.property("code", "FF_LOG_UNAVAILABLE");
    });
  });
}
