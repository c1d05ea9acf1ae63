import type { RetentionRules } from "../../core/log.ts";
import type { SteadyClock } from "../../core/steady-clock.ts";
import type { Reply } from "../../redis/redis-client.ts";
import { IDEMPOTENCY_MS } from "../table-trim.ts";
import type { RedisSession } from "./redis-session.ts";
import { FIND_DUE, INDEX_DUE, TRIM } from "./upkeep-scripts.ts";

/** What one call of `trim` does at most: some 10 ms of Redis. */
const DUE_PER_CALL = 200;
export const REMOVALS_PER_CALL = 1_000;
const SWEPT_PER_CALL = 1_000;
const INDEXED_PER_CALL = 200;

/** Messages of one channel that are looked at for the one that falls due first. */
const ENTRIES_PER_CHANNEL = 2_000;

/** Runs what writes, and notes whether it has worked. */
export type Write = <T>(run: () => Promise<T>) => Promise<T>;

/** See `MessageLog.trim`. */
export async function trimRedis(
  session: RedisSession,
  retention: RetentionRules,
  steady: SteadyClock,
  write: Write,
): Promise<boolean> {
  const { fingerprint } = retention;
  const now = Math.floor(steady.now());
  const latest = Math.max(now, Math.floor(session.now())) + IDEMPOTENCY_MS;
  const [, , due, isMore, isIndexed, toIndex] = await session.call(FIND_DUE, [], () => [
    now,
    latest,
    fingerprint,
    DUE_PER_CALL,
    INDEXED_PER_CALL,
  ]);
  const channels = (due as readonly Reply[]).map(String);
  let isDone = channels.length === 0;
  if (!isDone || Number(isMore) === 1) {
    const argv = [
      now,
      latest,
      REMOVALS_PER_CALL,
      SWEPT_PER_CALL,
      ...channels.flatMap((channel) => rulesOf(retention, channel)),
    ];
    const [, went] = await write(() => session.call(TRIM, channels, () => argv));
    isDone &&= Number(went) === 0;
  }
  if (Number(isIndexed) === 1) return !isDone;
  const piece = (toIndex as readonly Reply[]).map(String);
  const last = piece.length < INDEXED_PER_CALL ? "" : (piece.at(-1) ?? "");
  const rules = piece.flatMap((channel) => rulesOf(retention, channel));
  await write(() =>
    session.call(INDEX_DUE, piece, () => [fingerprint, last, now, ENTRIES_PER_CHANNEL, ...rules]),
  );
  return true;
}

function rulesOf(rules: RetentionRules, channel: string): readonly (string | number)[] {
  const { maxMessages, maxAgeMs } = rules.of(channel);
  return [channel, maxMessages, maxAgeMs];
}
