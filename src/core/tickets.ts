import { ForeverframeError } from "../errors.ts";
import { Oldest } from "./oldest.ts";
import type { Principal } from "./principal.ts";
import type { Scheduler } from "./scheduler.ts";

/** How long a ticket is good, in ms. */
export const TICKET_MS = 30_000;

/**
 * How much the tickets of one process may weigh that are not used yet, and those of one holder
 * among them: each weighs 1 for every 1,024 characters of its selectors, and 1 more.
 */
const MAX_WEIGHT = 10_000;
const MAX_WEIGHT_EACH = 1_000;
const CHARACTERS = 1_024;

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
  readonly weight: number;
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
  readonly #oldest = new Oldest(this.#unused);
  #weight = 0;
  /** What those of each weigh. */
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
    const weight = weightOf(ticket);
    const held = (this.#holders.get(holder) ?? 0) + weight;
    if (held > MAX_WEIGHT_EACH || !this.#makeRoom(weight, held)) {
      throw new ForeverframeError(
        "FF_TICKETS_TOO_MANY",
        `Too many tickets, or too long ones, wait to be used: use yours, or wait until they end after ${TICKET_MS / 1_000} s`,
      );
    }
    const id = this.#newId();
    this.#weight += weight;
    this.#holders.set(holder, held);
    const until = this.#scheduler.monotonicMs() + TICKET_MS;
    this.#unused.set(id, { ticket, holder, weight, until });
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
    for (let id = this.#oldest.peek(); id !== undefined; id = this.#oldest.peek()) {
      const unused = this.#unused.get(id);
      if (unused === undefined || unused.until > now) break;
      this.#remove(id, unused);
    }
  }

  /**
   * Make room by removing tickets of holders that have most, so that some can't keep out
   * others.
   *
   * @returns false if nobody has more than `fair`
   */
  #makeRoom(weight: number, fair: number): boolean {
    while (this.#weight + weight > MAX_WEIGHT) {
      let greediest: readonly [string, number] = ["", fair];
      for (const entry of this.#holders) if (entry[1] > greediest[1]) greediest = entry;
      const [holder, most] = greediest;
      if (most <= fair) return false;
      this.#removeOldestOf(holder);
    }
    return true;
  }

  #removeOldestOf(holder: string): void {
    for (const [id, unused] of this.#unused) {
      if (unused.holder !== holder) continue;
      this.#remove(id, unused);
      return;
    }
  }

  #remove(id: string, { holder, weight }: Unused): void {
    this.#unused.delete(id);
    this.#weight -= weight;
    const left = (this.#holders.get(holder) ?? weight) - weight;
    if (left === 0) this.#holders.delete(holder);
    else this.#holders.set(holder, left);
  }
}

function weightOf({ channels }: Ticket): number {
  const characters = channels.reduce((sum, selector) => sum + selector.length, 0);
  return 1 + Math.floor(characters / CHARACTERS);
}
