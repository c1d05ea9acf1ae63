import type { Engine } from "./engine.ts";

/** What a measurement is given. */
export interface Measured {
  readonly engine: Engine;
  /** Whether the engine keeps what comes until there is much of it. */
  readonly isHolding: boolean;
  /** How much it takes: of `npm test` no more than what finds a fault, else all. */
  readonly size: "quick" | "whole";
}

/**
 * Measures one thing in an engine, on pages of servers that it starts, and holds it to what is
 * promised in every engine. Cleaning up is the suite's.
 *
 * @returns what the table says of it
 */
export type Measure = (measured: Measured) => Promise<string>;

/** What happens within this time happens at once, in ms. */
export const AT_ONCE_MS = 2_000;

/** Heartbeats so rare that nothing is told by one. */
export const RARE_HEARTBEAT_MS = 60_000;
