/** What one client makes the server hold in memory. */
export interface Holding {
  /**
   * @param bytes held from now on, in place of what it held before
   * @param clients how many clients hold these bytes together: each counts for its share
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
 * A limit on the memory that all clients together make a process hold: bodies that come slowly,
 * answers that nobody reads. Beyond it, the client that holds most has to let go, so that many
 * small ones can continue. Of clients that hold about as much, it is the one that has held it
 * longest, since most are done in a moment.
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
   * @param letGo called when this holding has to go because there is too much: its bytes no longer
   *   count by then
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
    // The longest held come first, so that of those that hold about as much, the oldest is chosen.
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
