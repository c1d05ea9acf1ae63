import type { Scheduler } from "./scheduler.ts";

/**
 * Deadlines are looked at this often, in ms. An item expires up to twice this long before its
 * deadline, and not after it, unless the process is busy.
 */
const LOOK_MS = 100;

/** Items by the moment in which they expire. Costs nothing while there are none. */
export class Deadlines<T> {
  readonly #scheduler: Scheduler;
  readonly #expire: (item: T) => void;
  /** Items by the number of the look at which they expire. */
  readonly #byLook = new Map<number, Set<T>>();
  readonly #lookOf = new Map<T, number>();
  #lastLook = 0;
  #stopLooking: (() => void) | null = null;

  /** @param expire called once for each item, which is forgotten then */
  constructor(scheduler: Scheduler, expire: (item: T) => void) {
    this.#scheduler = scheduler;
    this.#expire = expire;
  }

  /**
   * Let an item expire, in place of an earlier deadline.
   *
   * @param ms from now; null for never
   */
  set(item: T, ms: number | null): void {
    this.remove(item);
    if (ms === null) return;
    const now = this.#scheduler.monotonicMs();
    if (this.#stopLooking === null) this.#start(now);
    const look = Math.max(this.#lastLook + 1, Math.floor((now + ms) / LOOK_MS));
    this.#lookOf.set(item, look);
    const others = this.#byLook.get(look);
    if (others === undefined) this.#byLook.set(look, new Set([item]));
    else others.add(item);
  }

  /** How long an item has left, in ms; null if it has no deadline. */
  leftMs(item: T): number | null {
    const look = this.#lookOf.get(item);
    if (look === undefined) return null;
    return Math.max(0, Math.round(look * LOOK_MS - this.#scheduler.monotonicMs()));
  }

  /** Forget an item's deadline, if it has one. */
  remove(item: T): void {
    const look = this.#lookOf.get(item);
    if (look === undefined) return;
    this.#lookOf.delete(item);
    const others = this.#byLook.get(look);
    others?.delete(item);
    if (others?.size === 0) this.#byLook.delete(look);
    if (this.#lookOf.size === 0) this.stop();
  }

  /** Stop looking. */
  stop(): void {
    this.#stopLooking?.();
    this.#stopLooking = null;
  }

  #start(now: number): void {
    this.#lastLook = Math.floor(now / LOOK_MS);
    this.#stopLooking = this.#scheduler.every(LOOK_MS, () => this.#look());
  }

  #look(): void {
    const now = Math.floor(this.#scheduler.monotonicMs() / LOOK_MS);
    // The next look is up to LOOK_MS from now, and must not be too late for what is due before it.
    for (const until = now + 1; this.#lastLook < until; ) {
      this.#lastLook++;
      for (const item of this.#byLook.get(this.#lastLook) ?? []) {
        this.remove(item);
        this.#expire(item);
      }
    }
  }
}
