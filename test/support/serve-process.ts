import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { eventually } from "./within.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const children = new Set<ChildProcess>();

/** How a run of the command line ended. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command line as a process of its own. */
export class CliProcess {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  hasEnded = false;
  readonly outcome: Promise<Outcome>;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [CLI, ...args], {
      env: { ...process.env, ...environment },
    });
    children.add(this.child);
    this.child.stdout?.on("data", (data) => {
      this.stdout += data;
    });
    this.child.stderr?.on("data", (data) => {
      this.stderr += data;
    });
    this.outcome = new Promise((resolve) => {
      this.child.on("close", (code, signal) => {
        children.delete(this.child);
        this.hasEnded = true;
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

/** Start `foreverframe serve` on a free port, and wait until it listens. */
export async function startServeProcess(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly process: CliProcess; readonly url: string }> {
  const started = new CliProcess(["serve", "--port", "0", ...args], environment);
  const said = () => `it said: ${started.stdout}${started.stderr}`;
  const url = await eventually(
    30_000,
    () => {
      if (started.hasEnded) throw new Error(`the server ended before it served; ${said()}`);
      return /serves at (\S+)/.exec(started.stdout)?.[1];
    },
    () => `the server's address; ${said()}`,
  ).catch((error: unknown) => {
    // Nobody else could: it would take the time of what runs after this.
    started.kill("SIGKILL");
    throw error;
  });
  return { process: started, url };
}

/** Processes that a process has started. */
export function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .split(" ")
    .filter((child) => child !== "")
    .map(Number);
}

/** Kill every process that is left; for `afterEach`. */
export function killProcesses(): void {
  for (const child of children) child.kill("SIGKILL");
}
