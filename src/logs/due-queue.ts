import type { DueChannel } from "./tables.ts";

/**
 * Entries that no longer count are swept out when they are more than this many, and more than those
 * that count.
 */
const SWEPT_ABOVE = 1_000;

/**
 * Channels in the order in which they fall due, in memory: a binary heap whose removed entries are
 * swept out later.
 */
export class DueQueue {
  #heap: DueChannel[] = [];
  /** The one entry of each channel that counts: other entries in the heap were removed. */
  readonly #current = new Map<number, DueChannel>();

  add(entry: DueChannel): void {
    this.#current.set(entry.number, entry);
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    this.#sweep();
  }

  remove({ due, number }: DueChannel): void {
    if (this.#current.get(number)?.due === due) this.#current.delete(number);
    this.#sweep();
  }

  /** Those that are due by `now` (Unix ms), soonest first. */
  first(now: number, limit: number): readonly DueChannel[] {
    const found: DueChannel[] = [];
    for (;;) {
      const [entry] = this.#heap;
      if (entry === undefined || found.length >= limit) break;
      if (!this.#counts(entry)) this.#takeFirst();
      else if (entry.due > now) break;
      else {
        found.push(entry);
        this.#takeFirst();
      }
    }
    for (const entry of found) {
      this.#heap.push(entry);
      this.#rise(this.#heap.length - 1);
    }
    return found;
  }

  #counts(entry: DueChannel): boolean {
    return this.#current.get(entry.number) === entry;
  }

  #sweep(): void {
    const stale = this.#heap.length - this.#current.size;
    if (stale <= SWEPT_ABOVE || stale <= this.#current.size) return;
    // A sorted array is a heap.
    this.#heap = [...this.#current.values()].sort(bySoonest);
  }

  #takeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = this.#heap[2 * index + 1];
      const right = this.#heap[2 * index + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && bySoonest(right, left) < 0;
      const child = isRight ? right : left;
      if (bySoonest(last, child) <= 0) break;
      this.#heap[index] = child;
      index = 2 * index + (isRight ? 2 : 1);
    }
    this.#heap[index] = last;
  }

  #rise(start: number): void {
    const entry = this.#heap[start];
    if (entry === undefined) return;
    let index = start;
    while (index > 0) {
      const above = (index - 1) >>> 1;
      const parent = this.#heap[above];
      if (parent === undefined || bySoonest(parent, entry) <= 0) break;
      this.#heap[index] = parent;
      index = above;
    }
    this.#heap[index] = entry;
  }
}

function bySoonest(a: DueChannel, b: DueChannel): number {
  return a.due - b.due || a.number - b.number;
}
