import { ForeverframeError } from "../../errors.ts";
import { isReplyOf } from "../../redis/redis-client.ts";
import { LinkDownError } from "../../redis/redis-link.ts";
import { formatAddresses, type RedisTarget } from "../../redis/redis-url.ts";

/** The log can't be opened at the start. */
export function cannotOpen(target: RedisTarget, error: unknown): ForeverframeError {
  if (error instanceof ForeverframeError) return error;
  const reason = error instanceof Error ? error.message || String(error) : String(error);
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    `The log at ${formatAddresses(target)} can't be opened (${reason}): start Redis, or correct --log`,
    { cause: error },
  );
}

/** What callers hear of trouble. Its cause is for the server's own log only. */
export function logUnavailable(error: unknown): ForeverframeError {
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

/** A write that a failover may take back. */
export function tooFewReplicas(replicas: number, ms: number): ForeverframeError {
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    `Too few replicas of Redis confirmed the write within ${ms} ms (--redis-wait ${replicas}), so it may be stored or lost: start the replicas, and repeat it with the same Idempotency-Key if there was one`,
  );
}
