import type { Measure } from "../measures/measure.ts";
import type { Server } from "../servers/server.ts";
import type { Chart } from "./charts.ts";
import type { Measured } from "./measured.ts";

/** Servers to compare, the measures, and the document that shows the results. */
export interface Suite {
  readonly name: string;
  /** Its file in docs/. */
  readonly document: string;
  /** Its results stand there between `<!-- mark:begin -->` and `<!-- mark:end -->`. */
  readonly mark: string;
  /** In the order of the table's columns. */
  readonly servers: readonly Server[];
  /** Names of those that do for --quick: one of each kind. */
  readonly quickServers: readonly string[];
  /** In the order of the table; `throughput-1` comes before those that go by its result. */
  readonly measures: readonly Measure[];
  charts(measured: Measured): Chart[];
  /** What follows from the table, as Markdown; "" if nothing. */
  conclusion(measured: Measured): string;
}
