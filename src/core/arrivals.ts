import type { Stream } from "./stream.ts";

/** Something that is done to many streams at once. */
type Order = (stream: Stream) => void;

/**
 * The long-poll streams that are moving here from another process.
 *
 * A question about such a stream waits until the stream has arrived or will not arrive: otherwise
 * it would seem to be in no process for a moment. An operation on many streams also reaches those
 * that arrive or leave while it runs in slices.
 *
 * A process asks for a stream (`giveAway`) and waits for the answer. Opening it at once and telling
 * the others would need no waiting, but was tried and is wrong for a moment: until the other's
 * figures come, the stream counts as its client's newest, so that a takeover ends the wrong one;
 * two polls at once are listed as two streams; and a receipt lacks what was given elsewhere.
 */
export class Arrivals {
  readonly #arrivals = new Map<string, Promise<unknown>>();
  /** Streams that another process has given away. The search for the others may find nothing. */
  readonly #found = new Set<string>();
  readonly #orders = new Set<Order>();

  /** Whether a stream is on its way here. */
  has(stream: string): boolean {
    return this.#arrivals.has(stream);
  }

  /** Whether a stream is on its way here, and another process has given it away already. */
  isFound(stream: string): boolean {
    return this.#found.has(stream);
  }

  /** Resolves when a stream on its way here has arrived, or will not arrive. */
  async settled(stream: string): Promise<void> {
    await this.#arrivals.get(stream);
  }

  /** The same for all streams that are on their way here now. */
  async allSettled(): Promise<void> {
    await Promise.all(this.#arrivals.values());
  }

  /**
   * Note that a stream is on its way here.
   *
   * @param arrival settles when the stream has arrived, or will not arrive
   * @returns `arrival`
   */
  await<T>(stream: string, arrival: Promise<T>): Promise<T> {
    const settled = arrival.catch(() => {});
    this.#arrivals.set(stream, settled);
    void settled.then(() => {
      this.#arrivals.delete(stream);
      this.#found.delete(stream);
    });
    return arrival;
  }

  /** The search for a stream is over: another process has given it away. */
  markFound(stream: string): void {
    this.#found.add(stream);
  }

  /** Apply the operations under way to a stream that has just arrived, or is about to leave. */
  applyOrders(stream: Stream): void {
    for (const order of this.#orders) order(stream);
  }

  /**
   * Apply an operation to each stream that arrives or leaves, until `done` settles and all streams
   * that were on their way by then have arrived.
   */
  async during(order: Order, done: Promise<void>): Promise<void> {
    this.#orders.add(order);
    await done;
    await this.allSettled();
    this.#orders.delete(order);
  }
}
