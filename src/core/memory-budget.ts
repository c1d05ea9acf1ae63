/** What one client makes the server hold in memory. */
export interface Holding {
  /**
   * @param bytes held from now on, in place of what it held before
   * @param clients who hold them together: each counts as the holder of its share
   */
  set(bytes: number, clients?: number): void;
  /** Nothing is held any more. */
  end(): void;
}

interface Held {
  bytes: number;
  clients: number;
  readonly letGo: () => void;
}

/**
 * A limit of the memory that clients make a process hold, for all of them together: bodies that
 * come slowly, answers that nobody reads. When it is reached, the client that holds most has to let
 * go, so that many small ones go on; among those that hold about as much, the one that has held it
 * longest: most clients are done in a moment.
 */
export class MemoryBudget {
  readonly #maxBytes: number;
  readonly #holdings = new Set<Held>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes held now, by all. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * @param letGo ends what is held, if this one has to go when there is too much: called once at
   *   most, and counted as held no more
   */
  hold(letGo: () => void): Holding {
    const holding: Held = { bytes: 0, clients: 1, letGo };
    const set = (bytes: number, clients: number) => {
      this.#bytes += bytes - holding.bytes;
      holding.bytes = bytes;
      holding.clients = clients;
      if (bytes === 0) this.#holdings.delete(holding);
      else this.#holdings.add(holding);
    };
    let isOver = false;
    return {
      set: (bytes, clients = 1) => {
        if (isOver) return;
        set(bytes, clients);
        while (this.#bytes > this.#maxBytes) this.#relieve(holding);
      },
      end: () => {
        isOver = true;
        set(0, 1);
      },
    };
  }

  #relieve(fallback: Held): void {
    let [chosen = fallback] = this.#holdings;
    // In the order in which they began: of those that hold about as much, the one that has held it
    // longest.
    for (const holding of this.#holdings)
      if (shareOf(holding) > 2 * shareOf(chosen)) chosen = holding;
    this.#bytes -= chosen.bytes;
    chosen.bytes = 0;
    this.#holdings.delete(chosen);
    chosen.letGo();
  }
}

function shareOf({ bytes, clients }: Held): number {
  return bytes / clients;
}
