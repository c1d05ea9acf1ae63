import { expect } from "chai";
import { SITES, sizeOf } from "./chaos-size.ts";
import { describeChaos } from "./chaos-suite.ts";
import { planFaults } from "./fault-plan.ts";
import { describeKept } from "./kept-log.ts";
import { SeededRandom } from "./seeded-random.ts";

/** The same faults each time; `npm run test:long` draws others, for all sites. */
const SEED = 20_261_128;

for (const site of SITES) if (site.workers > 0 || site.servers > 1) describeChaos(10, site, SEED);

describe("the plan of a chaos run", () => {
  it("is the same for the same seed, and another for another", () => {
    for (const site of SITES) {
      const plan = (seed: number) => planFaults(new SeededRandom(seed), sizeOf(13, site));
      expect(plan(1)).to.deep.equal(plan(1));
      expect(plan(1)).to.not.deep.equal(plan(2));
    }
  });
});

describe("the report of a chaos run", () => {
  it("says what each server's log has of a message that was not given", () => {
    const message = (id: string, digest = id) => ({ id, channel: "a", digest });
    const logOf = (...kept: readonly ReturnType<typeof message>[]) => ({
      url: "http://one",
      channels: new Map([["a", kept]]),
    });
    const told = (...kept: readonly ReturnType<typeof message>[]) =>
      describeKept(message("2"), [logOf(...kept)]).trim();
    expect(told(message("1"), message("2"))).to.equal(
      "the log at http://one has 2 with the same data, of a after 1",
    );
    expect(told(message("2", "x"))).to.equal(
      "the log at http://one has 2 with other data, of a after nothing",
    );
    expect(told(message("1"), message("3"))).to.equal(
      "the log at http://one has no 2: it has 3 of a after 1",
    );
    expect(told(message("1"))).to.equal(
      "the log at http://one has no 2: it has nothing of a after 1",
    );
  });
});
