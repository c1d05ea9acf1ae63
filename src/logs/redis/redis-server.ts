import type { Reply, Send } from "../../redis/redis-client.ts";
import { RefusedRedis } from "../../redis/redis-link.ts";
import { formatAddresses, type RedisTarget } from "../../redis/redis-url.ts";

/** The oldest Redis whose commands the scripts can use, and that the tests run on. */
const OLDEST = 7;

/** What a Redis says of itself. */
export interface RedisServer {
  /** Its name since it was started. */
  readonly life: string;
  /** Unix ms at which it was started. */
  readonly startedAt: number;
  /** `always` if what it has answered survives its crash; `other` where that is not certain. */
  readonly keeping: "always" | "other";
}

/**
 * Ask a Redis what it is.
 *
 * @throws RefusedRedis: it can't have the log as it is; the sentence says the remedy. Another error
 *   if it can't say yet
 */
export async function inspectRedis(send: Send, target: RedisTarget): Promise<RedisServer> {
  const info = parseInfo(await send(["INFO"]));
  const of = (name: string) => info.get(name) ?? "";
  // Until it has read its append-only file, it says that it has none.
  if (of("loading") === "1" || of("async_loading") === "1")
    throw new Error("Redis is loading what it has kept");
  const version = of("redis_version");
  if (!(Number.parseInt(version, 10) >= OLDEST)) {
    throw new RefusedRedis(
      `Redis is version "${version.slice(0, 20)}": use ${OLDEST}.0 or newer for the log`,
    );
  }
  const policy = of("maxmemory_policy");
  if (policy !== "noeviction") {
    throw new RefusedRedis(
      `Redis has maxmemory-policy "${policy.slice(0, 30)}", so it may remove messages that were answered 201: set it to noeviction, or use another Redis for the log`,
    );
  }
  if (of("cluster_enabled") === "1" && target.kind !== "cluster") {
    throw new RefusedRedis(
      `Redis is part of a cluster, in which another node may have the log: write --log redis-cluster://${formatAddresses(target)}`,
    );
  }
  if (of("role") !== "master") {
    // What the sentinels or the cluster say is settled soon.
    if (target.kind !== "single") throw new Error("Redis has just become a replica");
    throw new RefusedRedis(
      "Redis is a replica, which takes no messages: give the address of its master",
    );
  }
  const isAlways = of("aof_enabled") === "1" && (await readFsync(send)) === "always";
  return {
    life: of("run_id"),
    startedAt: Number(of("server_time_usec")) / 1_000 - 1_000 * Number(of("uptime_in_seconds")),
    // A replica that takes its place may lack the last messages.
    keeping: isAlways && of("connected_slaves") === "0" ? "always" : "other",
  };
}

/** `appendfsync`; empty where Redis does not say, as some providers forbid the question. */
async function readFsync(send: Send): Promise<string> {
  try {
    const reply = await send(["CONFIG", "GET", "appendfsync"]);
    return Array.isArray(reply) ? String(reply[1]) : "";
  } catch {
    return "";
  }
}

function parseInfo(reply: Reply): ReadonlyMap<string, string> {
  const lines = String(reply).split("\r\n");
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
}
