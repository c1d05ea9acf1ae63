import fc from "fast-check";
import type { Runs } from "./attempt.ts";
import { describeBodies } from "./bodies-suite.ts";
import { describeCredentials } from "./credentials-suite.ts";
import { describeGearman } from "./gearman-suite.ts";
import { describeNames } from "./names-suite.ts";
import { describeRedisUrls } from "./redis-suite.ts";
import { describeRequests } from "./requests-suite.ts";
import { describeSettings } from "./settings-suite.ts";
import { describeWire } from "./wire-suite.ts";

/** How long servers may take to stop after a property, in ms. */
const STOP_MS = 30_000;

/**
 * Every parser that is given bytes from outside: it takes an input or refuses it in one sentence,
 * what it takes is what it should be, and nothing holds the event loop.
 *
 * @param maxMs longest time of one property, the search for a smaller counterexample included
 */
export function describeFuzz(runs: Runs, maxMs: number): void {
  describe("input from outside", function () {
    this.timeout(maxMs + STOP_MS);
    before(() =>
      fc.configureGlobal({ interruptAfterTimeLimit: maxMs, markInterruptAsFailure: true }),
    );
    after(() => fc.resetConfigureGlobal());
    describeNames(runs);
    describeBodies(runs);
    describeRequests(runs);
    describeCredentials(runs);
    describeSettings(runs);
    describeRedisUrls(runs);
    describeGearman(runs);
    describeWire(runs);
  });
}
