import { type ChildProcess, spawn } from "node:child_process";
import { killChild } from "./kill-child.ts";
import { eventually } from "./within.ts";

/** Longest until one answers, in ms: Varnish compiles its configuration. */
const START_MS = 30_000;

/** A program that has not ended this long after it was told to is killed, in ms. */
const GRACE_MS = 2_000;

/** The programs of one kind that stand before a server. */
export class FrontProcesses {
  readonly #name: string;
  readonly #running = new Set<ChildProcess>();

  constructor(name: string) {
    this.#name = name;
  }

  /** Start one, and wait until it answers at its address. */
  async start(command: string, args: readonly string[], url: string): Promise<void> {
    const child = spawn(command, args, { stdio: "ignore" });
    this.#running.add(child);
    for (const event of ["error", "exit"]) child.on(event, () => this.#running.delete(child));
    const answers = () => {
      if (!this.#running.has(child)) throw new Error(`${this.#name} has ended: ${command} ${args}`);
      return fetch(url).then(
        () => true,
        () => false,
      );
    };
    await eventually(START_MS, answers, this.#name);
  }

  /** Stop each that was started. */
  async stop(): Promise<void> {
    for (const child of this.#running) {
      // Some wait for their connections first, and e2guardian for ever.
      const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
      await killChild(child, "SIGTERM");
      clearTimeout(timer);
    }
    this.#running.clear();
  }
}
