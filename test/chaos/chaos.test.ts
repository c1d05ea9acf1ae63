import { expect } from "chai";
import { sizeOf } from "./chaos-run.ts";
import { describeChaos } from "./chaos-suite.ts";
import { planFaults } from "./fault-plan.ts";
import { SeededRandom } from "./seeded-random.ts";

describeChaos(13, 0);
describeChaos(13, 2);

describe("the plan of a chaos run", () => {
  it("is the same for the same seed, and another for another", () => {
    const plan = (seed: number) => planFaults(new SeededRandom(seed), sizeOf(13, 2));
    expect(plan(1)).to.deep.equal(plan(1));
    expect(plan(1)).to.not.deep.equal(plan(2));
  });
});
