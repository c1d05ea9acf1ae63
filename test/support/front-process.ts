import { type ChildProcess, spawn } from "node:child_process";
import { eventually } from "./within.ts";

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
    const answers = () =>
      fetch(url).then(
        () => true,
        () => false,
      );
    await eventually(5_000, answers, this.#name);
  }

  /** Stop each that was started. */
  async stop(): Promise<void> {
    for (const child of this.#running) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    }
    this.#running.clear();
  }
}
