import { expect } from "chai";
import { SITES, sizeOf } from "./chaos-size.ts";
import { describeChaos } from "./chaos-suite.ts";
import { planFaults } from "./fault-plan.ts";
import { SeededRandom } from "./seeded-random.ts";

for (const site of SITES) describeChaos(13, site);

describe("the plan of a chaos run", () => {
  it("is the same for the same seed, and another for another", () => {
    for (const site of SITES) {
      const plan = (seed: number) => planFaults(new SeededRandom(seed), sizeOf(13, site));
      expect(plan(1)).to.deep.equal(plan(1));
      expect(plan(1)).to.not.deep.equal(plan(2));
    }
  });
});
