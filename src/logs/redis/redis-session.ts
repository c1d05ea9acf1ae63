import { randomInt } from "node:crypto";
import { type Cursor, epochOf, laterPosition, ORIGIN, positionOf } from "../../core/cursor.ts";
import { ForeverframeError } from "../../errors.ts";
import type { Script } from "./lua.ts";
import { OPEN_SOURCE } from "./open-script.ts";
import { createRedisKeys, type RedisKeys } from "./redis-keys.ts";
import { LinkDownError, RedisLink, type Reply, type Send } from "./redis-link.ts";
import { inspectRedis, type RedisServer } from "./redis-server.ts";
import { SWEEP } from "./upkeep-scripts.ts";

/** Attempts of one call while the log's epoch changes. */
const MAX_ATTEMPTS = 3;

/** Keys looked at in one step of sweeping up after a log that was lost. */
const SWEPT_AT_ONCE = 500;

/** An argument of a script. */
export type Argument = string | number;

/** What a session needs. */
export interface RedisSessionOptions {
  readonly url: string;
  /** What the names of keys begin with, in braces. */
  readonly prefix: string;
  /** Believe that a Redis that was started again has lost nothing. */
  readonly trustRestart: boolean;
  /** Unix ms in place of the server's clock, for tests; null in all other cases. */
  readonly now: (() => number) | null;
  readonly monotonicMs: () => number;
  /** Hears why the log can't be used, each time that it is found so. */
  readonly onDown: (error: ForeverframeError) => void;
}

/** A log in Redis: its epoch, its clock, and scripts that are run on it. */
export class RedisSession {
  readonly keys: RedisKeys;
  readonly #options: RedisSessionOptions;
  readonly #link: RedisLink;
  #server: RedisServer | null = null;
  #epoch = "";
  /** The epoch before this one, and up to which of its positions the messages are still there. */
  #before: { readonly epoch: string; readonly upTo: string } = { epoch: "", upTo: ORIGIN };
  #reopening: Promise<void> | null = null;
  /** How far the server's clock is ahead of the monotonic one, in ms. */
  #clockOffset = 0;
  #newest: number | null = null;

  constructor(options: RedisSessionOptions) {
    this.#options = options;
    this.keys = createRedisKeys(options.prefix);
    this.#link = new RedisLink({
      url: options.url,
      onConnected: (send) => this.#begin(send),
      onDown: (error) => options.onDown(unavailable(error)),
    });
  }

  /** Rises when Redis may have lost messages. */
  get epoch(): string {
    return this.#epoch;
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  /** Unix ms of the newest append before the last connection; null if there was none. */
  get newest(): number | null {
    return this.#newest;
  }

  /** @throws ForeverframeError FF_LOG_UNAVAILABLE */
  async start(): Promise<void> {
    try {
      await this.#link.start();
    } catch (error) {
      if (error instanceof ForeverframeError) throw error;
      throw new ForeverframeError(
        "FF_LOG_UNAVAILABLE",
        `The log at ${hostOf(this.#options.url)} can't be opened (${reasonOf(error)}): start Redis, or correct --log`,
        { cause: error },
      );
    }
  }

  /** Unix ms by the server's clock, as far as it is known. */
  readonly now = (): number =>
    this.#options.now?.() ?? this.#options.monotonicMs() + this.#clockOffset;

  /**
   * Run a script on the log as it is now.
   *
   * @param channels whose keys it gets
   * @param argv asked for again where the epoch has changed meanwhile
   * @returns its answer
   * @throws ForeverframeError FF_LOG_FULL: nothing was changed; FF_LOG_UNAVAILABLE
   */
  async call(
    script: Script,
    channels: readonly string[],
    argv: () => readonly Argument[],
  ): Promise<readonly Reply[]> {
    const keys = [...this.keys.fixed, ...channels.map(this.keys.channel)];
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const now = String(this.#options.now?.() ?? "");
      const given = [this.#epoch, now, ...argv().map(String)];
      const reply = await this.#run(script, keys, given);
      const word = String(reply[0]);
      if (word !== "EPOCH" && word !== "DAMAGED") return reply;
      await this.#reopen();
    }
    throw unavailable(new Error("The log changes again and again"));
  }

  /**
   * The position in this epoch from which a cursor continues, and whether messages may be missing
   * there because it is of another epoch.
   */
  continueFrom(cursor: Cursor): { readonly after: string; readonly isForeign: boolean } {
    const position = positionOf(cursor);
    const epoch = epochOf(cursor);
    if (epoch === this.#epoch) return { after: position, isForeign: false };
    if (epoch !== this.#before.epoch) return { after: ORIGIN, isForeign: true };
    const { upTo } = this.#before;
    const isSeen = laterPosition(position, upTo) === position;
    return { after: isSeen ? upTo : position, isForeign: true };
  }

  close(): void {
    this.#link.close();
  }

  async #begin(send: Send): Promise<void> {
    this.#server = await inspectRedis(send);
    await this.#open(send);
  }

  /** See {@link OPEN_SOURCE}. */
  async #open(send: Send): Promise<void> {
    const { life, keeping, startedAt } = this.#server as RedisServer;
    const { trustRestart, now } = this.#options;
    const random = randomInt(36 ** 3)
      .toString(36)
      .padStart(3, "0");
    const argv = [
      String(now?.() ?? ""),
      life,
      keeping,
      trustRestart ? "1" : "0",
      String(startedAt),
      this.#epoch,
      random,
    ];
    const { fixed } = this.keys;
    const answer = await send(["EVAL", OPEN_SOURCE, String(fixed.length), ...fixed, ...argv]);
    const texts = (answer as readonly Reply[]).map(String);
    const [word, epoch, before, upTo, time, newest, isLoaded] = texts;
    this.#epoch = epoch ?? "";
    this.#before = { epoch: before ?? "", upTo: upTo ?? ORIGIN };
    this.#noteTime(Number(time));
    this.#newest = Number(newest) || null;
    if (word === "NEW") void this.#sweep();
    // The file may end with a part of a transaction that a crash has cut. Redis ignores that part
    // now, but does not remove it, and would carry it out at its next start, with what follows.
    // https://github.com/valkey-io/valkey/pull/4342
    if (isLoaded === "1" && keeping === "always") send(["BGREWRITEAOF"]).catch(() => {});
  }

  #reopen(): Promise<void> {
    this.#reopening ??= this.#open((command) => this.#link.send(command))
      .catch((error: unknown) => {
        throw unavailable(error);
      })
      .finally(() => {
        this.#reopening = null;
      });
    return this.#reopening;
  }

  async #run(
    script: Script,
    keys: readonly string[],
    argv: readonly string[],
  ): Promise<readonly Reply[]> {
    const rest = [String(keys.length), ...keys, ...argv];
    try {
      let reply: Reply;
      try {
        reply = await this.#link.send(["EVALSHA", script.sha, ...rest]);
      } catch (error) {
        if (!isReplyOf(error, "NOSCRIPT")) throw error;
        reply = await this.#link.send(["EVAL", script.source, ...rest]);
      }
      const answer = reply as readonly Reply[];
      if (script.tellsTime) this.#noteTime(Number(String(answer[1])));
      return answer;
    } catch (error) {
      // It was the master when the connection was made.
      if (isReplyOf(error, "READONLY")) this.#link.renew(error);
      throw unavailable(error);
    }
  }

  #noteTime(unixMs: number): void {
    if (Number.isFinite(unixMs)) this.#clockOffset = unixMs - this.#options.monotonicMs();
  }

  /** Remove lists of channels that nothing refers to, which a log that was lost has left. */
  async #sweep(): Promise<void> {
    const { channels } = this.keys;
    try {
      for (let cursor = "0", isFirst = true; isFirst || cursor !== "0"; isFirst = false) {
        const scan = ["SCAN", cursor, "MATCH", `${channels}*`, "COUNT", String(SWEPT_AT_ONCE)];
        const [next, found] = (await this.#link.send(scan)) as readonly [Reply, readonly Reply[]];
        cursor = String(next);
        const names = found.map((key) => String(key).slice(channels.length));
        if (names.length > 0) await this.call(SWEEP, names, () => names);
      }
    } catch {
      // It is memory only; the next epoch tries again.
    }
  }
}

/** Whether an error is an answer of Redis that begins with this word. */
function isReplyOf(error: unknown, word: string): boolean {
  return error instanceof Error && error.message.startsWith(word);
}

/** What callers hear of trouble. Its cause is for the server's own log only. */
function unavailable(error: unknown): ForeverframeError {
  if (error instanceof ForeverframeError) return error;
  const options = { cause: error };
  if (isReplyOf(error, "OOM")) {
    return new ForeverframeError(
      "FF_LOG_FULL",
      "The memory of Redis is full, and nothing was stored: raise its maxmemory, delete a channel, or keep less with --retain-messages",
      options,
    );
  }
  if (error instanceof LinkDownError) {
    return new ForeverframeError(
      "FF_LOG_UNAVAILABLE",
      "The log can't be reached now, and nothing was stored: try again soon",
      options,
    );
  }
  if (isReplyOf(error, "WRONGTYPE")) {
    return new ForeverframeError(
      "FF_LOG_UNAVAILABLE",
      "A key of the log in Redis has a value of another type: remove what another program has put there, or use another --redis-prefix",
      options,
    );
  }
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    "The log can't do this now, and the message may not be stored: try again, with the same Idempotency-Key if there was one",
    options,
  );
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "Redis";
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || String(error) : String(error);
}
