import { expect } from "chai";
import type { LogFixture } from "./log-contract.ts";
import { dataOf, LogUnderTest } from "./log-under-test.ts";

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
        on.now += 5_000;
        await on.trim({ maxAgeMs: 5_000 });
        expect(await kept(), "not yet that old").to.have.lengthOf(1_200);
        on.now += 1;
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
        on.now += 3_000;
        await on.append("a", "4", "5", "6");
        while (await on.log.trim());
        on.now += 2_001;
        while (await on.log.trim());
        expect(await kept(), "b is old").to.deep.equal([["a", 2]]);
        on.now += 3_000;
        while (await on.log.trim());
        expect(await kept()).to.deep.equal([]);
      });

      it("removes all of a channel whose messages come one by one, while others come", async () => {
        on.rules.keep({ maxAgeMs: 100 });
        for (let n = 0; n < 300; n++) {
          await on.append(`c${n % 3}`, String(n));
          on.now += 1;
          await on.log.trim();
        }
        expect((await on.read("*")).messages.map(dataOf)).to.deep.equal(
          Array.from({ length: 100 }, (_, n) => 200 + n),
        );
      });
    });
  });
}
