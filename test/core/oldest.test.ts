import { expect } from "chai";
import fc from "fast-check";
import { Oldest } from "../../src/core/oldest.ts";

describe("Oldest", () => {
  it("takes keys in the order in which they were added, whatever was deleted and added between", () => {
    const step = fc.oneof(
      fc.record({ do: fc.constantFrom("add", "delete", "again"), key: fc.nat(20) }),
      fc.record({ do: fc.constant("take"), key: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const keys = new Set<number>();
        const oldest = new Oldest(keys);
        for (const { do: what, key } of steps) {
          const [first] = keys;
          if (what === "take") expect(oldest.take()).to.equal(first);
          if (what === "delete" || what === "again") keys.delete(key);
          if (what === "add" || what === "again") keys.add(key);
        }
        const rest = [...keys];
        expect(rest.map(() => oldest.take())).to.deep.equal(rest);
        expect(oldest.take()).to.equal(undefined);
      }),
      { numRuns: 500 },
    );
  });

  it("peeks at the same key until it is gone", () => {
    const map = new Map([
      ["a", 1],
      ["b", 2],
    ]);
    const oldest = new Oldest(map);
    expect([oldest.peek(), oldest.peek()]).to.deep.equal(["a", "a"]);
    map.delete("a");
    expect(oldest.peek()).to.equal("b");
    expect([oldest.take(), oldest.peek()]).to.deep.equal(["b", undefined]);
    map.set("c", 3);
    expect(oldest.peek()).to.equal("c");
  });

  it("takes about as long for each of 100,000 keys as for each of 1,000", () => {
    const usFor = (count: number) => {
      const keys = new Map<number, number>();
      const oldest = new Oldest(keys);
      for (let n = 0; n < count; n++) keys.set(n, n);
      const started = performance.now();
      for (let n = 0; n < 100_000; n++) {
        keys.set(count + n, n);
        oldest.take();
      }
      return (performance.now() - started) / 100;
    };
    usFor(1_000);
    // With a new iterator for each it is 30 times as long and more.
    expect(usFor(100_000)).to.be.below(8 * usFor(1_000) + 1);
  });
});
