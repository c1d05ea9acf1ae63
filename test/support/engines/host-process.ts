import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { killTree } from "../process-group.ts";
import { within } from "../within.ts";
import { ToldDriver } from "./told-driver.ts";

/** Longest until an engine has started, and until it has done what it was told, in ms. */
const START_MS = 60_000;
const ANSWER_MS = 30_000;

/** What an engine printed is kept up to so many lines, for the error when it ends. */
const MAX_LINES = 40;

/**
 * A small program around an engine that has no way of its own to be driven. It reads a command a
 * line, `NUMBER NAME ARGUMENT`, and prints a line for each, `@NUMBER done VALUE` or `@NUMBER failed
 * WHY`. What happens by itself it prints as `@0 NAME VALUE`: `ready`, `error` for what a script
 * threw, `busy` and `idle`. What may be any text is percent-encoded UTF-8. Other lines are for
 * people.
 */
export class HostProcess extends ToldDriver {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (word: string, value: string) => void>();
  readonly #errors: string[] = [];
  readonly #lines: string[] = [];
  #number = 0;
  #isBusy: boolean | null = null;

  /** Start one, and wait until it is ready. */
  static async start(
    command: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Promise<HostProcess> {
    const host = new HostProcess(command, args, environment);
    try {
      await within(START_MS, host.#answer(0), command);
      return host;
    } catch (error) {
      await host.end();
      throw error;
    }
  }

  private constructor(
    command: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
  ) {
    super();
    this.#child = spawn(command, args, { env: { ...process.env, ...environment } });
    for (const output of [this.#child.stdout, this.#child.stderr])
      if (output) createInterface({ input: output }).on("line", (line) => this.#read(line));
    // It may end while it is written to.
    this.#child.stdin?.on("error", () => {});
    for (const event of ["error", "exit"])
      this.#child.on(event, () => {
        for (const answer of this.#waiting.values())
          answer("failed", `${command} has ended:\n${this.#lines.join("\n")}`);
      });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async errors(): Promise<readonly string[]> {
    const more = await this.tell("errors");
    return more === "" ? this.#errors : [...this.#errors, more];
  }

  async isBusy(): Promise<boolean | null> {
    return this.#isBusy;
  }

  async end(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const ended = once(this.#child, "exit");
    killTree(pid);
    await ended;
  }

  protected tell(name: string, argument = ""): Promise<string> {
    const number = ++this.#number;
    const answer = this.#answer(number);
    this.#child.stdin?.write(`${number} ${name} ${encodeURIComponent(argument)}\n`);
    return within(ANSWER_MS, answer, `an answer to ${name}`);
  }

  #answer(number: number): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, (word, value) => {
        this.#waiting.delete(number);
        if (word === "failed") reject(new Error(value));
        else resolve(value);
      });
    });
  }

  #read(line: string): void {
    const [, number, word = "", encoded = ""] = /^@(\d+) (\w+) ?(.*)$/.exec(line) ?? [];
    const value = decodeURIComponent(encoded);
    if (number === undefined) this.#lines.splice(0, this.#lines.length - MAX_LINES, line);
    else if (word === "error") this.#errors.push(value);
    else if (word === "busy" || word === "idle") this.#isBusy = word === "busy";
    else this.#waiting.get(Number(number))?.(word, value);
  }
}
