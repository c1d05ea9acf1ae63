import { expect } from "chai";
import type { LogFixture } from "./log-contract.ts";
import { LogUnderTest, MAX_REVOCATIONS } from "./log-under-test.ts";

/** What a log keeps of what was taken back, checked on whatever `open` returns. */
export function describeLogRevocations(name: string, fixture: LogFixture): void {
  describe(`revocations in ${name}`, () => {
    let on: LogUnderTest;

    beforeEach(async () => {
      on = new LogUnderTest(fixture);
      await on.open();
    });
    afterEach(() => on.log.close());

    const revoke = (value: string, until: number | null = null) =>
      on.log.revoke({ kind: "sub", value, before: on.now, until });
    const values = async (after = 0, limit = 10) =>
      (await on.log.revocations(after, limit)).map(({ value }) => value);

    it("are kept in their order, and given from any of them on", async () => {
      expect(await values()).to.deep.equal([]);
      for (const value of ["a", "b", "c"]) await revoke(value);
      const all = await on.log.revocations(0, 10);
      expect(await values()).to.deep.equal(["a", "b", "c"]);
      expect(all[0]).to.include({ kind: "sub", before: on.now, until: null });
      expect(await values(all[1]?.number)).to.deep.equal(["c"]);
      expect(await values(0, 2)).to.deep.equal(["a", "b"]);
    });

    it("last as long as the log", async () => {
      await revoke("a");
      if (on.log.capabilities.durable) await on.reopen();
      expect(await values()).to.deep.equal(["a"]);
    });

    it("stay when messages go", async () => {
      await revoke("a");
      await on.append("doors", "1");
      await on.log.deleteChannel("doors");
      await on.trim({ maxAgeMs: 1 });
      expect(await values()).to.deep.equal(["a"]);
    });

    it("have a limit, beyond which those go whose time is over, and only those", async function () {
      this.timeout(60_000);
      const old = on.now + 1;
      for (let n = 0; n < MAX_REVOCATIONS; n += 1_000)
        await Promise.all(
          Array.from({ length: 1_000 }, (_, i) => revoke(`s${n + i}`, n === 0 ? old : null)),
        );
      const full = await revoke("more").then(
        () => null,
        (error: unknown) => error,
      );
      expect(full).to.have.property("code", "FF_REVOCATIONS_FULL");
      expect(await on.log.health(), "the log's health").to.equal(null);
      on.pass(2);
      await revoke("more");
      const kept = await on.log.revocations(0, MAX_REVOCATIONS);
      expect(kept.length).to.equal(MAX_REVOCATIONS - 1_000 + 1);
      expect(await values(0, 1)).to.deep.equal(["s1000"]);
    });
  });
}
