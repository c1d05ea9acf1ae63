import type { StreamOwner } from "../core/receipts.ts";
import type { Receipt } from "../core/summaries.ts";
import type { Client } from "../redis/redis-client.ts";

/** What is kept of a stream that has ended for good. */
export interface ClosedStream {
  readonly receipt: Receipt;
  readonly owner: StreamOwner;
}

/**
 * Streams that have ended for good, as Redis keeps them for a while: for nodes that were not there
 * to hear of it, and would let the client in again.
 */
export class ClosedStreams {
  readonly #client: () => Client;
  readonly #prefix: string;
  readonly #ms: number;

  /**
   * @param client the connection to Redis that there is now
   * @param prefix what the names of its keys begin with
   * @param ms how long a stream is kept
   */
  constructor(client: () => Client, prefix: string, ms: number) {
    this.#client = client;
    this.#prefix = prefix;
    this.#ms = ms;
  }

  /** @throws the client's error: Redis is away, or full */
  async keep(closed: ClosedStream): Promise<void> {
    const key = this.#prefix + closed.receipt.stream;
    await this.#client().set(key, JSON.stringify(closed), {
      expiration: { type: "PX", value: this.#ms },
    });
  }

  /**
   * @returns null if the stream is not known to have ended
   * @throws the client's error: Redis is away
   */
  async find(stream: string): Promise<ClosedStream | null> {
    const text = await this.#client().get(this.#prefix + stream);
    if (text === null) return null;
    const { receipt, owner } = (JSON.parse(text) ?? {}) as Partial<ClosedStream>;
    return receipt?.stream === stream && owner ? { receipt, owner } : null;
  }
}
