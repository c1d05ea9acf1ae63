/** What one client makes the server hold in memory. */
export interface Holding {
  /** @param bytes held from now on, in place of what it held before */
  set(bytes: number): void;
  /** Nothing is held any more. */
  end(): void;
}

/**
 * A limit of the memory that clients make a process hold, for all of them together: bodies that come slowly, answers
 * that nobody reads. When it is reached, whoever holds most has to let go, so that many small ones go on.
 */
export class MemoryBudget {
  readonly #maxBytes: number;
  readonly #holdings = new Set<{ bytes: number; readonly letGo: () => void }>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes held now, by all. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * @param letGo ends what is held, if this one holds most when there is too much: called once at most, and
   *        counted as held no more
   */
  hold(letGo: () => void): Holding {
    const holding = { bytes: 0, letGo };
    const set = (bytes: number) => {
      this.#bytes += bytes - holding.bytes;
      holding.bytes = bytes;
      if (bytes === 0) this.#holdings.delete(holding);
      else this.#holdings.add(holding);
    };
    let isOver = false;
    return {
      set: (bytes) => {
        if (isOver) return;
        set(bytes);
        while (this.#bytes > this.#maxBytes) this.#relieve(holding);
      },
      end: () => {
        isOver = true;
        set(0);
      },
    };
  }

  #relieve(fallback: { bytes: number; readonly letGo: () => void }): void {
    let largest = fallback;
    for (const holding of this.#holdings) if (holding.bytes > largest.bytes) largest = holding;
    this.#bytes -= largest.bytes;
    largest.bytes = 0;
    this.#holdings.delete(largest);
    largest.letGo();
  }
}
