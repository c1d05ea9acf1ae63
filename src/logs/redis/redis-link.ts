import { createClient, RESP_TYPES } from "@redis/client";
import { ForeverframeError } from "../../errors.ts";

/** Longest wait for a connection, and for each answer, in ms. */
const ANSWER_MS = 5_000;

/** Pauses between attempts to connect, in ms: doubled each time, and varied by up to a half. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 3_000;

/** At the start, a Redis that can't be reached is waited for this long, in ms. */
const START_MS = 5_000;

/** What Redis answers: texts come as bytes. */
export type Reply = Buffer | number | null | readonly Reply[];

/** Sends one command on a connection. */
export type Send = (command: readonly (string | Buffer)[]) => Promise<Reply>;

/** What a link needs. */
export interface RedisLinkOptions {
  /** `redis://` or `rediss://`, with a user and password where Redis wants them. */
  readonly url: string;
  /**
   * Called with each new connection before anybody else may use it. What it throws ends the
   * connection; a {@link RefusedRedis} ends the start, too.
   */
  readonly onConnected: (send: Send) => Promise<void>;
  /** Hears why there is no connection, once for each that is lost or can't be made. */
  readonly onDown: (error: unknown) => void;
}

/** A Redis answers, but can't be used as it is. */
export class RefusedRedis extends ForeverframeError {
  constructor(message: string) {
    super("FF_LOG_UNAVAILABLE", message);
  }
}

type Client = ReturnType<typeof createClient>;

/**
 * One connection to a Redis, which is made anew whenever it is lost, or gives no answer in time.
 *
 * Commands are never kept for the next connection, nor sent twice: whoever sends one hears at once
 * that there is no connection, or that it is not known what became of it.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  #client: Client | null = null;
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
  send(command: readonly (string | Buffer)[]): Promise<Reply> {
    const client = this.#client;
    if (client === null) return Promise.reject(new LinkDownError(this.#down));
    return this.#sendOn(client, command);
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
    const client: Client = createClient({
      url: this.#options.url,
      RESP: 2,
      disableOfflineQueue: true,
      maintNotifications: "disabled",
      socket: { connectTimeout: ANSWER_MS, reconnectStrategy: false },
    });
    this.#connecting = client;
    // It is told by what is rejected, or by the end.
    client.on("error", (error) => this.#lose(client, error));
    try {
      await withDeadline(client.connect(), "a connection");
      await this.#options.onConnected((command) => this.#sendOn(client, command));
      if (!client.isReady) throw new Error("The connection was lost at once");
    } catch (error) {
      this.#connecting = null;
      end(client);
      this.#down = error;
      throw error;
    }
    this.#connecting = null;
    if (this.#closed) return end(client);
    this.#failures = 0;
    this.#client = client;
  }

  async #sendOn(client: Client, command: readonly (string | Buffer)[]): Promise<Reply> {
    const answer = client.sendCommand<Reply>(command, { typeMapping: TYPES });
    try {
      return await withDeadline(answer, "an answer");
    } catch (error) {
      // Answers come in the order of commands: without this one, no other comes.
      if (error instanceof SilentRedisError) {
        end(client);
        this.#lose(client, error);
      }
      throw error;
    }
  }

  #lose(client: Client, error: unknown): void {
    if (this.#client !== client) return;
    this.#client = null;
    this.#down = error;
    end(client);
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

/** Whether another attempt to connect is of no use: not as long as the settings are what they are. */
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

/** Redis did not answer in time. */
class SilentRedisError extends Error {}

const TYPES = {
  [RESP_TYPES.BLOB_STRING]: Buffer,
  [RESP_TYPES.SIMPLE_STRING]: Buffer,
} as const;

function end(client: Client): void {
  if (client.isOpen) client.destroy();
}

function withDeadline<T>(promise: Promise<T>, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new SilentRedisError(`Redis gave no sign of ${what} for ${ANSWER_MS} ms`)),
      ANSWER_MS,
    );
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
