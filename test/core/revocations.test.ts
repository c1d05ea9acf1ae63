import { expect } from "chai";
import type { KeptRevocation } from "../../src/core/revocation.ts";
import { Revocations } from "../../src/core/revocations.ts";

const NOW = 1_000_000;

describe("revocations that one process knows", () => {
  it("are forgotten when there are many and their time is over, and only those", async () => {
    const kept: KeptRevocation[] = [];
    const add = (value: string, until: number | null) =>
      kept.push({ kind: "sub", value, before: NOW, until, number: kept.length + 1 });
    const log = {
      revocations: async (after: number, limit: number) => kept.slice(after, after + limit),
    };
    const revocations = new Revocations(log, () => NOW);
    const isRevoked = (subject: string) =>
      revocations.concern(
        { principal: { subject, tokenId: null, issuedAt: 1, keyId: null }, client: null },
        1,
      );
    add("for ever", null);
    add("over", NOW);
    add("not over", NOW + 1);
    expect(await revocations.refresh()).to.equal(true);
    expect(isRevoked("over"), "while there are few").to.equal(true);
    for (let n = 0; n < 25_000; n++) add(`user ${n}`, n % 2 === 0 ? NOW - 1 : null);
    expect(await revocations.refresh()).to.equal(true);
    expect(["for ever", "not over", "user 1", "user 24999"].map(isRevoked)).to.deep.equal([
      true,
      true,
      true,
      true,
    ]);
    expect(["over", "user 0", "user 8000"].map(isRevoked)).to.deep.equal([false, false, false]);
    expect(await revocations.refresh()).to.equal(false);
  });

  it("of the same ms count the streams that ended by either, and one of a later ms its own", async () => {
    const kept: KeptRevocation[] = [];
    const add = (before: number): KeptRevocation => {
      const number = kept.length + 1;
      const one = { kind: "sub", value: "x", before, until: null, number } as const;
      kept.push(one);
      return one;
    };
    const log = { revocations: async (after: number) => kept.slice(after) };
    const revocations = new Revocations(log, () => NOW);
    const principal = { subject: "x", tokenId: null, issuedAt: 1, keyId: null };
    const stream = { closed: false, openedUnixMs: 1, principal, client: null };
    const endOne = () => revocations.endIfConcerned(stream as never, { end: () => true } as never);
    const first = add(NOW);
    await revocations.refresh();
    expect([endOne(), endOne()]).to.deep.equal([true, true]);
    const second = add(NOW);
    await revocations.refresh();
    expect([first, second].map((one) => revocations.endedBy(one))).to.deep.equal([2, 2]);
    const later = add(NOW + 1);
    await revocations.refresh();
    endOne();
    expect([first, later].map((one) => revocations.endedBy(one))).to.deep.equal([0, 1]);
  });
});
