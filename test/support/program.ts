import { type ChildProcess, spawn } from "node:child_process";
import { eventually, within } from "./within.ts";

const running = new Set<Program>();

/** A program that runs as a process of its own until it is stopped. */
export class Program {
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | NodeJS.Signals | null>;
  /** Everything that it printed so far, in the order in which it came. */
  output = "";
  hasEnded = false;

  /** @param environment added to this process's own */
  constructor(
    command: string,
    args: readonly string[],
    directory: string,
    environment: Readonly<Record<string, string>> = {},
  ) {
    const env = { ...process.env, ...environment };
    this.#child = spawn(command, args, { cwd: directory, env });
    running.add(this);
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output?.on("data", (data) => {
        this.output += data;
      });
    }
    this.#exit = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code, signal) => {
        running.delete(this);
        this.hasEnded = true;
        resolve(code ?? signal);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Wait until it has printed something. @returns the match */
  async untilPrinted(pattern: RegExp, ms = 15_000): Promise<RegExpExecArray> {
    const look = () => pattern.exec(this.output) ?? this.#child.exitCode !== null;
    const found = await eventually(ms, look, `${pattern} in what the program prints`);
    if (found !== true) return found;
    throw new Error(`it ended, and printed no ${pattern}:\n${this.output}`);
  }

  /** Ask it to end. @returns its exit code, or the signal that ended it */
  stop(signal: NodeJS.Signals = "SIGTERM", ms = 10_000): Promise<number | NodeJS.Signals | null> {
    this.#child.kill(signal);
    return within(ms, this.#exit, `the end of a program that printed:\n${this.output}`);
  }
}

/** End every program that is still running, for `afterEach`. */
export async function killPrograms(): Promise<void> {
  await Promise.all([...running].map((program) => program.stop("SIGKILL")));
}
