import type { Measure, Quantity } from "../measures/measure.ts";
import type { Server } from "../servers/server.ts";
import type { Measured } from "./measured.ts";
import { formatNumber } from "./number-format.ts";
import type { Results } from "./results.ts";

/** Server that the others are compared with. */
const REFERENCE = "foreverframe";
/** From here on, the load's own CPU use may have been the limit. */
const LOAD_LIMIT = 0.9;

/** All medians as one Markdown table, a server a column, and the notes below it. */
export function formatTable(measured: Measured): string {
  const { measures, servers, scale } = measured;
  const notes = new Notes();
  const rows = measures.flatMap((measure) =>
    measure
      .quantities(scale)
      .flatMap((quantity) => [
        valueRow(measured, measure, quantity, notes),
        ...(quantity.multipleOf ?? []).flatMap((other) =>
          multipleRow(measured, measure, quantity, other),
        ),
      ]),
  );
  const head = ["", ...servers.map(({ title }) => title)];
  const rule = head.map((_, column) => (column === 0 ? "---" : "---:"));
  const table = [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  return [table, notes.format()].filter(Boolean).join("\n\n");
}

function valueRow(measured: Measured, measure: Measure, quantity: Quantity, notes: Notes) {
  const { title, unit } = quantity;
  const named = unit === "" || unit === "/s" ? title : `${title}, ${unit}`;
  return [
    named,
    ...measured.servers.map((server) => valueCell(measured, measure, quantity, server, notes)),
  ];
}

function valueCell(
  { results }: Measured,
  measure: Measure,
  { key, unit }: Quantity,
  server: Server,
  notes: Notes,
): string {
  const none = measure.without[server.name];
  if (none !== undefined) return none;
  const marks = notes.marksFor(results, measure, server);
  const summary = results.summary(measure.name, server.name, key);
  if (summary === null) return results.runs(measure.name, server.name) > 0 ? failedCell(marks) : "";
  const { median, min, max } = summary;
  const spread = min === max ? "" : ` (${formatNumber(min)}..${formatNumber(max)})`;
  const reference = results.summary(measure.name, REFERENCE, key)?.median;
  // A growth in % has no ratio, and nothing is a multiple of 0.
  const comparable = reference !== undefined && reference > 0 && median > 0 && unit !== "%";
  const ratio =
    comparable && server.name !== REFERENCE ? `<br>× ${formatNumber(median / reference)}` : "";
  return `**${formatNumber(median)}**${spread}${ratio}${marks}`;
}

function failedCell(marks: string): string {
  return marks === "" ? "none" : `failed${marks}`;
}

/** A row with each server's median as a multiple of another's; none if that was not measured. */
function multipleRow(
  { results, servers }: Measured,
  measure: Measure,
  { key }: Quantity,
  other: string,
): string[][] {
  const base = results.summary(measure.name, other, key)?.median;
  const title = servers.find(({ name }) => name === other)?.title;
  if (base === undefined || title === undefined) return [];
  const cells = servers.map((server) => {
    const median = results.summary(measure.name, server.name, key)?.median;
    return median === undefined ? "" : `× ${formatNumber(median / base)}`;
  });
  return [[`… × that of ${title}`, ...cells]];
}

/**
 * What has to be said about cells: runs that failed, and where the load may have been the limit.
 */
class Notes {
  readonly #texts: string[] = [];

  marksFor(results: Results, { name }: Measure, server: Server): string {
    const texts: string[] = [];
    const failures = results.failures(name, server.name);
    if (failures.length > 0) {
      const runs = results.runs(name, server.name);
      const reasons = [...new Set(failures)].join("; ");
      texts.push(`${server.title}, ${name}: ${failures.length} of ${runs} runs failed: ${reasons}`);
    }
    const loadCpu = results.summary(name, server.name, "loadCpu")?.median ?? 0;
    if (loadCpu > LOAD_LIMIT) {
      texts.push(
        `${server.title}, ${name}: the load used ${Math.round(loadCpu * 100)} % of a core, and may have been the limit`,
      );
    }
    return texts.map((text) => ` [${this.#numberOf(text)}]`).join("");
  }

  format(): string {
    return this.#texts.map((text, index) => `[${index + 1}] ${text}.`).join("  \n");
  }

  #numberOf(text: string): number {
    const known = this.#texts.indexOf(text);
    return known >= 0 ? known + 1 : this.#texts.push(text);
  }
}
