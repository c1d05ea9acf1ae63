/**
 * A sorted list of names. New names are merged into it when it is next read, all at once: to insert
 * each into a list of a hundred thousand, or to sort that for each read, would hold up everybody
 * else.
 */
export class NameList {
  readonly #isThere: (name: string) => boolean;
  #sorted: string[] = [];
  #added: string[] = [];
  #removed = 0;

  /** @param isThere whether a name that was added has not been removed */
  constructor(isThere: (name: string) => boolean) {
    this.#isThere = isThere;
  }

  /** @param name not there before */
  add(name: string): void {
    this.#added.push(name);
  }

  /** One of the names is not there any more. */
  noteRemoval(): void {
    this.#removed++;
  }

  /** Names greater than this one, in their order. */
  *after(name: string): Iterable<string> {
    if (this.#added.length > 0 || this.#removed > this.#sorted.length / 2) this.#merge();
    const sorted = this.#sorted;
    for (let i = indexAfter(sorted, name); i < sorted.length; i++) {
      const next = sorted[i] ?? "";
      if (this.#isThere(next)) yield next;
    }
  }

  #merge(): void {
    const added = this.#added.sort();
    const sorted = this.#sorted;
    const merged: string[] = [];
    for (let i = 0, j = 0; i < sorted.length || j < added.length; ) {
      const a = sorted[i];
      const b = added[j];
      const isFirst = b === undefined || (a !== undefined && a <= b);
      const name = (isFirst ? a : b) ?? "";
      if (isFirst) i++;
      else j++;
      // One that was removed and came back is in both.
      if (name !== merged.at(-1) && this.#isThere(name)) merged.push(name);
    }
    this.#sorted = merged;
    this.#added = [];
    this.#removed = 0;
  }
}

/** Index of the first name greater than this one. */
function indexAfter(names: readonly string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? "") <= name) low = middle + 1;
    else high = middle;
  }
  return low;
}
