import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";

const START_MS = 15_000;
const SAID_CHARACTERS = 2_000;

const running = new Set<ChildProcess>();

process.once("exit", () => {
  for (const child of running) killGroup(child);
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

/**
 * A process of its own group, so that its workers end with it, also when the benchmark is
 * interrupted.
 */
export interface MeasuredProcess {
  readonly child: ChildProcess;
  /** The process and its workers. */
  pids(): number[];
  /** The last that it wrote to standard error, as one line. */
  said(): string;
  /** Kill it and its workers: nothing that it has is needed any more. */
  stop(): Promise<void>;
}

/**
 * Start a process with `stdio` for standard input, output and descriptor 3; standard error is kept
 * for `said`.
 */
export function startProcess(
  command: string,
  args: readonly string[],
  stdio: readonly ["ignore" | "pipe", "ignore" | "pipe", "ignore" | "pipe"] = [
    "ignore",
    "ignore",
    "ignore",
  ],
): MeasuredProcess {
  const [input, output, extra] = stdio;
  const child = spawn(command, args, { detached: true, stdio: [input, output, "pipe", extra] });
  let said = "";
  running.add(child);
  child.stderr?.on("data", (text) => {
    said = (said + text).slice(-SAID_CHARACTERS);
  });
  const ended = new Promise<void>((resolve) => {
    child.once("error", ({ message }) => {
      said += message;
      running.delete(child);
      resolve();
    });
    child.once("exit", () => {
      running.delete(child);
      resolve();
    });
  });
  return {
    child,
    pids: () => (child.pid === undefined ? [] : [child.pid, ...workersOf(child.pid)]),
    said: () => said.trim().replaceAll(/\s+/g, " "),
    async stop() {
      if (!running.has(child)) return;
      killGroup(child);
      await ended;
    },
  };
}

function workersOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.split(" ").filter(Boolean).map(Number);
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

/**
 * Wait until the process takes connections. @throws when it ended, or after 15 s; it is stopped
 * then
 */
export async function untilListening(started: MeasuredProcess, port: number): Promise<void> {
  const { child, said, stop } = started;
  const deadline = performance.now() + START_MS;
  while (!(await takesConnections(port))) {
    const ended = child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    if (!ended && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    await stop();
    throw new Error(`it did not start: ${said() || `it is silent, exit code ${child.exitCode}`}`);
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
