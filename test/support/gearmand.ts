import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "./free-port.ts";
import { findCommand } from "./needs.mjs";
import { eventually } from "./within.ts";

const run = promisify(execFile);
const running = new Set<Gearmand>();

/** Types of packets: http://gearman.org/protocol/ */
const SUBMIT_JOB_BG = 18;
const JOB_CREATED = 8;

/** A real job server. */
export class Gearmand {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(port: number) {
    this.port = port;
    this.#process = spawn(
      commandOf("gearmand"),
      ["--listen", "127.0.0.1", "--port", String(port), "--log-file", "stderr"],
      { stdio: "ignore" },
    );
    this.#ended = new Promise((resolve) => this.#process.once("close", resolve));
    running.add(this);
  }

  /** Start one, on a free port or on one that an earlier one had. */
  static async start(port?: number): Promise<Gearmand> {
    const server = new Gearmand(port ?? (await freePort()));
    await eventually(10_000, () => answers(server.port), "gearmand to listen");
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Submit a job by the command line; one in the background is not awaited. */
  async submit(job: string, workload: string | Buffer, ...flags: string[]): Promise<string> {
    const args = ["-h", "127.0.0.1", "-p", String(this.port), "-f", job, ...flags];
    const submitting = run(commandOf("gearman"), args);
    submitting.child.stdin?.end(workload);
    return (await submitting).stdout;
  }

  /**
   * Submit one job in the background by its packet: the command line takes minutes of CPU for some
   * megabytes.
   */
  async submitLarge(job: string, workload: string): Promise<void> {
    const body = Buffer.from(`${job}\0\0${workload}`);
    const head = Buffer.from("\0REQ\0\0\0\0\0\0\0\0", "latin1");
    head.writeUInt32BE(SUBMIT_JOB_BG, 4);
    head.writeUInt32BE(body.length, 8);
    const socket = connect({ host: "127.0.0.1", port: this.port });
    socket.write(Buffer.concat([head, body]));
    const [created] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    if (created.readUInt32BE(4) !== JOB_CREATED) throw new Error(`gearmand said ${created}`);
  }

  /** Submit jobs in the background, one after the other over some time, by one command. */
  async submitEach(job: string, workloads: Iterable<string>, pauseMs: number): Promise<void> {
    const args = ["-h", "127.0.0.1", "-p", String(this.port), "-f", job, "-b", "-N"];
    const submitting = run(commandOf("gearman"), args);
    for (const workload of workloads) {
      submitting.child.stdin?.write(`${workload}\n`);
      await pause(pauseMs);
    }
    submitting.child.stdin?.end();
    await submitting;
  }

  /** Jobs of a function that are queued or under way, and its workers. */
  async status(job: string): Promise<{ readonly jobs: number; readonly workers: number }> {
    const line = (await this.#askStatus()).find((one) => one.startsWith(`${job}\t`));
    const [, jobs = 0, , workers = 0] = (line ?? "").split("\t").map(Number);
    return { jobs, workers };
  }

  /** The lines of the job server's answer, which has a line for each function. */
  async #askStatus(): Promise<readonly string[]> {
    const socket = connect({ host: "127.0.0.1", port: this.port });
    socket.setEncoding("utf8");
    socket.write("status\n");
    let answer = "";
    for await (const text of socket) {
      answer += text;
      if (/^\.$/m.test(answer)) break;
    }
    return answer.split("\n");
  }

  async kill(): Promise<void> {
    running.delete(this);
    this.#process.kill("SIGKILL");
    await this.#ended;
  }
}

/** Kill every job server that was started; for `afterEach`. */
export async function killGearmands(): Promise<void> {
  await Promise.all([...running].map((server) => server.kill()));
}

function commandOf(name: string): string {
  const path = findCommand([name]);
  if (path === null)
    throw new Error(`there is no ${name}: run npm test, which installs it or says how`);
  return path;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
