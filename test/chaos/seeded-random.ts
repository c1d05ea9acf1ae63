/**
 * Random numbers that are the same for the same seed: mulberry32, by Tommy Ettinger, in the public
 * domain.
 */
export class SeededRandom {
  readonly #seed: number;
  #state: number;

  /** @param seed a whole number; its low 32 bits count */
  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#state = this.#seed;
  }

  /**
   * A generator of its own for one purpose, so that what others draw does not shift its numbers.
   */
  for(purpose: string): SeededRandom {
    let hash = this.#seed ^ 0x811c9dc5;
    for (const character of purpose) {
      hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
    }
    return new SeededRandom(hash);
  }

  /** 0 <= n < 1 */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.whole(0, items.length - 1)] ?? items[0];
  }
}
