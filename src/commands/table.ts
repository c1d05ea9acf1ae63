import { escapeForTerminal, type Paint } from "./terminal.ts";

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly align: "left" | "right";
  /** Fewest characters that it is cut to where lines are too long; never cut without it. */
  readonly cutTo?: number;
  /** The text of a cell; undefined if it is not known. */
  text(row: Row): string | undefined;
}

const GAP = "  ";
const CUT = "…";
const UNKNOWN = "-";

/**
 * Format rows as a table with a line of titles. Columns in which no row has anything are left out.
 *
 * @param width most characters of a line; null for as many as there are
 * @returns lines with their ends
 */
export function formatTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number | null,
  paint: Paint,
): string {
  const known = columns.filter(
    (column) => rows.length === 0 || rows.some((row) => column.text(row) !== undefined),
  );
  const cells = rows.map((row) => known.map((column) => oneLine(column.text(row) ?? UNKNOWN)));
  const widths = fitWidths(known, cells, width);
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => pad(text, widths[i] ?? 0, known[i]?.align ?? "left"))
      .join(GAP)
      .trimEnd();
  const head = paint("bold", line(known.map(({ title }) => title)));
  return [head, ...cells.map(line)].map((text) => `${text}\n`).join("");
}

function oneLine(text: string): string {
  return escapeForTerminal(text).replaceAll(/[\t\n]/g, " ");
}

/** The width of each column: the widest that may be cut gives way, until lines fit. */
function fitWidths<Row>(
  columns: readonly Column<Row>[],
  cells: readonly (readonly string[])[],
  width: number | null,
): number[] {
  const widths = columns.map(({ title }, i) =>
    cells.reduce((most, row) => Math.max(most, lengthOf(row[i] ?? "")), title.length),
  );
  if (width === null) return widths;
  const room = width - GAP.length * (columns.length - 1);
  for (let excess = sum(widths) - room; excess > 0; excess--) {
    let widest = -1;
    columns.forEach(({ cutTo, title }, i) => {
      const least = Math.max(cutTo ?? Number.POSITIVE_INFINITY, title.length);
      const length = widths[i] ?? 0;
      if (length > least && length > (widths[widest] ?? 0)) widest = i;
    });
    if (widest === -1) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function pad(text: string, width: number, align: "left" | "right"): string {
  const length = lengthOf(text);
  if (length > width) return [...text].slice(0, width - 1).join("") + CUT;
  const spaces = " ".repeat(width - length);
  return align === "left" ? text + spaces : spaces + text;
}

function lengthOf(text: string): number {
  return [...text].length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
