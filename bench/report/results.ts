import type { Values } from "../measures/measure.ts";
import { quantile } from "../measures/quantile.ts";

/** What came of one run: its values, or why there are none. */
export type Outcome = { readonly values: Values } | { readonly failed: string };

/** One quantity over all runs that gave it. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The outcomes of all runs, by measure and server, in the order in which they ran. */
export class Results {
  readonly #outcomes: Map<string, Outcome[]>;

  /** @param earlier what {@link toJSON} gave */
  constructor(earlier: Readonly<Record<string, Outcome[]>> = {}) {
    this.#outcomes = new Map(Object.entries(earlier));
  }

  /** Forget what a measure gave before: it is measured anew. */
  forget(measure: string): void {
    for (const key of this.#outcomes.keys()) {
      if (key.startsWith(`${measure} `)) this.#outcomes.delete(key);
    }
  }

  /** Whether a measure was taken at all. */
  has(measure: string): boolean {
    return [...this.#outcomes.keys()].some((key) => key.startsWith(`${measure} `));
  }

  /** The most runs that a measure had. */
  get mostRuns(): number {
    return Math.max(0, ...[...this.#outcomes.values()].map(({ length }) => length));
  }

  add(measure: string, server: string, outcome: Outcome): void {
    const key = `${measure} ${server}`;
    const outcomes = this.#outcomes.get(key) ?? [];
    outcomes.push(outcome);
    this.#outcomes.set(key, outcomes);
  }

  /** null when no run gave it. */
  summary(measure: string, server: string, key: string): Summary | null {
    const found = this.#of(measure, server)
      .map((outcome) => ("values" in outcome ? outcome.values[key] : undefined))
      .filter((value) => value !== undefined);
    if (found.length === 0) return null;
    return { median: median(found), min: Math.min(...found), max: Math.max(...found) };
  }

  /** Why runs failed, one reason for each that did. */
  failures(measure: string, server: string): string[] {
    return this.#of(measure, server).flatMap((outcome) =>
      "failed" in outcome ? [outcome.failed] : [],
    );
  }

  /** Whether a run failed, of servers whose names begin like this. */
  failed(servers: string): boolean {
    return [...this.#outcomes].some(
      ([key, outcomes]) =>
        key.includes(` ${servers}`) && outcomes.some((outcome) => "failed" in outcome),
    );
  }

  runs(measure: string, server: string): number {
    return this.#of(measure, server).length;
  }

  /** By measure and server, as the file of results has it. */
  toJSON(): Record<string, readonly Outcome[]> {
    return Object.fromEntries(this.#outcomes);
  }

  #of(measure: string, server: string): readonly Outcome[] {
    return this.#outcomes.get(`${measure} ${server}`) ?? [];
  }
}

/** The middle value; of an even number of them, the mean of the two in the middle. */
function median(values: readonly number[]): number {
  const reversed = values.map((value) => -value);
  return (quantile(values, 0.5) - quantile(reversed, 0.5)) / 2;
}
