import { type ChildProcess, execFile, spawn } from "node:child_process";
import { connect } from "node:net";
import { promisify } from "node:util";
import { freePort } from "./free-port.ts";
import { findCommand } from "./needs.mjs";
import { eventually } from "./within.ts";

const run = promisify(execFile);
const running = new Set<Gearmand>();

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

  /** Jobs of a function that are queued or under way, and its workers. */
  async status(job: string): Promise<{ readonly jobs: number; readonly workers: number }> {
    const args = ["-h", "127.0.0.1", "-p", String(this.port), "--status"];
    const { stdout } = await run(commandOf("gearadmin"), args);
    const line = stdout.split("\n").find((one) => one.startsWith(`${job}\t`));
    const [, jobs = 0, , workers = 0] = (line ?? "").split("\t").map(Number);
    return { jobs, workers };
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
