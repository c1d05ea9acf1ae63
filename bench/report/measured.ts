import type { Measure, Scale } from "../measures/measure.ts";
import type { Server } from "../servers/server.ts";
import type { Results } from "./results.ts";

/** The results of a run, and what they are results of. */
export interface Measured {
  /** In the order of the table's rows. */
  readonly measures: readonly Measure[];
  /** In the order of the table's columns. */
  readonly servers: readonly Server[];
  readonly results: Results;
  readonly scale: Scale;
}
