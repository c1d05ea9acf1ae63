import type { SelectorSet } from "../../core/channel-name.ts";
import { type Cursor, formatCursor } from "../../core/cursor.ts";
import type {
  AppendOutcome,
  AppendRequest,
  FoundPlaces,
  LogBatch,
  MessageLog,
  PlacesRequest,
  ReadRequest,
} from "../../core/log.ts";
import { RateLimit } from "../../core/rate-limit.ts";
import type { KeptRevocation, Revocation, RevocationKind } from "../../core/revocation.ts";
import { SteadyClock } from "../../core/steady-clock.ts";
import type { ChannelSummary } from "../../core/summaries.ts";
import { ForeverframeError } from "../../errors.ts";
import type { Reply } from "../../redis/redis-client.ts";
import { parseRedisUrl } from "../../redis/redis-url.ts";
import { closedError, revocationsFull } from "../log-errors.ts";
import { LogHealth } from "../log-health.ts";
import { LogSizeError } from "../table-append.ts";
import { shareOf, type TableLogOptions } from "../table-log.ts";
import { MAX_REVOCATIONS } from "../table-revoke.ts";
import { CHANNELS, PROBE, TIP } from "./read-scripts.ts";
import { appendToRedis } from "./redis-append.ts";
import { RedisCommits } from "./redis-commits.ts";
import { cannotOpen } from "./redis-errors.ts";
import { findPlacesInRedis } from "./redis-places.ts";
import { findBeforeLast, readFromRedis, strangeError } from "./redis-reads.ts";
import { RedisSession } from "./redis-session.ts";
import { REMOVALS_PER_CALL, trimRedis, type Write } from "./redis-trim.ts";
import { DELETE, REVOCATIONS, REVOKE } from "./upkeep-scripts.ts";

/** In trouble, Redis is asked at most this often whether it takes writes, in ms. */
const PROBE_EVERY_MS = 1_000;

/** What the log in Redis needs beside what other logs do. */
export interface RedisLogOptions extends TableLogOptions {
  /** See `parseRedisUrl`. */
  readonly url: string;
  /** What the names of its keys begin with, without braces. */
  readonly prefix: string;
  /** Believe that a Redis that was started again has lost nothing. */
  readonly trustRestart: boolean;
  /**
   * How many replicas must have a write before it is answered and shown. All processes that have
   * the log open must agree on it.
   */
  readonly wait: number;
  /** Whose clock dates messages: `own` is `now`, for tests. */
  readonly clock: "server" | "own";
}

/**
 * Open the log in a Redis, which any number of processes may have open.
 *
 * @throws ForeverframeError FF_LOG_UNAVAILABLE
 */
export async function openRedisLog(options: RedisLogOptions): Promise<MessageLog> {
  const { url, wait: replicas } = options;
  const target = parseRedisUrl(url);
  if (target === null)
    throw new ForeverframeError(
      "FF_CONFIG_INVALID",
      "The log's URL is not one of a Redis: docs/redis.md shows some",
    );
  const health = new LogHealth(options);
  const onDown = (error: ForeverframeError) => health.failed(error);
  const now = options.clock === "own" ? options.now : null;
  const session = new RedisSession({ ...options, target, now, onDown });
  await session.start();
  const commits = replicas > 0 ? new RedisCommits({ session, replicas, onShort: onDown }) : null;
  try {
    await commits?.start();
  } catch (error) {
    session.close();
    throw cannotOpen(target, error);
  }
  return new RedisLog(session, commits, health, options);
}

/** A {@link MessageLog} whose every step is one script in Redis. */
class RedisLog implements MessageLog {
  // Redis may be a network away.
  readonly capabilities = { durable: true, shared: true, readsAtOnce: 8 };
  readonly #session: RedisSession;
  /** Null where no replicas are awaited. */
  readonly #commits: RedisCommits | null;
  readonly #health: LogHealth;
  readonly #options: RedisLogOptions;
  readonly #steady: SteadyClock;
  readonly #ownKeys: RateLimit;
  readonly #pending = new Set<Promise<unknown>>();
  /** Monotonic ms of the last look whether trouble has ended. */
  #probedAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(
    session: RedisSession,
    commits: RedisCommits | null,
    health: LogHealth,
    options: RedisLogOptions,
  ) {
    const { monotonicMs } = options;
    this.#session = session;
    this.#commits = commits;
    this.#health = health;
    this.#options = options;
    this.#steady = new SteadyClock({ now: session.now, monotonicMs, newest: session.newest });
    this.#ownKeys = new RateLimit(shareOf(options), monotonicMs);
  }

  get epoch(): string {
    return this.#session.epoch;
  }

  async append(request: AppendRequest): Promise<readonly Cursor[]> {
    const outcome = await this.#write(async () => {
      const appended = await appendToRedis(this.#session, request, {
        ...this.#options,
        rules: this.#options.retention,
        steady: this.#steady,
        ownKeys: this.#ownKeys,
      });
      // A repeat, too: the first call may still wait.
      if (!(appended instanceof ForeverframeError)) await this.#commits?.settle();
      return appended;
    });
    if (outcome instanceof LogSizeError) this.#health.refused(outcome, outcome.bytes);
    if (outcome instanceof ForeverframeError) throw outcome;
    return outcome;
  }

  appendEach(requests: readonly AppendRequest[]): Promise<readonly AppendOutcome[]> {
    // Each is a step of Redis; they are sent in one piece, in their order.
    return Promise.all(
      requests.map((request) =>
        this.append(request).catch((error: unknown) => {
          if (error instanceof ForeverframeError) return error;
          throw error;
        }),
      ),
    );
  }

  async read(request: ReadRequest): Promise<LogBatch> {
    if (this.#closed) throw closedError();
    return readFromRedis(this.#session, request);
  }

  async tip(): Promise<Cursor> {
    if (this.#closed) throw closedError();
    const [, , position] = await this.#session.call(TIP, [], () => []);
    return formatCursor(this.epoch, String(position));
  }

  async beforeLast(
    selectors: SelectorSet,
    count: number,
    upTo: Cursor,
    isGone: () => boolean,
  ): Promise<Cursor> {
    if (this.#closed) throw closedError();
    return findBeforeLast(this.#session, selectors, count, upTo, isGone);
  }

  async findPlaces(
    requests: readonly PlacesRequest[],
    isGone: () => boolean,
  ): Promise<readonly FoundPlaces[]> {
    if (this.#closed) throw closedError();
    return findPlacesInRedis(this.#session, requests, isGone);
  }

  async channels(after: string, limit: number): Promise<readonly ChannelSummary[]> {
    if (this.#closed) throw closedError();
    const [, found] = await this.#session.call(CHANNELS, [], () => [after, limit]);
    const texts = (found as readonly Reply[]).map(String);
    const summaries: ChannelSummary[] = [];
    for (let i = 0; i < texts.length; i += 3) {
      const [channel = "", messages, last = ""] = texts.slice(i, i + 3);
      summaries.push({
        channel,
        messages: Number(messages),
        last: formatCursor(this.epoch, last),
      });
    }
    return summaries;
  }

  async deleteChannel(channel: string): Promise<number> {
    if (this.#closed) throw closedError();
    const [, , , , newest] = await this.#session.call(TIP, [], () => []);
    const argv = [channel, String(newest), REMOVALS_PER_CALL];
    for (let total = 0; ; ) {
      const [word, answer] = await this.#write(async () => {
        const reply = await this.#session.call(DELETE, [channel], () => argv);
        if (Number(reply[1]) < REMOVALS_PER_CALL) await this.#commits?.settle();
        return reply;
      });
      if (String(word) === "STRANGE") throw strangeError(channel);
      const removed = Number(answer);
      total += removed;
      if (removed < REMOVALS_PER_CALL) return total;
    }
  }

  async revoke({ kind, value, before, until }: Revocation): Promise<void> {
    const json = JSON.stringify([0, kind, value, before, until]);
    const { maxRevocations = MAX_REVOCATIONS } = this.#options;
    const [word] = await this.#write(async () => {
      const reply = await this.#session.call(REVOKE, [], () => [json, maxRevocations]);
      await this.#commits?.settle();
      return reply;
    });
    if (String(word) === "FULL") throw revocationsFull(maxRevocations);
  }

  async revocations(after: number, limit: number): Promise<readonly KeptRevocation[]> {
    if (this.#closed) throw closedError();
    const [, found] = await this.#session.call(REVOCATIONS, [], () => [after, limit]);
    return (found as readonly Reply[]).map((json) => {
      const [number, kind, value, before, until] = JSON.parse(String(json));
      return { number, kind: kind as RevocationKind, value, before, until };
    });
  }

  async trim(): Promise<boolean> {
    if (this.#closed) return false;
    await this.#look();
    const write: Write = (run) => this.#write(run);
    return trimRedis(this.#session, this.#options.retention, this.#steady, write);
  }

  async health(): Promise<ForeverframeError | null> {
    if (this.#closed) return closedError();
    await this.#look();
    return this.#health.trouble;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.allSettled(this.#pending);
    await this.#commits?.close();
    this.#session.close();
  }

  /** Look whether appends would work, where that is in doubt: at most once a second. */
  async #look(): Promise<void> {
    if (this.#health.trouble === null || !this.#session.isUp) return;
    if (this.#commits?.isShort === true) return; // which tells the log's health by itself
    const { monotonicMs, maxLogBytes } = this.#options;
    try {
      const [, , , bytes] = await this.#session.call(TIP, [], () => []);
      this.#health.hasRoomFor(maxLogBytes - Number(String(bytes)));
      const now = monotonicMs();
      if (this.#health.trouble === null || now - this.#probedAt < PROBE_EVERY_MS) return;
      this.#probedAt = now;
      await this.#write(() => this.#session.call(PROBE, [], () => []));
    } catch {
      // The log's health tells it.
    }
  }

  async #write<T>(run: () => Promise<T>): Promise<T> {
    if (this.#closed) throw closedError();
    const running = run();
    this.#pending.add(running);
    try {
      const result = await running;
      if (!(result instanceof ForeverframeError)) this.#health.succeeded();
      return result;
    } catch (error) {
      if (!(error instanceof ForeverframeError)) throw error;
      this.#health.failed(error);
      // The cause is told once, when trouble begins, and not to every caller that meets it.
      throw new ForeverframeError(error.code, error.message);
    } finally {
      this.#pending.delete(running);
    }
  }
}
