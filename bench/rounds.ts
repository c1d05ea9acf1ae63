import { setTimeout as pause } from "node:timers/promises";
import { within } from "../test/support/within.ts";
import type { Measure } from "./measures/measure.ts";
import type { Options } from "./options.ts";
import type { Outcome, Results } from "./report/results.ts";
import type { Server } from "./servers/server.ts";

/** Longest time of a run, in ms. */
const RUN_MS = 240_000;
/** Pause between two runs, in ms: the kernel is still busy with the last one's connections. */
const REST_MS = 200;
/** Most characters that are told of why a run failed, and of what the server said before. */
const REASON_CHARACTERS = 300;
const SAID_CHARACTERS = 200;

/**
 * Take all measures. Servers take turns within each run, so that whatever else the machine does
 * affects all of them alike.
 *
 * @param results gets the outcomes; those of the same measures from before are dropped
 * @param onMeasured is called after each measure
 */
export async function measureAll(
  { measures, servers, runs, scale }: Options,
  results: Results,
  onMeasured: () => void,
): Promise<void> {
  for (const measure of measures) {
    results.forget(measure.name);
    const fitting = servers.filter(({ name }) => measure.without[name] === undefined);
    for (let run = 0; run < runs; run++) {
      for (let turn = 0; turn < fitting.length; turn++) {
        // Each run starts with another server, so that none is always first.
        const server = fitting[(turn + run) % fitting.length];
        if (server === undefined) continue;
        const started = performance.now();
        const capacity = results.summary("throughput-1", server.name, "perSecond")?.median ?? null;
        const outcome = await runOnce(measure, server, { scale, capacity });
        results.add(measure.name, server.name, outcome);
        const seconds = ((performance.now() - started) / 1_000).toFixed(1);
        console.error(
          `${measure.name} ${run + 1}/${runs} ${server.name} (${seconds} s): ${told(outcome)}`,
        );
        await pause(scale === "full" ? REST_MS : 0);
      }
    }
    onMeasured();
  }
}

async function runOnce(
  measure: Measure,
  server: Server,
  trial: { readonly scale: Options["scale"]; readonly capacity: number | null },
): Promise<Outcome> {
  try {
    const running = await server.start(measure.start);
    try {
      const values = measure.run({ server: running, ...trial });
      return { values: await within(RUN_MS, values, "the run to end") };
    } catch (error) {
      const said = running.said().slice(-SAID_CHARACTERS);
      return { failed: [reason(error), said].filter(Boolean).join(", and it said: ") };
    } finally {
      await running.stop();
    }
  } catch (error) {
    return { failed: reason(error) };
  }
}

function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, REASON_CHARACTERS);
}

function told(outcome: Outcome): string {
  if ("failed" in outcome) return `failed: ${outcome.failed}`;
  return Object.entries(outcome.values)
    .map(([key, value]) => `${key} ${value.toPrecision(4)}`)
    .join(", ");
}
