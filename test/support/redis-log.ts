import { parseSelectors } from "../../src/core/channel-name.ts";
import type { Cursor } from "../../src/core/cursor.ts";
import { type LogBatch, type MessageLog, originOf } from "../../src/core/log.ts";
import { openRedisLog, type RedisLogOptions } from "../../src/logs/redis/redis-log.ts";
import { ChangingRules } from "./changing-rules.ts";
import { newMessage } from "./messages.ts";
import { eventually, within } from "./within.ts";

const opened: MessageLog[] = [];

/** Open a log in a Redis as a server does, without limits. */
export async function openLogAt(
  url: string,
  more: Partial<RedisLogOptions> = {},
): Promise<MessageLog> {
  const log = await openRedisLog({
    url,
    prefix: "ff:",
    trustRestart: false,
    wait: 0,
    clock: "server",
    now: Date.now,
    monotonicMs: () => performance.now(),
    retention: new ChangingRules(),
    maxIdempotencyKeys: 100,
    maxChannels: 5_000,
    maxLogBytes: Number.POSITIVE_INFINITY,
    ...more,
  });
  opened.push(log);
  return log;
}

/** Close each that was opened; for `afterEach`. */
export async function closeLogs(): Promise<void> {
  await Promise.all(opened.splice(0).map((log) => log.close()));
}

/** Append one message. @param data escaped JSON text */
export async function append(
  log: MessageLog,
  channel: string,
  data: string,
  key?: string,
): Promise<Cursor> {
  const idempotency = key === undefined ? undefined : { key };
  const [id] = await log.append({ messages: [newMessage(channel, data)], idempotency });
  return id as Cursor;
}

/** Append one message, again and again until it is taken. */
export function appendAgain(
  log: MessageLog,
  channel: string,
  data: string,
  key?: string,
): Promise<Cursor> {
  const attempt = () => append(log, channel, data, key).catch(() => false as const);
  return eventually(20_000, attempt, "an append");
}

/** Read all that comes after a cursor. */
export function read(
  log: MessageLog,
  channels: string,
  after = originOf(log.epoch),
): Promise<LogBatch> {
  return log.read({
    selectors: parseSelectors(channels),
    after,
    upTo: null,
    maxMessages: 1_000,
    maxBytes: 10_000_000,
  });
}

/** The code with which something fails, or `done`. */
export function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return within(20_000, promise, "an answer").then(
    () => "done",
    (error: unknown) => (error as { code?: unknown }).code,
  );
}
