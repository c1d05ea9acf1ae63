import type { PositionRange } from "./tables.ts";

/** Rising positions, in memory. */
export class PositionList {
  #positions: string[] = [];
  /**
   * Those before this index were removed: cutting each out of a long array would move all behind
   * it.
   */
  #start = 0;

  push(position: string): void {
    this.#positions.push(position);
  }

  remove(position: string): void {
    const index = this.#after(position) - 1;
    if (this.#positions[index] !== position) return;
    if (index > this.#start) this.#positions.splice(index, 1);
    else if (++this.#start > this.#positions.length / 2) this.keep(() => true);
  }

  keep(wanted: (position: string) => boolean): void {
    this.#positions = this.#positions.slice(this.#start).filter(wanted);
    this.#start = 0;
  }

  *within({ after, upTo, order }: PositionRange): Iterable<string> {
    const from = this.#after(after);
    const end = this.#after(upTo);
    const forward = order === "oldest first";
    for (let i = forward ? from : end - 1; forward ? i < end : i >= from; i += forward ? 1 : -1) {
      const position = this.#positions[i];
      if (position !== undefined) yield position;
    }
  }

  /** Index of the first position greater than this one. */
  #after(position: string): number {
    let low = this.#start;
    let high = this.#positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#positions[middle] ?? "") <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
