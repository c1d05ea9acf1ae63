/** Upper bounds of a histogram's buckets, in seconds; a last bucket takes everything above. */
export const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A histogram as JSON. */
export interface HistogramFigures {
  /** How many values fell into each bucket, by {@link BOUNDS}, and above the last bound. */
  readonly buckets: readonly number[];
  /** In seconds. */
  readonly sum: number;
}

/** Counts durations by how long they are. Plain numbers, so counting one costs next to nothing. */
export class Histogram {
  readonly #buckets: number[] = new Array(BOUNDS.length + 1).fill(0);
  #sum = 0;

  /** Count a duration, in seconds, that many things had. */
  observe(seconds: number, count = 1): void {
    let bucket = 0;
    while (bucket < BOUNDS.length && seconds > (BOUNDS[bucket] ?? 0)) bucket++;
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + count;
    this.#sum += seconds * count;
  }

  figures(): HistogramFigures {
    return { buckets: [...this.#buckets], sum: this.#sum };
  }
}

/** How many values a histogram has counted. */
export function countOf({ buckets }: HistogramFigures): number {
  return buckets.reduce((sum, count) => sum + count, 0);
}

/** What was counted between two looks at the same histogram. */
export function difference(later: HistogramFigures, earlier: HistogramFigures): HistogramFigures {
  return {
    buckets: later.buckets.map((count, bucket) => count - (earlier.buckets[bucket] ?? 0)),
    sum: later.sum - earlier.sum,
  };
}

/**
 * The bound that a share of all values did not exceed, in seconds: 0.99 for the 99th percentile.
 * Null if there are no values; Infinity if it is above the last bound.
 */
export function quantile(histogram: HistogramFigures, share: number): number | null {
  const wanted = countOf(histogram) * share;
  if (wanted === 0) return null;
  let seen = 0;
  for (const [bucket, count] of histogram.buckets.entries()) {
    seen += count;
    if (seen >= wanted) return BOUNDS[bucket] ?? Number.POSITIVE_INFINITY;
  }
  return Number.POSITIVE_INFINITY;
}
