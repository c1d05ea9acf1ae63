import { randomBytes } from "node:crypto";
import { ForeverframeError } from "../errors.ts";
import { withDeadline } from "../redis/redis-client.ts";
import { RedisPair } from "../redis/redis-pair.ts";
import { parseRedisUrl } from "../redis/redis-url.ts";
import { ClosedStreams } from "./closed-streams.ts";
import { type NodeFrame, parseFrame, type Said } from "./node-frame.ts";
import { NodePresence, type Others } from "./node-presence.ts";
import { RedisLock } from "./redis-lock.ts";

/** A node says this often that it is there, in ms. */
const ALIVE_MS = 1_000;

/** Let nobody have a number again, though Redis has lost that it was given. */
const KEEP_NUMBER = `
local last = tonumber(redis.call("GET", KEYS[1]) or "")
if not last or last < tonumber(ARGV[1]) then redis.call("SET", KEYS[1], ARGV[1]) end
`;

/** Longest wait, in ms, until the others are told that this node ends. */
const LEAVE_MS = 500;

/** What a node needs to find the others. */
export interface RedisNodesOptions {
  /** See `parseRedisUrl`. */
  readonly url: string;
  /** As of the log's keys. */
  readonly prefix: string;
  /** Hears of each connection that is lost or can't be made. */
  readonly onError: (error: unknown) => void;
}

/** Hears what other nodes say. */
export interface NodeListener {
  onFrame(frame: NodeFrame): void;
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
  readonly #numberKey: string;
  readonly #pair: RedisPair;
  readonly #presence: NodePresence;
  readonly #alive: NodeJS.Timeout;
  #listener: NodeListener | null = null;
  #isDeaf = false;
  #closed = false;

  private constructor(prefix: string, name: string, number: number, pair: RedisPair) {
    this.number = number;
    this.name = name;
    this.#tag = tagOf(prefix);
    this.#numberKey = numberKeyOf(prefix);
    this.#pair = pair;
    this.#presence = new NodePresence(name, () => performance.now());
    this.#alive = setInterval(() => this.#sayAlive(), ALIVE_MS);
    this.#alive.unref();
  }

  /** @throws ForeverframeError FF_LOG_UNAVAILABLE */
  static async start({ url, prefix, onError }: RedisNodesOptions): Promise<RedisNodes> {
    const name = `n${randomBytes(6).toString("base64url")}`;
    const tag = tagOf(prefix);
    const key = numberKeyOf(prefix);
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
          if (nodes !== null) nodes.#listenAgain();
        },
        onDeaf: () => {
          if (nodes !== null) nodes.#goDeaf();
        },
        onError,
      });
      nodes = new RedisNodes(prefix, name, await pair.publisher.incr(key), pair);
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

  listen(listener: NodeListener): void {
    this.#listener = listener;
  }

  /**
   * @param to the name of a node; null for all others
   * @returns how many listen there, this node too
   * @throws the client's error: Redis is away
   */
  async say(to: string | null, said: Said): Promise<number> {
    return this.#closed ? 0 : this.#publish(to, said);
  }

  /**
   * The names of the nodes that are there besides this one.
   *
   * @throws the client's error: Redis is away
   */
  async others(): Promise<Others> {
    const own = `${this.#tag}:`;
    const channels = await this.#pair.publisher.pubSubChannels(`${own}*`);
    return this.#presence.look(channels.map((channel) => channel.slice(own.length)));
  }

  /** See `NodePresence`. */
  wasThere(node: string): boolean {
    return this.#presence.wasThere(node);
  }

  /** The streams that have ended for good at any node. @param ms how long each is kept */
  closedStreams(ms: number): ClosedStreams {
    return new ClosedStreams(() => this.#pair.publisher, `${this.#tag}:closed:`, ms);
  }

  /** A lock among all nodes. */
  lock(name: string, holder: string, ms: number): RedisLock {
    return new RedisLock(() => this.#pair.publisher, `${this.#tag}:lock:${name}`, holder, ms);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener = null;
    clearInterval(this.#alive);
    // Nobody has to wait whether it comes back.
    await withDeadline(this.#publish(null, { type: "leave" }), LEAVE_MS).catch(() => {});
    this.#pair.close();
  }

  async #publish(to: string | null, said: Said): Promise<number> {
    const channel = to === null ? this.#tag : `${this.#tag}:${to}`;
    const frame: NodeFrame = { ...said, from: this.name };
    return this.#pair.publisher.publish(channel, JSON.stringify(frame));
  }

  #hear(text: string): void {
    const frame = parseFrame(text);
    if (frame === null || this.#closed) return;
    this.#presence.hear(frame.from, frame.type);
    if (frame.from !== this.name) this.#listener?.onFrame(frame);
  }

  #listenAgain(): void {
    this.#isDeaf = false;
    this.#presence.listenAgain();
    this.#listener?.onReturn();
  }

  #goDeaf(): void {
    this.#isDeaf = true;
    this.#sayAlive();
  }

  #sayAlive(): void {
    // Where there is no connection, `onError` has heard of it.
    this.say(null, { type: this.#isDeaf ? "deaf" : "alive" }).catch(() => {});
    this.#keepNumber().catch(() => {});
  }

  async #keepNumber(): Promise<void> {
    const number = { keys: [this.#numberKey], arguments: [String(this.number)] };
    await this.#pair.publisher.eval(KEEP_NUMBER, number);
  }
}

function tagOf(prefix: string): string {
  return `{${prefix}}bus`;
}

function numberKeyOf(prefix: string): string {
  return `{${prefix}}nodes`;
}

/** The name of the node that generated an id; null where it does not say. */
export function nodeOf(id: string): string | null {
  const dot = id.indexOf(".");
  return dot > 0 ? id.slice(0, dot) : null;
}
