import type { Stream } from "./stream.ts";

/** Something that is done to many streams at once. */
type Order = (stream: Stream) => void;

/**
 * The long-poll streams that are on their way here from another process.
 *
 * Whoever asks for such a stream meanwhile waits until it has arrived, or has not: otherwise it
 * would be nowhere for a moment. What is being done to many streams is done also to those that come
 * or go while it takes its slices.
 */
export class Arrivals {
  readonly #arrivals = new Map<string, Promise<unknown>>();
  /** Those that have been found: the others may come to nothing. */
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

  /** Resolves when a stream that is on its way here has arrived, or has not. */
  async settled(stream: string): Promise<void> {
    await this.#arrivals.get(stream);
  }

  /** The same for all streams that are on their way here now. */
  async allSettled(): Promise<void> {
    await Promise.all(this.#arrivals.values());
  }

  /**
   * A stream is on its way here.
   *
   * @param arrival settles when it has arrived, or has not
   * @returns the same
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

  /**
   * A stream has come from another process, or is about to go to one: do what is being done to many
   * streams.
   */
  applyOrders(stream: Stream): void {
    for (const order of this.#orders) order(stream);
  }

  /**
   * Do something to streams that come or go until `done` settles, and until all that were on their
   * way by then have arrived.
   */
  async during(order: Order, done: Promise<void>): Promise<void> {
    this.#orders.add(order);
    await done;
    await this.allSettled();
    this.#orders.delete(order);
  }
}
