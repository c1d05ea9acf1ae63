import cluster from "node:cluster";
import { isBusFrame, WorkerBus } from "../buses/worker-bus.ts";
import { ForeverframeError } from "../errors.ts";
import { createLogger } from "../process/create-logger.ts";
import { endOnFault, endProcess } from "../process/end-process.ts";
import { type RunningServer, startServer, type WorkerMembership } from "../server.ts";
import type { TlsPair } from "../tls/tls-pair.ts";
import type { WorkerCommand, WorkerReport, WorkerTask } from "./worker-messages.ts";

/**
 * The entry of a worker: a whole server, that shares its port and its log with others. Started by
 * the supervisor.
 */
const bus = new WorkerBus(say);
let server: RunningServer | null = null;
/** What came since the task, perhaps while the server started. */
let newerPair: TlsPair | null = null;
let failing: string | null = null;
let hearOfKeys = (_text: string | null): void => {};
const keyNews: WorkerMembership["keyNews"] = {
  tell: (text) => say({ type: "keys", text }),
  listen: (hear) => {
    hearOfKeys = hear;
  },
};

process.on("message", (command: WorkerCommand) => {
  if (isBusFrame(command)) bus.receive(command);
  else if (command.type === "ping") say({ type: "alive" });
  else if (command.type === "start") void start(command.task);
  else if (command.type === "tls") useTls(command.pair);
  else if (command.type === "keys") hearOfKeys(command.text);
  else if (command.type === "failing") setFailing(command.text);
  else void stop();
});
// Without its supervisor, nobody would replace this process or tell it to stop. Prepended, to come
// before Node's own listener.
process.prependListener("disconnect", () => endProcess("SIGKILL"));
// A terminal's Ctrl-C, or its end, reaches all processes; the supervisor says in which order they
// stop.
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});
process.on("SIGTERM", () => void stop());
say({ type: "idle" });

async function start(task: WorkerTask): Promise<void> {
  const { config, index, adminToken, tls } = task;
  setFailing(task.failing);
  const logger = createLogger(config.logLevel, { worker: index });
  endOnFault(logger);
  try {
    const generation = cluster.worker?.id ?? 0;
    const membership = { bus, index, generation, keyNews, tls };
    server = await startServer({ ...config, adminToken }, logger, membership);
    if (newerPair !== null) server.useTls(newerPair);
    setFailing(failing);
    say({ type: "listening", url: server.url });
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const report =
      error instanceof ForeverframeError
        ? { message: error.message, code: error.code }
        : { message, code: null };
    say({ type: "failed", ...report }, () => process.exit(1));
  }
}

function setFailing(text: string | null): void {
  failing = text;
  server?.alarms.set("workers-failing", text);
}

function useTls(pair: TlsPair): void {
  newerPair = pair;
  server?.useTls(pair);
}

async function stop(): Promise<void> {
  await server?.drain();
  process.exit();
}

function say(report: WorkerReport, then = () => {}): void {
  // Without a supervisor there is nobody to talk to. If it has just gone, `disconnect` will follow.
  if (process.connected) process.send?.(report, undefined, undefined, then);
}
