import type { Runs } from "./attempt.ts";
import { describeBodies } from "./bodies-suite.ts";
import { describeCredentials } from "./credentials-suite.ts";
import { describeGearman } from "./gearman-suite.ts";
import { describeNames } from "./names-suite.ts";
import { describeRedisUrls } from "./redis-suite.ts";
import { describeRequests } from "./requests-suite.ts";
import { describeSettings } from "./settings-suite.ts";
import { describeWire } from "./wire-suite.ts";

/** Longest time of one property, in ms: a run of hours is asked for on purpose. */
const MAX_MS = 14_400_000;

/**
 * Every parser that is given bytes from outside: it takes an input or refuses it in one sentence,
 * what it takes is what it should be, and nothing holds the event loop.
 */
export function describeFuzz(runs: Runs): void {
  describe("input from outside", function () {
    this.timeout(MAX_MS);
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
