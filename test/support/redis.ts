import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { freePort } from "./free-port.ts";
import { killChild } from "./kill-child.ts";
import { redisPath } from "./needs.mjs";
import { createTemporaryDirectory } from "./temporary-directory.ts";
import { eventually } from "./within.ts";

const running = new Set<ChildProcess>();

/** A Redis that a test has started. */
export interface RedisProcess {
  readonly port: number;
  readonly url: string;
  /** Where it keeps what it keeps. */
  readonly directory: string;
  /** What it has said since it was started first. */
  said(): string;
  /** Send one command, on a connection of its own. */
  command(...words: readonly string[]): Promise<unknown>;
  /** End it; what is not kept on disk is lost. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Send it a signal, such as SIGSTOP. */
  signal(signal: NodeJS.Signals): void;
  /** Start it again, on the same port and directory. */
  start(): Promise<void>;
}

/** Settings with which a Redis answers only what is on its disk. */
export const KEEPS_ALL = ["--appendonly", "yes", "--appendfsync", "always"];

/** Never connected: `createClient` takes 100 ms for each new set of options, a duplicate none. */
const ORIGINAL = createClient();

/** Send one command, on a connection of its own. */
export async function commandAt(url: string, words: readonly string[]): Promise<unknown> {
  const client = ORIGINAL.duplicate({ url, socket: { reconnectStrategy: false } });
  client.on("error", () => {});
  await client.connect();
  try {
    return await client.sendCommand([...words]);
  } finally {
    client.destroy();
  }
}

/** Keep nothing, and give a replica at once what there is. */
const QUICK = ["--save", "", "--repl-diskless-sync-delay", "0"];

/** Start a replica, and wait until it has all. */
export async function startReplica(
  master: { readonly port: number },
  settings: readonly string[] = [],
): Promise<RedisProcess> {
  const replica = await startRedis([
    ...["--replicaof", "127.0.0.1", String(master.port)],
    ...settings,
  ]);
  await eventually(20_000, () => hasInfo(replica, "master_link_status:up"), "the replica");
  return replica;
}

/** Whether a Redis says this line of itself. */
export async function hasInfo(redis: RedisProcess, line: string): Promise<boolean> {
  const info = await redis.command("INFO", "ALL").catch(() => "");
  return String(info).split("\r\n").includes(line);
}

/**
 * Start a Redis on a free port, with a directory of its own. By default it keeps nothing.
 *
 * @param settings as on its command line
 */
export async function startRedis(settings: readonly string[] = []): Promise<RedisProcess> {
  const port = await freePort();
  const directory = createTemporaryDirectory();
  const url = `redis://127.0.0.1:${port}`;
  const log = join(directory, "redis.log");
  let child: ChildProcess;
  const redis: RedisProcess = {
    port,
    url,
    directory,
    said: () => readFileSync(log, "utf8"),
    command: (...words) => commandAt(url, words),
    async stop(signal = "SIGKILL") {
      await killChild(child, signal);
      running.delete(child);
    },
    signal(signal) {
      child.kill(signal);
    },
    async start() {
      const fixed = [
        "--port",
        String(port),
        "--bind",
        "127.0.0.1",
        "--dir",
        directory,
        "--logfile",
        log,
      ];
      child = spawn(
        redisPath() ?? "redis-server",
        [...fixed, ...QUICK, "--enable-debug-command", "local", ...settings],
        { stdio: "ignore" },
      );
      running.add(child);
      child.on("error", () => running.delete(child));
      await eventually(
        10_000,
        () =>
          redis.command("PING").then(
            () => true,
            // It answers, and wants a password.
            (error: unknown) => /NOAUTH/.test(String(error)),
          ),
        "Redis",
      );
    },
  };
  await redis.start();
  return redis;
}

/** Kill each that was started; for `afterEach` or `after`. */
export async function stopRedis(): Promise<void> {
  for (const child of running) await killChild(child);
  running.clear();
}
