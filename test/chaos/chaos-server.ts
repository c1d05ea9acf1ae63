import { setTimeout as pause } from "node:timers/promises";
import { type CliProcess, childrenOf, startServeProcess } from "../support/serve-process.ts";
import { within } from "../support/within.ts";
import { FaultQueue } from "./fault-queue.ts";
import type { RunRecord } from "./run-record.ts";
import type { ServerFault } from "./server-faults.ts";

/** Keeps everything, and does often what it does rarely by default. */
const SETTINGS = [
  ["--retain-messages", "1000000000"],
  ["--retain-ms", "86400000"],
  ["--heartbeat-ms", "400"],
  ["--drain-ms", "1500"],
  ["--stall-ms", "1000"],
  ["--recycle-bytes", "2000000"],
  ["--recycle-ms", "5000"],
  ["--retry-ms", "400"],
].flat();

/** So much of what a server has said is told when a run fails. */
const SAID_CHARACTERS = 3_000;

/** How a server is started. */
export interface ChaosServerOptions {
  /** Such as "server 0"; for what is told of it. */
  readonly name: string;
  readonly port: number;
  /** Where its log is, as on its command line. */
  readonly log: readonly string[];
  /** Processes that serve; 0 for one alone. */
  readonly workers: number;
}

/** The built server as a process: killed, and started again on the same port and log. */
export class ChaosServer {
  readonly #name: string;
  readonly #record: RunRecord;
  readonly #args: readonly string[];
  readonly #faults: FaultQueue;
  readonly url: string;
  #process: CliProcess | null = null;
  #ended = false;

  private constructor({ name, port, log, workers }: ChaosServerOptions, record: RunRecord) {
    this.#name = name;
    this.#record = record;
    this.#faults = new FaultQueue(name, record);
    this.#args = ["--port", String(port), "--workers", String(workers), ...log, ...SETTINGS];
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(options: ChaosServerOptions, record: RunRecord): Promise<ChaosServer> {
    const server = new ChaosServer(options, record);
    await server.#start();
    return server;
  }

  /** Do this to it, after what it suffers already. */
  suffer(fault: ServerFault): void {
    this.#faults.add(() => {
      if (this.#ended) return;
      if (fault.kind === "worker") return this.#killWorker(fault.choice);
      if (fault.kind === "freeze") return this.#freeze(fault.ms);
      return this.#restart(fault.kind, fault.awayMs);
    });
  }

  /** Resolves when it is there again. */
  whenStarted(): Promise<void> {
    return this.#faults.whenDone();
  }

  /** What it has said last, as lines. */
  get said(): string {
    const text = this.#process?.stderr.slice(-SAID_CHARACTERS).trimEnd() ?? "";
    return `${this.#name} at ${this.url} has said:\n${text}`;
  }

  /** It is about to be killed for good, also while it starts. */
  end(): void {
    this.#ended = true;
    this.#process?.kill("SIGKILL");
  }

  async #start(): Promise<void> {
    const { process } = await startServeProcess(this.#args);
    this.#process = process;
    if (this.#ended) process.kill("SIGKILL");
    void process.outcome.then(({ code, signal, stderr }) => {
      if (this.#process !== process || this.#ended) return;
      this.#record.wrong(
        `${this.#name} ended by itself (${signal ?? code}): ${stderr.slice(-2_000)}`,
        null,
      );
    });
  }

  /** Its supervisor replaces it. */
  #killWorker(choice: number): void {
    const pid = this.#process?.child.pid;
    if (pid === undefined) return;
    const workers = childrenOf(pid);
    const worker = workers[Math.floor(choice * workers.length)];
    if (worker === undefined) return;
    this.#record.fault(`SIGKILL to worker ${worker} of ${this.#name}`, null);
    this.#record.count("workers killed");
    process.kill(worker, "SIGKILL");
  }

  async #freeze(ms: number): Promise<void> {
    this.#record.fault(`${this.#name} is frozen for ${ms} ms`, null);
    this.#record.count("freezes of servers");
    this.#process?.kill("SIGSTOP");
    await pause(ms);
    this.#process?.kill("SIGCONT");
  }

  async #restart(kind: "SIGKILL" | "SIGTERM", awayMs: number): Promise<void> {
    const server = this.#process;
    if (server === null) return;
    this.#process = null; // from here on its end is wanted
    this.#record.fault(`${kind} to ${this.#name}, away ${awayMs} ms`, null);
    this.#record.count(kind);
    server.kill(kind);
    const { code, stderr } = await within(10_000, server.outcome, `its end after ${kind}`);
    if (kind === "SIGTERM" && code !== 0)
      throw new Error(`it exits with ${code} after SIGTERM: ${stderr.slice(-2_000)}`);
    await pause(awayMs);
    if (this.#ended) return;
    await this.#start();
    this.#record.fault(`${this.#name} is there again`, null);
  }
}
