import { randomInt } from "node:crypto";
import { ChaosRun } from "./chaos-run.ts";
import { type Site, sizeOf } from "./chaos-size.ts";

/**
 * What a run takes at most beyond twice the time of its faults: to start, to settle, and to check
 * what millions of deliveries were.
 */
const AROUND_SECONDS = 180;

/**
 * One run of some seconds, as a test. CHAOS_SEED repeats the faults of an earlier one; what they
 * meet differs, since several processes take part.
 *
 * @param usual the seed where none is given; drawn where this is absent, too
 */
export function describeChaos(seconds: number, site: Site, usual = randomInt(2 ** 32)): void {
  const seed = Number(process.env["CHAOS_SEED"] ?? usual);
  const tell = (what: string) => process.stdout.write(`    CHAOS_SEED=${seed}: ${what}\n`);

  describe(`40 clients whose ${site.title}, connections and processes are cut, stopped and killed for ${seconds} s`, function () {
    this.timeout((2 * seconds + AROUND_SECONDS) * 1_000);

    let chaos: ChaosRun | null = null;

    afterEach(async () => {
      await chaos?.end();
      chaos = null;
    });

    it("are each given every acknowledged message once, in log order, and nothing else", async () => {
      tell("begins");
      chaos = new ChaosRun(seed, sizeOf(seconds, site));
      tell(await chaos.run());
    });
  });
}
