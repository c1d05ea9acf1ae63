import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

/** The built server in a process of its own, with a durable log in a temporary directory. */
export interface BuiltServer {
  readonly url: string;
  readonly port: number;
  /**
   * Memory that is the process's own, in MiB: without the mapped file of the log, which the kernel
   * may drop.
   */
  anonymousMib(): number;
  stop(): Promise<void>;
}

/** Start the built server with these options of `serve`. @throws when it does not start */
export async function startBuiltServer(args: readonly string[]): Promise<BuiltServer> {
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
