import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Scale } from "../measures/measure.ts";
import type { Suite } from "../suites.ts";
import { describeMachine } from "./machine.ts";
import { type Outcome, Results } from "./results.ts";
import { formatTable, type Measured } from "./table.ts";

const DOCUMENTS = new URL("../../docs/", import.meta.url);
const CHARTS = "performance";
/** By scale: a quick run must not cost what a full one has measured for an hour. */
const jsonFile = ({ suite, scale }: Taken) =>
  new URL(`../results-${suite.name}-${scale}.json`, import.meta.url);
const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";

/** Of which results are. */
interface Taken {
  readonly suite: Suite;
  readonly scale: Scale;
}

/** What such a file holds. */
interface Saved {
  readonly date: string;
  readonly machine: string;
  readonly results: unknown;
}

/** The results as Markdown: on what, when, how often, and the table. */
export function formatReport(measured: Measured): string {
  const { scale, results, suite } = measured;
  const runs = results.mostRuns;
  const date = new Date().toISOString().slice(0, 10);
  const times = runs === 1 ? "one run" : `${runs} runs`;
  const quick = scale === "quick" ? ", with --quick: too short and too few to be compared" : "";
  return `Measured on ${date}, ${times}${quick}, on ${describeMachine()}.

Each cell: **median** (least..most) and × how many times Foreverframe's own median. CPU and memory are those of all
processes of a server, memory as Pss after a forced collection, without what the kernel holds for its sockets. Only
Foreverframe (without \`--memory\`) has a message on the disk before it answers or delivers it. Latencies of deliveries are counted
from when a message was due, and are those of the deliveries that came; those of closes from when a close was due.

${[formatTable(measured), suite.conclusion(measured)].filter(Boolean).join("\n\n")}`;
}

/** Write every run's values to a file such as bench/results-peers-full.json. */
export function writeJson(measured: Measured): void {
  const { results } = measured;
  const all: Saved = { date: new Date().toISOString(), machine: describeMachine(), results };
  writeFileSync(jsonFile(measured), `${JSON.stringify(all, null, 2)}\n`);
}

/** What that file has, for a run that takes some measures anew; nothing if it was of another machine. */
export function readJson(taken: Taken): Results {
  const file = jsonFile(taken);
  if (!existsSync(file)) return new Results();
  const saved = JSON.parse(readFileSync(file, "utf8")) as Saved & {
    readonly results: Record<string, Outcome[]>;
  };
  return new Results(saved.machine === describeMachine() ? saved.results : {});
}

/** The suite's document before and after its block of results. @throws without the markers */
export function readDocument({ document }: Suite): {
  readonly before: string;
  readonly after: string;
} {
  const file = new URL(document, DOCUMENTS);
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new Error(`docs/${document} has no line "${BEGIN}" with "${END}" after it: add them`);
  }
  return { before: text.slice(0, begin), after: text.slice(end) };
}

/** Write the report between the markers of the suite's document, and the charts beside it. @throws without markers */
export function writeDocument(measured: Measured, report: string): void {
  const { suite } = measured;
  const { before, after } = readDocument(suite);
  const charts = suite.charts(measured);
  const directory = new URL(`${CHARTS}/`, DOCUMENTS);
  mkdirSync(directory, { recursive: true });
  for (const { file, svg } of charts) writeFileSync(new URL(file, directory), svg);
  const images = charts.map(({ file, title }) => `![${title}](${CHARTS}/${file})`);
  const block = [BEGIN, ...images, report, ""].join("\n\n");
  writeFileSync(new URL(suite.document, DOCUMENTS), `${before}${block}${after}`);
}
