import { readFileSync } from "node:fs";

/** What is measured, in the order of the table's columns. */
export const COLUMNS = [
  "open",
  "values",
  "resume",
  "back",
  "close",
  "recycle",
  "fallback",
  "wake",
  "killed",
  "unload",
  "removed",
  "transports",
  "busy",
] as const;

export type Column = (typeof COLUMNS)[number];

/** What was measured of one engine: a word or a few for each column; absent for nothing. */
export type Cells = Partial<Record<Column, string>>;

/** In a cell of what is not measured. */
const NOT_MEASURED = "-";

const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

/** A row of the table, as docs/browsers.md has to have it. */
export function formatRow(engine: string, cells: Cells): string {
  return line([engine, ...COLUMNS.map((column) => cells[column] ?? NOT_MEASURED)]);
}

/** The first two lines of the table. */
export const HEAD = [
  line(["engine", ...COLUMNS]),
  line(["engine", ...COLUMNS].map(() => "---")),
].join("\n");

/** The rows of the table in docs/browsers.md; throws where it has none. */
export function documentedRows(): readonly string[] {
  const text = readFileSync(new URL("../../../docs/browsers.md", import.meta.url), "utf8");
  const [, after] = text.split(`${HEAD}\n`);
  if (after === undefined)
    throw new Error(`docs/browsers.md has no table that begins so:\n${HEAD}`);
  return after.slice(0, after.indexOf("\n\n")).split("\n");
}

/** What docs/browsers.md says of an engine. */
export function documentedCells(engine: string): Cells {
  const row = documentedRows().find((one) => one.startsWith(`| ${engine} |`)) ?? "";
  const cells = row.split(" | ").map((cell) => cell.replace(/ \|$/, ""));
  const entries = COLUMNS.map((column, i) => [column, cells[i + 1] ?? "nothing"] as const);
  return Object.fromEntries(entries.filter(([, cell]) => cell !== NOT_MEASURED));
}
