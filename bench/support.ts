import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));

/** A server of its own process, with a durable log in a temporary directory. */
export interface BenchServer {
  readonly url: string;
  readonly port: number;
  /** Memory that is the process's own, in MiB: without the mapped file of the log, which the kernel may drop. */
  anonymousMib(): number;
  stop(): Promise<void>;
}

/** Start the built server. */
export async function startBenchServer(args: readonly string[]): Promise<BenchServer> {
  const data = mkdtempSync(join(tmpdir(), "foreverframe-bench-"));
  const child = spawn(process.execPath, [CLI, "serve", "--port", "0", "--data", data, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await addressOf(child);
  return {
    url,
    port: Number(new URL(url).port),
    anonymousMib() {
      const rollup = readFileSync(`/proc/${child.pid}/smaps_rollup`, "utf8");
      return Number(/^Anonymous: +(\d+)/m.exec(rollup)?.[1]) / 1_024;
    },
    async stop() {
      const ended = new Promise((resolve) => child.once("close", resolve));
      child.kill("SIGKILL");
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

function addressOf({ stdout }: ChildProcess): Promise<string> {
  let said = "";
  return new Promise((resolve, reject) => {
    stdout?.on("data", (text) => {
      said += text;
      const url = /serves at (\S+)/.exec(said)?.[1];
      if (url !== undefined) resolve(url);
    });
    stdout?.once("close", () => reject(new Error("the server did not start")));
  });
}

/** Open a display frame's stream and leave its bytes to the caller. */
export function openStream(port: number, query: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => {
      socket.write(`GET /stream?${query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}

/** Publish one body, and return how long the answer took, in ms. */
export async function publish(
  url: string,
  channel: string,
  body: string,
  type: string,
): Promise<number> {
  const started = performance.now();
  const response = await fetch(`${url}/channels/${channel}/messages`, {
    method: "POST",
    headers: { "Content-Type": type },
    body,
  });
  if (response.status !== 201) throw new Error(`publish answered ${response.status}`);
  await response.arrayBuffer();
  return performance.now() - started;
}

/** The value that so large a part of the values does not exceed. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN;
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
