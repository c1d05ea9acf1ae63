import { randomInt } from "node:crypto";
import { type Cursor, epochOf, laterPosition, ORIGIN, positionOf } from "../../core/cursor.ts";
import type { ForeverframeError } from "../../errors.ts";
import { isReplyOf, type Reply, type Send } from "../../redis/redis-client.ts";
import { RedisLink, RefusedRedis } from "../../redis/redis-link.ts";
import type { RedisTarget } from "../../redis/redis-url.ts";
import type { Script } from "./lua.ts";
import { OPEN_SOURCE } from "./open-script.ts";
import { cannotOpen, logUnavailable } from "./redis-errors.ts";
import { createRedisKeys, type RedisKeys } from "./redis-keys.ts";
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
  readonly target: RedisTarget;
  /** What the names of keys begin with, in braces. */
  readonly prefix: string;
  /** Believe that a Redis that was started again has lost nothing. */
  readonly trustRestart: boolean;
  /** Messages are shown when this many replicas have them. */
  readonly wait: number;
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
  /** The furthest position of this epoch up to which messages were shown here. */
  #shown = "";
  #reopening: Promise<void> | null = null;
  /** How far the server's clock is ahead of the monotonic one, in ms. */
  #clockOffset = 0;
  #newest: number | null = null;

  constructor(options: RedisSessionOptions) {
    this.#options = options;
    this.keys = createRedisKeys(options.prefix);
    this.#link = this.createLink(
      (send, server) => this.#begin(send, server),
      (error) => options.onDown(logUnavailable(error)),
    );
  }

  /** Rises when Redis may have lost messages. */
  get epoch(): string {
    return this.#epoch;
  }

  /** The `life` of the Redis to which there is a connection, or was: see `RedisServer`. */
  get life(): string {
    return this.#server?.life ?? "";
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
      throw cannotOpen(this.#options.target, error);
    }
  }

  /** Make another connection to the same log. */
  createLink(
    onConnected: (send: Send, server: RedisServer) => Promise<void>,
    onDown: (error: unknown) => void,
  ): RedisLink {
    const { target } = this.#options;
    return new RedisLink({
      target,
      key: this.keys.fixed[0] as string,
      onConnected: async (send) => onConnected(send, await inspectRedis(send, target)),
      onDown,
    });
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
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const reply = await this.callOn(this.#link, this.#epoch, script, channels, argv());
      if (reply !== null) return reply;
      await this.reopen();
    }
    throw logUnavailable(new Error("The log changes again and again"));
  }

  /**
   * Run a script on a connection of {@link createLink}.
   *
   * @returns null where the log is not in this epoch any more, or has to be opened anew
   * @throws as {@link call} does
   */
  async callOn(
    link: RedisLink,
    epoch: string,
    script: Script,
    channels: readonly string[],
    argv: readonly Argument[],
  ): Promise<readonly Reply[] | null> {
    const keys = [...this.keys.fixed, ...channels.map(this.keys.channel)];
    const { now, wait } = this.#options;
    const given = [epoch, now?.() ?? "", wait > 0 ? 1 : 0, ...argv];
    const rest = [String(keys.length), ...keys, ...given.map(String)];
    try {
      const reply = await runScript(link, script, rest);
      const word = String(reply[0]);
      if (word === "EPOCH" || word === "DAMAGED") return null;
      if (script.tellsTime) this.#noteTime(Number(String(reply[1])));
      if (script.tellsShown && epoch === this.#epoch)
        this.#shown = laterPosition(this.#shown, String(reply[2]));
      return reply;
    } catch (error) {
      throw logUnavailable(error);
    }
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

  /** Find out in which epoch the log is now. */
  reopen(): Promise<void> {
    this.#reopening ??= this.#open((command) => this.#link.send(command))
      .catch((error: unknown) => {
        throw logUnavailable(error);
      })
      .finally(() => {
        this.#reopening = null;
      });
    return this.#reopening;
  }

  async #begin(send: Send, server: RedisServer): Promise<void> {
    this.#server = server;
    await this.#open(send);
  }

  /** See {@link OPEN_SOURCE}. */
  async #open(send: Send): Promise<void> {
    const { life, keeping, startedAt } = this.#server as RedisServer;
    const { trustRestart, now, wait } = this.#options;
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
      String(wait),
      this.#shown,
    ];
    const { fixed } = this.keys;
    const answer = await send(["EVAL", OPEN_SOURCE, String(fixed.length), ...fixed, ...argv]);
    const texts = (answer as readonly Reply[]).map(String);
    const [word, epoch, before, upTo, time, newest, shown, isLoaded] = texts;
    if (word === "WAITS") throw waitsOtherwise(Number(epoch), wait);
    this.#epoch = epoch ?? "";
    this.#before = { epoch: before ?? "", upTo: upTo ?? ORIGIN };
    this.#shown = shown ?? "";
    this.#noteTime(Number(time));
    this.#newest = Number(newest) || null;
    if (word === "NEW") void this.#sweep();
    // The file may end with a part of a transaction that a crash has cut. Redis ignores that part
    // now, but does not remove it, and would carry it out at its next start, with what follows.
    // https://github.com/valkey-io/valkey/pull/4342
    if (isLoaded === "1" && keeping === "always") send(["BGREWRITEAOF"]).catch(() => {});
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

/** Run a script, whether the server has it loaded or not. */
async function runScript(
  link: RedisLink,
  { sha, source }: Script,
  rest: readonly string[],
): Promise<readonly Reply[]> {
  let reply: Reply;
  try {
    reply = await link.send(["EVALSHA", sha, ...rest]);
  } catch (error) {
    if (!isReplyOf(error, "NOSCRIPT")) throw error;
    reply = await link.send(["EVAL", source, ...rest]);
  }
  return reply as readonly Reply[];
}

function waitsOtherwise(others: number, own: number): RefusedRedis {
  return new RefusedRedis(
    `Another server on this log has --redis-wait ${others}, and this one ${own}, so one would show what the other can still lose: give all the same, or stop all and wait 15 s`,
  );
}
