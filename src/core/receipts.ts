import { Oldest } from "./oldest.ts";
import type { Receipt } from "./summaries.ts";

/** How long and how many receipts are kept. */
export interface ReceiptLimits {
  readonly receiptMs: number;
  readonly maxReceipts: number;
}

interface Kept {
  readonly receipt: Receipt;
  readonly owner: StreamOwner;
  readonly until: number;
}

/** The owner of a stream, open or ended. */
export interface StreamOwner {
  /** Null if it gave no name. */
  readonly client: string | null;
  /** Null where nobody says who opened it. */
  readonly subject: string | null;
}

/**
 * Receipts of recent closes, so that a second close, or one that crossed with the client's leaving,
 * gets the same answer.
 */
export class Receipts {
  readonly #limits: ReceiptLimits;
  /** In the order of their end, so the oldest are first. */
  readonly #kept = new Map<string, Kept>();
  readonly #oldest = new Oldest(this.#kept);

  constructor(limits: ReceiptLimits) {
    this.#limits = limits;
  }

  /** @param now ms, of the same clock as in {@link get} */
  add(receipt: Receipt, owner: StreamOwner, now: number): void {
    this.expire(now);
    this.#kept.set(receipt.stream, { receipt, owner, until: now + this.#limits.receiptMs });
    while (this.#kept.size > this.#limits.maxReceipts) this.#oldest.take();
  }

  /** The receipt of a stream that ended less than `receiptMs` ago; null otherwise. */
  get(stream: string, now: number): Receipt | null {
    this.expire(now);
    return this.#kept.get(stream)?.receipt ?? null;
  }

  /** The owner of a receipt's stream; null if there is no receipt. */
  ownerOf(stream: string, now: number): StreamOwner | null {
    this.expire(now);
    return this.#kept.get(stream)?.owner ?? null;
  }

  /** Forget those whose time is over. */
  expire(now: number): void {
    for (let oldest = this.#oldest.peek(); oldest !== undefined; oldest = this.#oldest.peek()) {
      if ((this.#kept.get(oldest)?.until ?? 0) > now) break;
      this.#oldest.take();
    }
  }
}
