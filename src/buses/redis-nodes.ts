import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { ForeverframeError } from "../errors.ts";
import { RedisPair } from "../redis/redis-pair.ts";
import { parseRedisUrl } from "../redis/redis-url.ts";
import { RedisLock } from "./redis-lock.ts";

/** A node says this often that it is there, in ms. */
const ALIVE_MS = 1_000;

/** A node that has said nothing for this long counts as gone, though Redis still has it, in ms. */
const GONE_MS = 15_000;

/** What is known of a node that is gone is forgotten after this, in ms. */
const FORGOTTEN_MS = 3_600_000;

/** Longest wait for Redis to take the word that a node ends, in ms. */
const FAREWELL_MS = 500;

/** What a node needs to find the others. */
export interface RedisNodesOptions {
  /** See `parseRedisUrl`. */
  readonly url: string;
  /** As of the log's keys. */
  readonly prefix: string;
  /** Hears of each connection that is lost or can't be made. */
  readonly onError: (error: unknown) => void;
}

/** What a node says to others, as JSON. */
export interface NodeFrame {
  readonly type: string;
  /** The name of the node that says it. */
  readonly from: string;
}

/** Hears what other nodes say. */
export interface NodeListener<Frame> {
  onFrame(frame: Frame): void;
  /** The connection was lost, and is there again: what was said meanwhile was not heard. */
  onReturn(): void;
}

/**
 * This process among all that share a Redis, whichever machine they are on.
 *
 * Each node subscribes to a channel of all and to one of its own, by which the others know that it
 * is there. What is said while Redis is away is lost.
 */
export class RedisNodes {
  /** Differs from those of the other nodes, unless more than a thousand have started meanwhile. */
  readonly number: number;
  /** Stands before the first dot of the ids that this node generates: see {@link nodeOf}. */
  readonly name: string;
  readonly #tag: string;
  readonly #pair: RedisPair;
  /** When each of the others was heard (monotonic ms). */
  readonly #heardAt = new Map<string, number>();
  readonly #alive: NodeJS.Timeout;
  #listeningSince = performance.now();
  #listener: NodeListener<NodeFrame> | null = null;
  #closed = false;

  private constructor(tag: string, name: string, number: number, pair: RedisPair) {
    this.number = number;
    this.name = name;
    this.#tag = tag;
    this.#pair = pair;
    this.#alive = setInterval(() => this.#sayAlive(), ALIVE_MS);
    this.#alive.unref();
  }

  /** @throws ForeverframeError FF_LOG_UNAVAILABLE */
  static async start({ url, prefix, onError }: RedisNodesOptions): Promise<RedisNodes> {
    const name = `n${randomBytes(6).toString("base64url")}`;
    const tag = `{${prefix}}bus`;
    const key = `{${prefix}}nodes`;
    const target = parseRedisUrl(url);
    let nodes: RedisNodes | null = null;
    let pair: RedisPair | null = null;
    try {
      if (target === null) throw new Error("its URL is not one of a Redis");
      pair = await RedisPair.start({
        target,
        key,
        channels: [tag, `${tag}:${name}`],
        onMessage: (text) => {
          if (nodes !== null) nodes.#hear(text);
        },
        onListening: () => {
          if (nodes !== null) nodes.#startListening();
        },
        onError,
      });
      nodes = new RedisNodes(tag, name, await pair.publisher.incr(key), pair);
      return nodes;
    } catch (error) {
      pair?.close();
      const reason = error instanceof Error ? error.message : String(error);
      throw new ForeverframeError(
        "FF_LOG_UNAVAILABLE",
        `Redis does not let servers talk to each other (${reason}): allow its user the commands and channels of {${prefix}}bus*`,
        { cause: error },
      );
    }
  }

  listen(listener: NodeListener<NodeFrame>): void {
    this.#listener = listener;
  }

  /**
   * @param to the name of a node; null for all others
   * @returns how many listen there, this node too
   * @throws the client's error: Redis is away
   */
  async say(to: string | null, frame: NodeFrame): Promise<number> {
    if (this.#closed) return 0;
    const channel = to === null ? this.#tag : `${this.#tag}:${to}`;
    return this.#pair.publisher.publish(channel, JSON.stringify(frame));
  }

  /**
   * The names of the nodes that are there besides this one.
   *
   * @throws the client's error: Redis is away
   */
  async others(): Promise<readonly string[]> {
    const own = `${this.#tag}:`;
    const channels = await this.#pair.publisher.pubSubChannels(`${own}*`);
    const now = performance.now();
    return channels
      .map((channel) => channel.slice(own.length))
      .filter((node) => {
        // Redis notices late that a machine has lost its power.
        const heardAt = this.#heardAt.get(node) ?? this.#listeningSince;
        return node !== this.name && now - heardAt < GONE_MS;
      });
  }

  /**
   * Whether a node was heard a short while ago and has not said that it ends: if it is not among
   * the others now, it may have lost its connection only.
   */
  isExpected(node: string): boolean {
    const heardAt = this.#heardAt.get(node);
    return heardAt !== undefined && performance.now() - heardAt < GONE_MS;
  }

  /** A lock among all nodes. */
  lock(name: string, holder: string, ms: number): RedisLock {
    return new RedisLock(() => this.#pair.publisher, `${this.#tag}:lock:${name}`, holder, ms);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    clearInterval(this.#alive);
    const farewell = this.say(null, { type: "gone", from: this.name });
    this.#closed = true;
    this.#listener = null;
    // One that can't say so is expected back for a while.
    await Promise.race([farewell.catch(() => {}), pause(FAREWELL_MS, undefined, { ref: false })]);
    this.#pair.close();
  }

  #hear(text: string): void {
    const frame = parseFrame(text);
    if (frame === null || frame.from === this.name || this.#closed) return;
    if (frame.type === "gone") {
      this.#heardAt.delete(frame.from);
      return;
    }
    this.#heardAt.set(frame.from, performance.now());
    this.#listener?.onFrame(frame);
  }

  #startListening(): void {
    this.#listeningSince = performance.now();
    this.#listener?.onReturn();
  }

  #sayAlive(): void {
    // Where there is no connection, `onError` has heard of it.
    this.say(null, { type: "alive", from: this.name }).catch(() => {});
    // Nodes that are there are heard every second. An entry that is kept for longer than GONE_MS is
    // what tells a node that is gone from one that has just come.
    const before = performance.now() - FORGOTTEN_MS;
    for (const [node, at] of this.#heardAt) if (at < before) this.#heardAt.delete(node);
  }
}

/** The name of the node that generated an id; null where it does not say. */
export function nodeOf(id: string): string | null {
  const dot = id.indexOf(".");
  return dot > 0 ? id.slice(0, dot) : null;
}

/** What another node has said; null for what is none of ours. */
function parseFrame(text: string): NodeFrame | null {
  try {
    const frame: unknown = JSON.parse(text);
    const isOurs = typeof frame === "object" && frame !== null && "from" in frame;
    return isOurs ? (frame as NodeFrame) : null;
  } catch {
    return null;
  }
}
