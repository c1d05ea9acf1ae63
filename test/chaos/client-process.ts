import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ClientCount, ClientPlan, ClientWatch } from "./client-plan.ts";
import type { ClientFault } from "./fault-plan.ts";

const READER = fileURLToPath(new URL("reader-process.ts", import.meta.url));

/** A chaos client that lives in a process of its own. */
export class ClientProcess {
  readonly #plan: ClientPlan;
  readonly #watch: ClientWatch;
  #child: ChildProcessByStdio<Writable, Readable, Readable> | null = null;
  #stderr = "";
  #thaw: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(plan: ClientPlan, watch: ClientWatch) {
    this.#plan = plan;
    this.#watch = watch;
  }

  open(): void {
    const child = spawn(process.execPath, ["--import=tsx", READER, JSON.stringify(this.#plan)], {
      stdio: "pipe",
    });
    this.#child = child;
    createInterface(child.stdout).on("line", (line) => this.#hear(JSON.parse(line)));
    child.stderr.on("data", (data) => {
      this.#stderr += data;
    });
    child.stdin.on("error", () => {}); // "close" follows
    child.on("close", () => {
      if (!this.#ended) this.#watch.wrong(`has ended by itself: ${this.#stderr.slice(-600)}`);
    });
  }

  suffer(fault: ClientFault): void {
    this.#child?.stdin.write(`${JSON.stringify(fault)}\n`);
  }

  /** Stop the whole process for a while. */
  freeze(ms: number): void {
    clearTimeout(this.#thaw);
    this.#child?.kill("SIGSTOP");
    this.#thaw = setTimeout(() => this.#child?.kill("SIGCONT"), ms);
  }

  recover(): void {
    clearTimeout(this.#thaw);
    this.#child?.kill("SIGCONT");
    this.#child?.stdin.write("null\n");
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#thaw);
    this.#child?.kill("SIGKILL");
  }

  #hear([call, first = "", second = "", third = ""]: readonly string[]): void {
    if (call === "opened") this.#watch.opened(first, second);
    else if (call === "message") this.#watch.message(first, second, third);
    else if (call === "count") this.#watch.count(first as ClientCount);
    else this.#watch.wrong(first);
  }
}
