import type { RunningServer, StartOptions } from "../servers/server.ts";

/** `full` is what the documents show; `quick` tells in about a minute whether everything works. */
export type Scale = "full" | "quick";

/** What was measured, by the key of the quantity. */
export type Values = Readonly<Record<string, number>>;

/** One number of a measure: a row of the table. */
export interface Quantity {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  /** Names of servers: this is also shown as a multiple of the median of each. */
  readonly multipleOf?: readonly string[];
}

/** One run of one measure on one server that was started for it. */
export interface Trial {
  readonly server: RunningServer;
  readonly scale: Scale;
  /**
   * What `throughput-1` gave for this server so far, in deliveries/s; null if it was not measured.
   */
  readonly capacity: number | null;
}

/** Something to measure. */
export interface Measure {
  /** Its name in the options and results. */
  readonly name: string;
  /** Servers that it makes no sense for, with what the table says instead. */
  readonly without: Readonly<Record<string, string>>;
  readonly start: StartOptions;
  quantities(scale: Scale): readonly Quantity[];
  /**
   * @returns the values, and the load's own CPU use as `loadCpu` where that could have been the
   *   limit
   */
  run(trial: Trial): Promise<Values>;
}

/** {@link Measure.without} for what only Foreverframe has. */
export function withoutPeers(reason: string): Measure["without"] {
  const peers = ["nchan", "nchan-raw", "sockjs", "better-sse", "bare-loop"];
  return Object.fromEntries(peers.map((peer) => [peer, reason]));
}

/** Most streams at once that one of these measures opens, for the limit of open files. */
export const MOST_STREAMS = 15_000;

/** Streams that receive, where a measure does not say otherwise. */
export function streamsFor(scale: Scale): number {
  return scale === "full" ? 2_000 : 300;
}
