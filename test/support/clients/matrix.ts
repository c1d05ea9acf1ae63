import { readFileSync } from "node:fs";
import type { Client } from "./client.ts";

/** What becomes of a client's messages when its connection breaks. */
export type Resumption = "exact" | "again" | "lost" | "stays away";

/** What a client does when its stream was closed for good. */
export type Stop = "stops" | "stops at 204" | "asks on" | "comes back" | "was away";

/** What was measured of one client. */
export interface Cells {
  /** What its request after the restart says of where it was; "nothing" where that is so. */
  readonly by: string;
  readonly restart: Resumption;
  readonly drain: Resumption;
  readonly stop: Stop;
}

const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

const COLUMNS = [
  ...["client", "version", "runs in", "resumes by"],
  ...["after a restart", "after a drain", "when it is closed"],
];

/** The first two lines of the table. */
export const HEAD = [line(COLUMNS), line(COLUMNS.map(() => "---"))].join("\n");

/** A row of the table, as docs/clients.md has to have it. */
export function formatRow(client: Client, { by, restart, drain, stop }: Cells): string {
  const version = client.packageName === null ? "Debian's" : versionOf(client.packageName);
  return line([client.name, version, client.runtime, by, restart, drain, stop]);
}

/** The rows of the table in docs/clients.md; throws where it has none. */
export function documentedRows(): readonly string[] {
  const [, after] = read("docs/clients.md").split(`${HEAD}\n`);
  if (after === undefined) throw new Error(`docs/clients.md has no table that begins so:\n${HEAD}`);
  return after.slice(0, after.indexOf("\n\n")).split("\n");
}

function versionOf(packageName: string): string {
  const { version } = JSON.parse(read(`node_modules/${packageName}/package.json`));
  return String(version);
}

function read(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
}
