import { expect } from "chai";
import type { LogFixture } from "./log-contract.ts";
import { dataOf, LogUnderTest } from "./log-under-test.ts";

const YEAR_MS = 365 * 86_400_000;

/** What a log does beside what it is asked: retention, clocks and limits, checked on whatever `open` returns. */
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
  });
}
