// Measures Foreverframe and its peers in turn, and prints one table; bench/options.ts has the
// options.
import { readFileSync } from "node:fs";
import { MOST_STREAMS } from "./measures/measure.ts";
import { type Options, parseOptions } from "./options.ts";
import { provideForBench } from "./processes/needs.mjs";
import { readDocument, writeDocument } from "./report/document.ts";
import type { Measured } from "./report/measured.ts";
import { formatReport } from "./report/report.ts";
import { Results } from "./report/results.ts";
import { readResults, writeResults } from "./report/results-file.ts";
import { measureAll } from "./rounds.ts";

/** Files that the load and the servers open besides the streams. */
const SPARE_FILES = 1_000;

function fail(message: string, code: number): never {
  console.error(`bench: ${message}`);
  process.exit(code);
}

function takeOptions(): Options {
  try {
    const taken = parseOptions(process.argv.slice(2));
    // Fail now, and not after an hour.
    if (taken.docs) readDocument(taken.suite);
    return taken;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error), 2);
  }
}

/** Processes that are started here inherit this limit; Node raises its own to the hard one. */
function checkOpenFiles({ scale }: Options): void {
  const limits = readFileSync("/proc/self/limits", "utf8");
  const most = Number(/^Max open files +\d+ +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  const needed = scale === "full" ? MOST_STREAMS + SPARE_FILES : 3_000;
  if (most >= needed) return;
  fail(`${most} files may be open, and it takes ${needed}: run "ulimit -n ${needed}" first`, 1);
}

const options = takeOptions();
provideForBench();
checkOpenFiles(options);
// What is measured anew takes the place of what was measured before; the rest of the table stays.
const { suite, scale } = options;
const results = options.isPartial ? readResults(suite, scale) : new Results();
// Write after each measure: a run that is cut loses only the measure under way.
await measureAll(options, results, () => writeResults(suite, scale, results));
const measured: Measured = {
  scale,
  results,
  measures: suite.measures.filter(({ name }) => results.has(name)),
  servers: options.isPartial ? suite.servers : options.servers,
};
const report = formatReport(suite, measured);
console.log(report);
if (options.docs) writeDocument(suite, measured, report);
if (results.failed("foreverframe")) process.exitCode = 1;
