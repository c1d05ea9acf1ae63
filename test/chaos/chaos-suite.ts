import { randomInt } from "node:crypto";
import { ChaosRun, sizeOf } from "./chaos-run.ts";

/**
 * What a run takes beyond its faults, at most: to start, to settle, and to check what millions of
 * deliveries were.
 */
const AROUND_SECONDS = 90;

/**
 * One run of some seconds, as a test. CHAOS_SEED repeats the faults of an earlier one; what they
 * meet differs, since several processes take part.
 *
 * @param workers of the server; 0 for one process alone
 */
export function describeChaos(seconds: number, workers: number): void {
  const seed = Number(process.env["CHAOS_SEED"] ?? randomInt(2 ** 32));
  const tell = (what: string) => process.stdout.write(`    CHAOS_SEED=${seed}: ${what}\n`);

  const server = workers > 0 ? `server of ${workers} workers` : "server";
  describe(`40 clients whose ${server}, connections and processes are cut and killed for ${seconds} s`, function () {
    this.timeout((seconds + AROUND_SECONDS) * 1_000);

    let chaos: ChaosRun | null = null;

    afterEach(() => {
      chaos?.end();
      chaos = null;
    });

    it("are each given every acknowledged message once, in log order, and nothing else", async () => {
      tell("begins");
      chaos = new ChaosRun(seed, sizeOf(seconds, workers));
      tell(await chaos.run());
    });
  });
}
