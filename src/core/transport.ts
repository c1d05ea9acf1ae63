import type { StreamEvent } from "./events.ts";
import type { StoredMessage } from "./log.ts";

/** Names of the transports, as `transport=` gives them. */
export const TRANSPORTS = ["frame", "poll", "sse", "ndjson", "ws"] as const;

/** One of {@link TRANSPORTS}. */
export type TransportName = (typeof TRANSPORTS)[number];

/** How events become the bytes of a response's body. Pure: no I/O, no clock, no state. */
export interface Transport {
  readonly name: TransportName;
  /** Equal for transports whose bytes are equal: the name, and what it was made with. */
  readonly key: string;
  /** Of the response. */
  readonly contentType: string;
  /**
   * Whether a response takes more and more memory in its client, and has to be replaced now and
   * then.
   */
  readonly recycles: boolean;
  /** What comes before the first event, whose own bytes are `firstLength` long. */
  preamble(firstLength: number): Buffer;
  /** The bytes before and after the JSON of one event. */
  wrap(event: StreamEvent): { readonly before: Buffer; readonly after: Buffer };
  /** What comes after the last event, in the same piece. */
  readonly epilogue: Buffer;
  /** Says that the connection is alive, where no event does. */
  readonly heartbeat: Buffer;
}

/** How pieces of a body are framed on the connection. */
export interface Framing {
  readonly key: string;
  /** Frame these parts together as one piece. */
  frame(parts: readonly Buffer[]): Buffer;
  /** Marks the end of the body; empty where only the connection's end does. */
  readonly end: Buffer;
}

const encodings = new WeakMap<Transport, Map<string, Encoding>>();

/** A transport in its framing: final bytes for the wire. */
export class Encoding {
  readonly key: string;
  readonly transport: TransportName;
  readonly recycles: boolean;
  readonly heartbeat: Buffer;
  readonly #transport: Transport;
  readonly #framing: Framing;

  /**
   * The one encoding of a transport in a framing: most streams share a transport, and so share
   * this.
   */
  static of(transport: Transport, framing: Framing): Encoding {
    let known = encodings.get(transport);
    if (known === undefined) {
      known = new Map();
      encodings.set(transport, known);
    }
    let encoding = known.get(framing.key);
    if (encoding === undefined) {
      encoding = new Encoding(transport, framing);
      known.set(framing.key, encoding);
    }
    return encoding;
  }

  private constructor(transport: Transport, framing: Framing) {
    this.key = `${transport.key} ${framing.key}`;
    this.transport = transport.name;
    this.recycles = transport.recycles;
    this.#transport = transport;
    this.#framing = framing;
    this.heartbeat = framing.frame([transport.heartbeat]);
  }

  /** The first event of a response, with what has to come before it. */
  first(event: StreamEvent): Buffer {
    const parts = this.#parts(event);
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    return this.#framing.frame([this.#transport.preamble(length), ...parts]);
  }

  event(event: StreamEvent): Buffer {
    return this.#framing.frame(this.#parts(event));
  }

  /** All of the messages in one piece, which costs one write and one chunk. */
  messages(messages: readonly StoredMessage[]): Buffer {
    const parts: Buffer[] = [];
    for (const { id, json } of messages) {
      const { before, after } = this.#transport.wrap({ type: "message", cursor: id, json });
      parts.push(before, json, after);
    }
    return this.#framing.frame(parts);
  }

  /** The last event, and the end of the body. */
  last(event: StreamEvent): Buffer {
    const piece = this.#framing.frame([...this.#parts(event), this.#transport.epilogue]);
    return Buffer.concat([piece, this.#framing.end]);
  }

  #parts(event: StreamEvent): readonly Buffer[] {
    const { before, after } = this.#transport.wrap(event);
    return [before, event.json, after];
  }
}
