import { readFileSync } from "node:fs";
import type { Gone } from "./measure-gone.ts";
import type { WireCells } from "./measure-wire.ts";
import type { Middlebox } from "./middlebox.ts";

/** What was measured of one middlebox. */
export interface Cells extends WireCells {
  readonly gone: Gone;
  /** What the client, which is told nothing, ends on in a browser. */
  readonly auto: "frame" | "poll";
}

/** The cells in the order of the table's columns, each with the column's head. */
const COLUMNS: readonly (readonly [keyof Cells, string])[] = [
  ["message", "a message comes"],
  ["close", "a close comes"],
  ["calls", "a page's calls"],
  ["address", "the client's address"],
  ["gone", "a client gone is noticed"],
  ["polls", "two polls"],
  ["webSocket", "WebSocket"],
  ["auto", "`auto` ends on"],
];

const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

/** A row of the table, as docs/proxies.md has to have it. */
export function formatRow({ name, configuration }: Middlebox, cells: Cells): string {
  return line([name, configuration, ...COLUMNS.map(([key]) => cells[key])]);
}

/** The first two lines of the table. */
export const HEAD = [
  line(["middlebox", "configuration", ...COLUMNS.map(([, head]) => head)]),
  line([..."--"].concat(COLUMNS.map(() => "-")).map(() => "---")),
].join("\n");

/** The rows of the table in docs/proxies.md; throws where it has none. */
export function documentedRows(): readonly string[] {
  const text = readFileSync(new URL("../../../docs/proxies.md", import.meta.url), "utf8");
  const [, after] = text.split(`${HEAD}\n`);
  if (after === undefined) throw new Error(`docs/proxies.md has no table that begins so:\n${HEAD}`);
  return after.slice(0, after.indexOf("\n\n")).split("\n");
}
