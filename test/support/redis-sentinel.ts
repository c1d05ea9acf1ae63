import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { killChild } from "./kill-child.ts";
import { redisPath } from "./needs.mjs";
import { commandAt, hasInfo, type RedisProcess, startRedis, startReplica } from "./redis.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";
import { eventually } from "./within.ts";

/** By their ports. */
const running = new Map<number, ChildProcess>();

/** Sentinels, and the Redis servers that they watch. */
export interface SentinelGroup {
  /** For `--log`. */
  readonly url: string;
  readonly master: RedisProcess;
  readonly replicas: readonly RedisProcess[];
  /** Wait until sentinels have made a replica the master. */
  untilFailover(): Promise<RedisProcess>;
}

/**
 * Start a master, two replicas and three sentinels, which take three seconds to see that the
 * master has gone: a busy machine is no failure.
 *
 * @param replicate by which port replicas reach the master
 */
export async function startSentinels(
  settings: readonly string[] = [],
  replicate?: (master: RedisProcess) => Promise<number>,
): Promise<SentinelGroup> {
  const master = await startRedis(settings);
  const port = (await replicate?.(master)) ?? master.port;
  const replicas = await Promise.all([1, 2].map(() => startReplica({ port }, settings)));
  const ports = [
    await startSentinel(master),
    await startSentinel(master),
    await startSentinel(master),
  ];
  const url = `redis-sentinel://${ports.map((each) => `127.0.0.1:${each}`).join(",")}/mymaster`;
  const knowsAll = (each: number) => async () => {
    const sentinel = await info(each);
    return /slaves=2,sentinels=3/.test(sentinel);
  };
  for (const each of ports) await eventually(20_000, knowsAll(each), "the sentinel's knowledge");
  return {
    url,
    master,
    replicas,
    async untilFailover() {
      const promoted = async () => {
        for (const replica of replicas) if (await hasInfo(replica, "role:master")) return replica;
        return false;
      };
      const next = await eventually(30_000, promoted, "the failover");
      const knows = (each: number) => async () => (await info(each)).includes(`:${next.port},`);
      for (const each of ports) await eventually(30_000, knows(each), "the sentinels' agreement");
      return next;
    },
  };
}

/** Kill each that was started; for `afterEach`. */
export async function stopSentinels(): Promise<void> {
  for (const child of running.values()) await killChild(child);
  running.clear();
}

/** Let one hang. */
export function pauseSentinel(port: number): void {
  running.get(port)?.kill("SIGSTOP");
}

/**
 * Start a sentinel.
 *
 * @param more lines of its configuration
 * @returns its port
 */
export async function startSentinel(
  master: RedisProcess,
  more: readonly string[] = [],
): Promise<number> {
  const port = await freePort();
  const directory = createTemporaryDirectory();
  const file = join(directory, "sentinel.conf");
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${directory}`,
    `sentinel monitor mymaster 127.0.0.1 ${master.port} 2`,
    "sentinel down-after-milliseconds mymaster 3000",
    "sentinel failover-timeout mymaster 20000",
    "sentinel parallel-syncs mymaster 2",
    ...more,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  const child = spawn(redisPath() ?? "redis-server", [file, "--sentinel"], { stdio: "ignore" });
  running.set(port, child);
  child.on("error", () => running.delete(port));
  const answers = () =>
    info(port).then(
      () => true,
      (error: unknown) => /NOAUTH/.test(String(error)),
    );
  await eventually(10_000, answers, "a sentinel");
  return port;
}

async function info(port: number): Promise<string> {
  return String(await commandAt(`redis://127.0.0.1:${port}`, ["INFO", "SENTINEL"]));
}
