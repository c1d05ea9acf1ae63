import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Measured } from "./measured.ts";
import type { Suite } from "./suite.ts";

const DOCUMENTS = new URL("../../docs/", import.meta.url);
const CHARTS = "performance";

/** The suite's document before and after its block of results. @throws without the markers */
export function readDocument({ document, mark }: Suite): {
  readonly before: string;
  readonly after: string;
} {
  const file = new URL(document, DOCUMENTS);
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const [first, last] = linesAround(mark);
  const begin = text.indexOf(first);
  const end = text.indexOf(last);
  if (begin < 0 || end < begin) {
    throw new Error(`docs/${document} has no line "${first}" with "${last}" after it: add them`);
  }
  return { before: text.slice(0, begin), after: text.slice(end) };
}

/**
 * Write the report between the markers of the suite's document, and the charts beside it. @throws
 * without markers
 */
export function writeDocument(suite: Suite, measured: Measured, report: string): void {
  const { before, after } = readDocument(suite);
  const charts = suite.charts(measured);
  const directory = new URL(`${CHARTS}/`, DOCUMENTS);
  mkdirSync(directory, { recursive: true });
  for (const { file, svg } of charts) writeFileSync(new URL(file, directory), svg);
  const images = charts.map(({ file, title }) => `![${title}](${CHARTS}/${file})`);
  const block = [linesAround(suite.mark)[0], ...images, report, ""].join("\n\n");
  writeFileSync(new URL(suite.document, DOCUMENTS), `${before}${block}${after}`);
}

function linesAround(mark: string): readonly [string, string] {
  return [`<!-- ${mark}:begin -->`, `<!-- ${mark}:end -->`];
}
