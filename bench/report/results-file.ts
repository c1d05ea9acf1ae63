import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Scale } from "../measures/measure.ts";
import { describeMachine } from "./machine.ts";
import { type Outcome, Results } from "./results.ts";
import type { Suite } from "./suite.ts";

/** What such a file holds. */
interface Saved {
  readonly date: string;
  readonly machine: string;
  readonly results: unknown;
}

/**
 * The file of a suite and a scale, so that a quick run does not overwrite what a full one has
 * measured for an hour.
 */
function fileOf({ name }: Suite, scale: Scale): URL {
  return new URL(`../results-${name}-${scale}.json`, import.meta.url);
}

/** Write every run's values to a file such as bench/results-peers-full.json. */
export function writeResults(suite: Suite, scale: Scale, results: Results): void {
  const all: Saved = { date: new Date().toISOString(), machine: describeMachine(), results };
  writeFileSync(fileOf(suite, scale), `${JSON.stringify(all, null, 2)}\n`);
}

/** Read that file, for a run that takes some measures anew. Empty if it is from another machine. */
export function readResults(suite: Suite, scale: Scale): Results {
  const file = fileOf(suite, scale);
  if (!existsSync(file)) return new Results();
  const saved = JSON.parse(readFileSync(file, "utf8")) as Saved & {
    readonly results: Record<string, Outcome[]>;
  };
  return new Results(saved.machine === describeMachine() ? saved.results : {});
}
