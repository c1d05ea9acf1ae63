import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../support/free-port.ts";
import {
  type CliProcess,
  childrenOf,
  killProcesses,
  startServeProcess,
} from "../support/serve-process.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { within } from "../support/within.ts";
import type { ServerFault } from "./fault-plan.ts";
import type { RunRecord } from "./run-record.ts";

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

/** The built server as a process: killed, and started again on the same port and data. */
export class ChaosServer {
  readonly #record: RunRecord;
  readonly #args: readonly string[];
  readonly url: string;
  #process: CliProcess | null = null;
  #busy: Promise<void> = Promise.resolve();
  #ended = false;

  private constructor(port: number, workers: number, record: RunRecord) {
    this.#record = record;
    this.#args = [
      ...["--port", String(port), "--data", createTemporaryDirectory()],
      ...["--workers", String(workers), ...SETTINGS],
    ];
    this.url = `http://127.0.0.1:${port}`;
  }

  /** @param workers processes that serve; 0 for one alone */
  static async start(record: RunRecord, workers: number): Promise<ChaosServer> {
    const server = new ChaosServer(await freePort(), workers, record);
    await server.#start();
    return server;
  }

  /** End it and start it again, after what it suffers already. */
  suffer(fault: ServerFault): void {
    this.#busy = this.#busy
      .then(() => (fault.kind === "worker" ? this.#killWorker(fault.choice) : this.#restart(fault)))
      .catch((error: unknown) => this.#record.wrong(`the server: ${error}`, null));
  }

  /** Resolves when it is there again. */
  whenStarted(): Promise<void> {
    return within(60_000, this.#busy, "the server to be there again");
  }

  /** Kill it, also while it starts. */
  end(): void {
    this.#ended = true;
    killProcesses();
  }

  async #start(): Promise<void> {
    const { process } = await startServeProcess(this.#args);
    this.#process = process;
    if (this.#ended) process.kill("SIGKILL");
    void process.outcome.then(({ code, signal, stderr }) => {
      if (this.#process !== process || this.#ended) return;
      this.#record.wrong(
        `the server ended by itself (${signal ?? code}): ${stderr.slice(-2_000)}`,
        null,
      );
    });
  }

  /** Its supervisor replaces it. */
  #killWorker(choice: number): void {
    const pid = this.#process?.child.pid;
    if (pid === undefined || this.#ended) return;
    const workers = childrenOf(pid);
    const worker = workers[Math.floor(choice * workers.length)];
    if (worker === undefined) return;
    this.#record.fault(`SIGKILL to worker ${worker}`, null);
    this.#record.count("workers killed");
    process.kill(worker, "SIGKILL");
  }

  async #restart({ kind, awayMs }: Exclude<ServerFault, { kind: "worker" }>): Promise<void> {
    const server = this.#process;
    if (server === null || this.#ended) return;
    this.#process = null; // from here on its end is wanted
    this.#record.fault(`${kind} to the server, away ${awayMs} ms`, null);
    this.#record.count(kind);
    server.kill(kind);
    const { code, stderr } = await within(10_000, server.outcome, `its end after ${kind}`);
    if (kind === "SIGTERM" && code !== 0)
      throw new Error(`it exits with ${code} after SIGTERM: ${stderr.slice(-2_000)}`);
    await pause(awayMs);
    if (this.#ended) return;
    await this.#start();
    this.#record.fault("the server is there again", null);
  }
}
