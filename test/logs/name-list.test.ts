import { expect } from "chai";
import fc from "fast-check";
import { NameList } from "../../src/logs/name-list.ts";

describe("a list of names", () => {
  it("has those that are there in their order, after any of them, whatever came, went and came back", () => {
    const name = fc.constantFrom("a", "b", "c", "d", "a.x", "ü");
    const step = fc.oneof(
      fc.record({ add: name }),
      fc.record({ remove: name }),
      fc.record({ look: fc.oneof(name, fc.constant("")) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const there = new Set<string>();
        const names = new NameList((one) => there.has(one));
        for (const one of steps) {
          if ("add" in one && !there.has(one.add)) {
            there.add(one.add);
            names.add(one.add);
          } else if ("remove" in one && there.delete(one.remove)) names.noteRemoval();
          else if ("look" in one) {
            const expected = [...there].filter((other) => other > one.look).sort();
            expect([...names.after(one.look)]).to.deep.equal(expected);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
