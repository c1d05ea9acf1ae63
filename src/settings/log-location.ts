import type { LogLocation } from "../core/log-location.ts";
import { ForeverframeError, shorten } from "../errors.ts";
import { isRedisScheme, parseRedisUrl } from "../redis/redis-url.ts";
import { type Config, SETTINGS } from "./settings.ts";

/** The settings that say where the log is. */
type LogSettings = Pick<
  Config,
  "log" | "data" | "memory" | "redisPrefix" | "redisTrustRestart" | "redisWait"
>;

const PREFIX = /^[A-Za-z0-9:._-]{1,64}$/;

/**
 * Where the log is, as the configuration says.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID
 */
export function parseLogLocation(settings: LogSettings): LogLocation {
  const { log, data, memory } = settings;
  const location = log === "" ? null : parseLog(settings);
  if (location !== null && memory) {
    throw invalid(
      `--log is "${hidePassword(log)}", and --memory keeps the log in memory: leave one of both out`,
    );
  }
  if (location !== null && data !== SETTINGS.data.default) {
    throw invalid(
      `--log is "${hidePassword(log)}", and --data gives a directory: leave one of both out, or write --log lmdb:${shorten(data)}`,
    );
  }
  checkRedisSettings(settings, location);
  return location ?? (memory ? { kind: "memory" } : { kind: "lmdb", directory: data });
}

/** A location for people, without its password. */
export function formatLogLocation(location: LogLocation): string {
  switch (location.kind) {
    case "memory":
      return "in memory: it ends with this process";
    case "lmdb":
      return `${location.directory} (durable)`;
    case "redis":
      return `${hidePassword(location.url)} (shared)`;
  }
}

function parseLog({
  log,
  redisPrefix: prefix,
  redisTrustRestart: trustRestart,
  redisWait: wait,
}: LogSettings): LogLocation {
  if (log === "memory:") return { kind: "memory" };
  if (/^lmdb:./.test(log)) return { kind: "lmdb", directory: log.slice("lmdb:".length) };
  if (isRedisScheme(log) && parseRedisUrl(log) !== null)
    return { kind: "redis", url: log, prefix, trustRestart, wait };
  throw invalid(
    `--log is "${hidePassword(log)}": write lmdb:./data, memory:, redis://127.0.0.1:6379/0, redis-sentinel://127.0.0.1:26379/mymaster, or redis-cluster://127.0.0.1:7000 (rediss for TLS, redis://user:password@host for a password, with other characters than letters and digits as %XX)`,
  );
}

function checkRedisSettings(
  { redisPrefix, redisTrustRestart, redisWait }: LogSettings,
  location: LogLocation | null,
): void {
  if (!PREFIX.test(redisPrefix)) {
    throw invalid(
      `--redis-prefix is "${shorten(redisPrefix)}": use 1 to 64 letters, digits, and : . _ -`,
    );
  }
  if (location?.kind === "redis") return;
  if (redisTrustRestart || redisWait > 0 || redisPrefix !== SETTINGS.redisPrefix.default) {
    throw invalid(
      "--redis-prefix, --redis-trust-restart and --redis-wait are about a log in Redis: add --log redis://127.0.0.1:6379, or leave them out",
    );
  }
}

function hidePassword(log: string): string {
  return shorten(log.replace(/:\/\/.*@/s, "://***@"));
}

function invalid(message: string): ForeverframeError {
  return new ForeverframeError("FF_CONFIG_INVALID", message);
}
