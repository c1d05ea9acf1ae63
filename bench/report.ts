import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { drawCharts } from "./charts.ts";
import { describeMachine } from "./machine.ts";
import type { Scale } from "./measures/measure.ts";
import { type Outcome, Results } from "./results.ts";
import { formatTable, type Measured } from "./table.ts";

const DOCUMENT = new URL("../docs/performance.md", import.meta.url);
const CHARTS = new URL("../docs/performance/", import.meta.url);
/** By scale: a quick run must not cost what a full one has measured for an hour. */
const jsonFile = (scale: Scale) => new URL(`./results-${scale}.json`, import.meta.url);
const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";

/** What such a file holds. */
interface Saved {
  readonly date: string;
  readonly machine: string;
  readonly results: unknown;
}

/** The results as Markdown: on what, when, how often, and the table. */
export function formatReport(measured: Measured): string {
  const { scale, results } = measured;
  const runs = results.mostRuns;
  const date = new Date().toISOString().slice(0, 10);
  const times = runs === 1 ? "one run" : `${runs} runs`;
  const quick = scale === "quick" ? ", with --quick: too short and too few to be compared" : "";
  return `Measured on ${date}, ${times}${quick}, on ${describeMachine()}.

Each cell: **median** (least..most) and × how many times Foreverframe's own median. CPU and memory are those of all
processes of a server, memory as Pss after a forced collection, without what the kernel holds for its sockets. Only
Foreverframe (without \`--memory\`) has a message on the disk before it answers or delivers it. Latencies of deliveries are counted
from when a message was due, and are those of the deliveries that came; those of closes from when a close was due.

${formatTable(measured)}`;
}

/** Write every run's values to bench/results-full.json, or results-quick.json. */
export function writeJson({ results, scale }: Measured): void {
  const all: Saved = { date: new Date().toISOString(), machine: describeMachine(), results };
  writeFileSync(jsonFile(scale), `${JSON.stringify(all, null, 2)}\n`);
}

/** What that file has, for a run that takes some measures anew; nothing if it was of another machine. */
export function readJson(scale: Scale): Results {
  const file = jsonFile(scale);
  if (!existsSync(file)) return new Results();
  const saved = JSON.parse(readFileSync(file, "utf8")) as Saved & {
    readonly results: Record<string, Outcome[]>;
  };
  return new Results(saved.machine === describeMachine() ? saved.results : {});
}

/** docs/performance.md before and after its block of results. @throws without the markers */
export function readDocument(): { readonly before: string; readonly after: string } {
  const text = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, "utf8") : "";
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new Error(`docs/performance.md has no line "${BEGIN}" with "${END}" after it: add them`);
  }
  return { before: text.slice(0, begin), after: text.slice(end) };
}

/** Write the report between the markers of docs/performance.md, and the charts beside it. @throws without markers */
export function writeDocument(measured: Measured, report: string): void {
  const { before, after } = readDocument();
  mkdirSync(CHARTS, { recursive: true });
  const charts = drawCharts(measured);
  for (const { file, svg } of charts) writeFileSync(new URL(file, CHARTS), svg);
  const images = charts.map(({ file, title }) => `![${title}](performance/${file})`).join("\n\n");
  const block = `${BEGIN}\n\n${images}\n\n${report}\n\n`;
  writeFileSync(DOCUMENT, `${before}${block}${after}`);
}
