import { ForeverframeError } from "../errors.ts";
import { findRedis } from "./find-redis.ts";
import {
  type Client,
  type Command,
  createOneClient,
  endClient,
  isReplyOf,
  type Reply,
  type Send,
  sendOn,
  silence,
  withDeadline,
} from "./redis-client.ts";
import type { RedisTarget } from "./redis-url.ts";

/** Longest wait for a connection, and longest silence while answers are due, in ms. */
const ANSWER_MS = 5_000;

/** Pauses between attempts to connect, in ms: doubled each time, and varied by up to a half. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 3_000;

/** At the start, a Redis that can't be reached is waited for this long, in ms. */
const START_MS = 5_000;

/** What a link needs. */
export interface RedisLinkOptions {
  readonly target: RedisTarget;
  /** The connection is to the master that has this key. */
  readonly key: string;
  /**
   * Called with each new connection before anybody else may use it. What it throws ends the
   * connection; a {@link RefusedRedis} ends the start, too.
   */
  readonly onConnected: (send: Send, client: Client) => Promise<void>;
  /** Hears why there is no connection, once for each that is lost or can't be made. */
  readonly onDown: (error: unknown) => void;
}

/** A Redis answers, but can't be used as it is. */
export class RefusedRedis extends ForeverframeError {
  constructor(message: string) {
    super("FF_LOG_UNAVAILABLE", message);
  }
}

/**
 * One connection to the Redis that has a key, which is made anew whenever it is lost, gives no
 * answer in time, or says that another Redis has the key by now.
 *
 * Commands are never kept for the next connection, nor sent twice: whoever sends one hears at once
 * that there is no connection, or that it is not known what became of it.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  #client: Client | null = null;
  /** The newest, which may be lost by now. */
  #last: Client | null = null;
  #watch: SilenceWatch | null = null;
  #connecting: Client | null = null;
  #closed = false;
  #retry: NodeJS.Timeout | null = null;
  #failures = 0;
  #down: unknown = null;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
  }

  /** Whether commands can be sent. */
  get isUp(): boolean {
    return this.#client !== null;
  }

  /** For commands besides {@link send}. One that is lost rejects them. */
  get client(): Client {
    if (this.#last === null) throw new LinkDownError(this.#down);
    return this.#last;
  }

  /**
   * Connect for the first time.
   *
   * @throws RefusedRedis, or what the last attempt failed with
   */
  async start(): Promise<void> {
    const deadline = performance.now() + START_MS;
    for (;;) {
      try {
        return await this.#connect();
      } catch (error) {
        if (isForGood(error) || performance.now() > deadline) {
          this.close();
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, this.#nextPause()));
      }
    }
  }

  /**
   * Send one command.
   *
   * @throws LinkDownError: it was not sent; what the answer says; or another error where it is not
   *   known what became of it
   */
  send(command: Command): Promise<Reply> {
    const client = this.#client;
    const watch = this.#watch;
    if (client === null || watch === null) return Promise.reject(new LinkDownError(this.#down));
    return this.#sendOn(client, watch, command);
  }

  /** Give up the connection, and make another. */
  renew(error: unknown): void {
    if (this.#client !== null) this.#lose(this.#client, error);
  }

  close(): void {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    for (const client of [this.#client, this.#connecting]) client?.destroy();
    this.#client = null;
    this.#connecting = null;
  }

  async #connect(): Promise<void> {
    const { target, key, onConnected } = this.#options;
    let client: Client;
    try {
      client = createOneClient(target, await findRedis(target, key), ANSWER_MS);
    } catch (error) {
      this.#down = error;
      throw error;
    }
    if (this.#closed) return;
    this.#connecting = client;
    const watch = new SilenceWatch((error) => {
      this.#lose(client, error);
      endClient(client); // which rejects all that waits for an answer
    });
    // It is told by what is rejected, or by the end.
    client.on("error", (error) => this.#lose(client, error));
    try {
      await withDeadline(client.connect(), ANSWER_MS);
      await onConnected((command) => this.#sendOn(client, watch, command), client);
      if (!client.isReady) throw new Error("The connection was lost at once");
    } catch (error) {
      this.#connecting = null;
      endClient(client);
      this.#down = error;
      throw error;
    }
    this.#connecting = null;
    if (this.#closed) return endClient(client);
    this.#failures = 0;
    this.#client = client;
    this.#last = client;
    this.#watch = watch;
  }

  async #sendOn(client: Client, watch: SilenceWatch, command: Command): Promise<Reply> {
    watch.sent();
    try {
      return await sendOn(client, command);
    } catch (error) {
      // It was the master when the connection was made.
      if (isReplyOf(error, "READONLY") || isReplyOf(error, "MOVED ")) this.#lose(client, error);
      throw error;
    } finally {
      watch.answered();
    }
  }

  #lose(client: Client, error: unknown): void {
    if (this.#client !== client) return;
    this.#client = null;
    this.#down = error;
    endClient(client);
    this.#options.onDown(error);
    this.#connectLater();
  }

  #connectLater(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => {
      this.#connect().catch((error: unknown) => {
        if (this.#closed) return;
        this.#options.onDown(error);
        this.#connectLater();
      });
    }, this.#nextPause());
  }

  #nextPause(): number {
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures++, 10));
    // Many nodes that lost the same Redis must not come back together.
    return pause * (0.5 + Math.random() / 2);
  }
}

/** Whether another attempt to connect is of no use while the settings are what they are. */
function isForGood(error: unknown): boolean {
  if (error instanceof RefusedRedis) return true;
  return error instanceof Error && /^(?:WRONGPASS|NOAUTH|NOPERM|ERR AUTH)/.test(error.message);
}

/** There was no connection, so nothing was sent. */
export class LinkDownError extends Error {
  constructor(cause: unknown) {
    super("There is no connection to Redis", { cause });
  }
}

/**
 * Notes when a connection is silent while answers are due. Not each answer has a time: when
 * thousands are due, the last may take longer, as long as others come.
 */
class SilenceWatch {
  readonly #onSilent: (error: Error) => void;
  #due = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(onSilent: (error: Error) => void) {
    this.#onSilent = onSilent;
  }

  sent(): void {
    this.#due++;
    this.#timer ??= setTimeout(() => this.#onSilent(silence(ANSWER_MS)), ANSWER_MS);
  }

  answered(): void {
    if (--this.#due > 0) this.#timer?.refresh();
    else if (this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
  }
}
