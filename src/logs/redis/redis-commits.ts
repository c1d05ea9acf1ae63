import { setTimeout as pause } from "node:timers/promises";
import type { ForeverframeError } from "../../errors.ts";
import type { RedisLink } from "../../redis/redis-link.ts";
import { BEGIN_COMMIT, COMMIT } from "./commit-scripts.ts";
import { logUnavailable, tooFewReplicas } from "./redis-errors.ts";
import type { RedisSession } from "./redis-session.ts";

/** Longest wait for replicas, in ms. */
const PATIENCE_MS = 5_000;

/** Redis waits for replicas for this long at a time, in ms: then writes that came later join in. */
const ROUND_MS = 1_000;

/** Pause after a round in which too few replicas have answered, in ms. */
const RETRY_MS = 100;

/**
 * When nobody writes, replicas are asked this often, in ms: what was written by a server that has
 * ended meanwhile is shown then.
 */
const IDLE_MS = 5_000;

/** For this long after each round, nobody may open the log who awaits another number, in ms. */
const CLAIM_MS = 15_000;

/** When closing, Redis has this long to take the end of the claim, in ms. */
const CLOSE_MS = 500;

/** What waiting for replicas needs. */
export interface RedisCommitsOptions {
  readonly session: RedisSession;
  /** How many replicas must have a write. At least 1. */
  readonly replicas: number;
  /** Hears again and again, while it is so, that replicas are too few. */
  readonly onShort: (error: ForeverframeError) => void;
}

/** A write for which replicas are awaited. */
interface Waiter {
  /** Of the log, and of the Redis that has taken the write. */
  readonly epoch: string;
  readonly life: string;
  readonly timer: NodeJS.Timeout;
  resolve(): void;
  reject(error: ForeverframeError): void;
}

/**
 * Waits until replicas have what was written, and shows messages to readers from then on.
 *
 * `WAIT` holds up its connection, so there is one of its own. One round is for all writes that were
 * made before it began: it takes the newest position, waits, and raises the mark up to which
 * messages are shown. A message for which replicas were too few is shown after a later round.
 */
export class RedisCommits {
  readonly #options: RedisCommitsOptions;
  readonly #link: RedisLink;
  /** Of the connection. */
  #life = "";
  readonly #waiters = new Set<Waiter>();
  #wake = () => {};
  /** Monotonic ms since which no round has succeeded; null when the last one has. */
  #shortSince: number | null = null;
  #closed = false;

  constructor(options: RedisCommitsOptions) {
    this.#options = options;
    this.#link = options.session.createLink(
      async (send, { life }) => {
        await send(["WAIT", "0", "1"]); // which its user must be allowed
        this.#life = life;
      },
      () => {}, // the session tells of it
    );
  }

  /** Whether replicas have been too few for some time. */
  get isShort(): boolean {
    return this.#shortSince !== null && performance.now() - this.#shortSince >= PATIENCE_MS;
  }

  /** @throws what the connection failed with */
  async start(): Promise<void> {
    await this.#link.start();
    void this.#run();
  }

  /**
   * Resolves when replicas have all that this process has written before the call.
   *
   * @throws ForeverframeError FF_LOG_UNAVAILABLE: it is not known whether they ever will
   */
  settle(): Promise<void> {
    const { session, replicas } = this.#options;
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        epoch: session.epoch,
        life: session.life,
        timer: setTimeout(() => {
          this.#waiters.delete(waiter);
          reject(tooFewReplicas(replicas, PATIENCE_MS));
        }, PATIENCE_MS),
        resolve,
        reject,
      };
      this.#waiters.add(waiter);
      this.#wake();
    });
  }

  /** Call it when nobody waits any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    this.#link.close();
    const { session, replicas } = this.#options;
    // Others that are there claim it again in their next round.
    const released = session.call(BEGIN_COMMIT, [], () => [replicas, 0]).catch(() => {});
    await Promise.race([released, this.#idle(CLOSE_MS)]);
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      try {
        const isEnough = await this.#round();
        this.#note(isEnough, tooFewReplicas(this.#options.replicas, PATIENCE_MS));
      } catch (error) {
        this.#note(false, logUnavailable(error));
      }
      if (this.#closed) return;
      if (this.#shortSince !== null) await pause(RETRY_MS);
      else if (this.#waiters.size === 0) await this.#idle(IDLE_MS);
    }
  }

  /** @returns whether enough replicas have all that was written before it */
  async #round(): Promise<boolean> {
    const { session, replicas } = this.#options;
    const due = [...this.#waiters];
    const { epoch } = session;
    const life = this.#life;
    const claim = [replicas, CLAIM_MS];
    const begun = await session.callOn(this.#link, epoch, BEGIN_COMMIT, [], claim);
    if (begun === null) {
      await session.reopen();
      return false;
    }
    const answer = await this.#link.send(["WAIT", String(replicas), String(ROUND_MS)]);
    if (Number(answer) < replicas) return false;
    const tip = String(begun[3]);
    if ((await session.callOn(this.#link, epoch, COMMIT, [], [tip])) === null) return false;
    // The link may have been made anew meanwhile, but then one of these calls has failed.
    for (const waiter of due) {
      if (!this.#waiters.delete(waiter)) continue;
      clearTimeout(waiter.timer);
      if (waiter.epoch === epoch && waiter.life === life) waiter.resolve();
      // Another Redis has taken the place of the one that has taken the write.
      else waiter.reject(tooFewReplicas(replicas, PATIENCE_MS));
    }
    return true;
  }

  #note(isEnough: boolean, error: ForeverframeError): void {
    if (isEnough) this.#shortSince = null;
    else this.#shortSince ??= performance.now();
    if (this.isShort && !this.#closed) this.#options.onShort(error);
  }

  #idle(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
