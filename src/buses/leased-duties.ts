import type { Duties, Running } from "../core/duties.ts";
import type { RedisLock } from "./redis-lock.ts";
import type { RedisNodes } from "./redis-nodes.ts";

/** The lease of a node that is silent ends after this, in ms. */
const LEASE_MS = 7_000;

/** Pause between two attempts to get the lease, or to keep it, in ms. */
const LOOK_MS = 1_000;

/**
 * The duties of the node that has the lease among all nodes on a Redis. When it ends, stops or
 * loses its Redis, another has it within 8 seconds.
 */
export class LeasedDuties implements Duties {
  readonly #lock: RedisLock;
  readonly #timer: NodeJS.Timeout;
  readonly #begins: (() => Running)[] = [];
  #running: Running[] = [];
  /** Monotonic ms until which the lease is this node's, by its own clock. */
  #heldUntil = Number.NEGATIVE_INFINITY;
  #isLooking = false;
  #stopped = false;
  /** Resolves when all that was stopped has ended. */
  #stopping: Promise<unknown> = Promise.resolve();

  constructor(nodes: RedisNodes) {
    this.#lock = nodes.lock("duties", nodes.name, LEASE_MS);
    this.#timer = setInterval(() => this.#tick(), LOOK_MS);
    this.#timer.unref();
  }

  add(begin: () => Running): void {
    this.#begins.push(begin);
    if (this.#isHeld) this.#running.push(begin());
    else void this.#look();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    const wasHeld = this.#isHeld;
    this.#end();
    await this.#stopping;
    if (wasHeld) await this.#lock.release().catch(() => {}); // it ends by itself
  }

  get #isHeld(): boolean {
    return performance.now() < this.#heldUntil;
  }

  #tick(): void {
    // Redis may be silent: then the lease ends, and nobody says so.
    if (!this.#isHeld) this.#end();
    void this.#look();
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#stopped) return;
    this.#isLooking = true;
    const askedAt = performance.now();
    const isMine = await this.#lock.hold().catch(() => null);
    this.#isLooking = false;
    if (this.#stopped) return;
    // Stop a look before the others may begin.
    if (isMine === true) this.#heldUntil = askedAt + LEASE_MS - LOOK_MS;
    if (isMine === false) this.#heldUntil = Number.NEGATIVE_INFINITY;
    if (!this.#isHeld) this.#end();
    else if (this.#running.length === 0) this.#running = this.#begins.map((begin) => begin());
  }

  #end(): void {
    this.#heldUntil = Number.NEGATIVE_INFINITY;
    const ending = this.#running.splice(0).map((running) => running.stop());
    if (ending.length > 0) this.#stopping = Promise.allSettled([this.#stopping, ...ending]);
  }
}
