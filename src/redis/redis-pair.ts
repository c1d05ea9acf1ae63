import { type Client, withDeadline } from "./redis-client.ts";
import { RedisLink } from "./redis-link.ts";
import type { RedisTarget } from "./redis-url.ts";

/** Whether both connections are still to the right Redis is looked at this often, in ms. */
const CHECK_MS = 1_000;

/** Longest wait for a subscription, in ms. */
const SUBSCRIBE_MS = 5_000;

/** A subscription that has not heard this many checks in a row is made anew. */
const MAX_UNHEARD = 5;

/** What a pair needs. */
export interface RedisPairOptions {
  readonly target: RedisTarget;
  /** Both connections are to the master that has this key. */
  readonly key: string;
  /** What to subscribe to. The last is a channel that nobody else subscribes to. */
  readonly channels: readonly string[];
  readonly onMessage: (text: string) => void;
  /** Called when there is a new subscription: what was published before it is lost. */
  readonly onListening: () => void;
  /** Called when there is no subscription any more. */
  readonly onDeaf: () => void;
  /** Hears of each connection that is lost or can't be made. */
  readonly onError: (error: unknown) => void;
}

/**
 * Two connections to one Redis, one to publish and one to listen.
 *
 * `PUBSUB CHANNELS` tells of subscriptions at one Redis only, and what is published at a replica
 * stays there. So both follow the master when it changes, also when it just says nothing more.
 */
export class RedisPair {
  readonly #options: RedisPairOptions;
  readonly #publisher: RedisLink;
  readonly #subscriber: RedisLink;
  readonly #timer: NodeJS.Timeout;
  /** Checks that were published, and did not come, since something has come. */
  #unheard = 0;

  private constructor(options: RedisPairOptions) {
    const { target, key, channels, onMessage, onListening, onDeaf, onError } = options;
    this.#options = options;
    this.#publisher = new RedisLink({
      target,
      key,
      onConnected: async (send) => {
        // Refused by a replica, and to a user who may not do what is to be done later.
        await send(["SET", `${channels[0]}:there`, "1", "PX", "1000"]);
        await send(["PUBLISH", String(channels.at(-1)), ""]);
        await send(["PUBSUB", "NUMSUB"]);
      },
      onDown: onError,
    });
    this.#subscriber = new RedisLink({
      target,
      key,
      onConnected: async (_send, client) => {
        const listener = (text: string) => {
          this.#unheard = 0;
          onMessage(text);
        };
        await withDeadline(client.subscribe([...channels], listener), SUBSCRIBE_MS);
        this.#unheard = 0;
        onListening();
      },
      onDown: (error) => {
        onError(error);
        onDeaf();
      },
    });
    this.#timer = setInterval(() => void this.#check().catch(() => {}), CHECK_MS).unref();
  }

  /** @throws what the last attempt to connect failed with */
  static async start(options: RedisPairOptions): Promise<RedisPair> {
    const pair = new RedisPair(options);
    try {
      await pair.#publisher.start();
      await pair.#subscriber.start();
      return pair;
    } catch (error) {
      pair.close();
      throw error;
    }
  }

  /** For all commands but subscriptions. Rejects them while there is no connection. */
  get publisher(): Client {
    return this.#publisher.client;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#publisher.close();
    this.#subscriber.close();
  }

  /** A link that gets no answer, or hears that the key has moved, is made anew by itself. */
  async #check(): Promise<void> {
    const { key, channels } = this.#options;
    await this.#publisher.send(["EXISTS", key]);
    const subscriptions = await this.#publisher.send(["PUBLISH", String(channels.at(-1)), ""]);
    if (Number(subscriptions) === 0)
      this.#subscriber.renew(new Error("The subscription is at another Redis"));
    // A network may drop a connection without a word at either end.
    else if (this.#unheard++ >= MAX_UNHEARD)
      this.#subscriber.renew(new Error("The subscription hears nothing"));
  }
}
