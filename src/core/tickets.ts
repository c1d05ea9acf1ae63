import { ForeverframeError } from "../errors.ts";
import type { Principal } from "./principal.ts";
import type { Scheduler } from "./scheduler.ts";

/** How long a ticket is good, in ms. */
export const TICKET_MS = 30_000;

/** Most tickets of one process that are not used yet, and of one holder among them. */
const MAX_TICKETS = 10_000;
const MAX_TICKETS_EACH = 1_000;

/** What a ticket allows whoever brings it. */
export interface Ticket {
  /** Selectors that it may be used to subscribe to, or any part of them. */
  readonly channels: readonly string[];
  /** Names the client; null for none. */
  readonly client: string | null;
  /** Whether whoever brings it may give any name of a client, as `client` is nobody's word. */
  readonly mayNameClient: boolean;
  readonly principal: Principal | null;
  /** Unix ms at which a stream that it opened ends; null for never. */
  readonly expiresAt: number | null;
}

/** A ticket that is not used yet. */
interface Unused {
  readonly ticket: Ticket;
  readonly holder: string;
  /** Monotonic ms. */
  readonly until: number;
}

/**
 * The tickets that one process has issued: each is good once, for a short time. Other processes ask
 * this one for them.
 */
export class Tickets {
  readonly #scheduler: Scheduler;
  readonly #newId: () => string;
  /** In the order of their end. */
  readonly #unused = new Map<string, Unused>();
  readonly #holders = new Map<string, number>();

  /** @param newId generates an id: at least 128 random bits */
  constructor(scheduler: Scheduler, newId: () => string) {
    this.#scheduler = scheduler;
    this.#newId = newId;
  }

  /**
   * Issue a ticket. Where there are too many, the holder of most of them loses its oldest.
   *
   * @param holder who asks for it: a subject, or an address
   * @returns its id
   * @throws ForeverframeError FF_TICKETS_TOO_MANY
   */
  issue(ticket: Ticket, holder: string): string {
    this.forgetOld();
    const held = this.#holders.get(holder) ?? 0;
    const isFull = this.#unused.size >= MAX_TICKETS && !this.#takeFromGreediest(held + 1);
    if (held >= MAX_TICKETS_EACH || isFull) {
      throw new ForeverframeError(
        "FF_TICKETS_TOO_MANY",
        `${held} tickets of yours, and ${this.#unused.size} in all, wait to be used: use them, or wait until they end after ${TICKET_MS / 1_000} s`,
      );
    }
    const id = this.#newId();
    this.#holders.set(holder, held + 1);
    const until = this.#scheduler.monotonicMs() + TICKET_MS;
    this.#unused.set(id, { ticket, holder, until });
    return id;
  }

  /** Use a ticket. Null if it was used, has ended, or is not known here. */
  take(id: string): Ticket | null {
    this.forgetOld();
    const unused = this.#unused.get(id);
    if (unused === undefined) return null;
    this.#remove(id, unused);
    return unused.ticket;
  }

  /** Forget the tickets whose time is over. */
  forgetOld(): void {
    const now = this.#scheduler.monotonicMs();
    for (const [id, unused] of this.#unused) {
      if (unused.until > now) break;
      this.#remove(id, unused);
    }
  }

  /**
   * Remove a ticket of the holder that has most, so that some holders can't keep out all others.
   *
   * @returns false if nobody has more than `fair`
   */
  #takeFromGreediest(fair: number): boolean {
    let greediest: readonly [string, number] = ["", fair];
    for (const entry of this.#holders) if (entry[1] > greediest[1]) greediest = entry;
    const [holder, most] = greediest;
    if (most <= fair) return false;
    for (const [id, unused] of this.#unused) {
      if (unused.holder !== holder) continue;
      this.#remove(id, unused);
      return true;
    }
    return false;
  }

  #remove(id: string, { holder }: Unused): void {
    this.#unused.delete(id);
    const left = (this.#holders.get(holder) ?? 1) - 1;
    if (left === 0) this.#holders.delete(holder);
    else this.#holders.set(holder, left);
  }
}
