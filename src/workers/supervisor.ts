import cluster, { type Worker } from "node:cluster";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { BusRelay } from "../buses/bus-relay.ts";
import { type BusFrame, isBusFrame } from "../buses/worker-bus.ts";
import { ForeverframeError } from "../errors.ts";
import { nodeScheduler } from "../process/node-scheduler.ts";
import type { Config } from "../settings/settings.ts";
import { takeLog } from "../take-log.ts";
import { TlsWatch } from "../tls/tls-watch.ts";
import { Replacements } from "./replacements.ts";
import type { WorkerCommand, WorkerReport } from "./worker-messages.ts";

/** Pause between two pings of a worker, in ms. */
const PING_MS = 1_000;

/** A worker may take this long to start, in ms. */
const START_MS = 60_000;

/** A worker that lived for less than this is replaced only after a pause, in ms. */
const SHORT_LIFE_MS = 10_000;

/** The first such pause and the longest, in ms. */
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;

/** How much longer than its drain a worker may take to end, in ms. */
const END_GRACE_MS = 3_000;

/** Servers in several processes that share a port and a log. */
export interface RunningWorkers {
  readonly url: string;
  readonly adminToken: string;
  /** See `RunningServer.reloadTls`. */
  reloadTls(): void;
  /** Stop all of them: see `RunningServer.drain`. */
  drain(): Promise<void>;
}

/**
 * Start as many servers as `config.workers` says, on one port and one log, and replace those that
 * die or hang.
 *
 * @throws ForeverframeError what `startServer` throws
 */
export async function startWorkers(config: Config, logger: Logger): Promise<RunningWorkers> {
  const watch =
    config.tlsCert === ""
      ? null
      : await TlsWatch.open(config, { scheduler: nodeScheduler, logger });
  const unlock = await takeLog(config, logger);
  const supervisor = new Supervisor(config, watch, logger);
  try {
    const url = await supervisor.start();
    return {
      url,
      adminToken: supervisor.adminToken,
      reloadTls: () => void watch?.reload(),
      drain: () => supervisor.stop().finally(unlock),
    };
  } catch (error) {
    await supervisor.stop();
    unlock();
    throw error;
  }
}

/** What one worker is, whichever process has its slot. */
interface Slot {
  readonly index: number;
  worker: Worker;
  /** Pings that it has not answered. */
  unanswered: number;
  startedAt: number;
  /** Pause before the next process starts, in ms, if this one does not live long. */
  pauseMs: number;
  isListening: boolean;
}

class Supervisor {
  readonly adminToken: string;
  readonly #logger: Logger;
  readonly #relay = new BusRelay();
  readonly #slots: Slot[] = [];
  readonly #replacements = new Replacements(nodeScheduler.monotonicMs, (text) => {
    for (const { worker } of this.#slots) say(worker, { type: "failing", text });
  });
  readonly #tls: TlsWatch | null;
  #config: Config;
  #pinging: NodeJS.Timeout | null = null;
  #stopping = false;
  #onListening: ((url: string) => void) | null = null;
  #onFailed: ((error: Error) => void) | null = null;

  /** @param tls null for plain HTTP */
  constructor(config: Config, tls: TlsWatch | null, logger: Logger) {
    this.#config = config;
    this.#tls = tls;
    this.#logger = logger;
    this.adminToken = config.adminToken || randomBytes(16).toString("base64url");
  }

  /** @returns the address, once all workers listen on it */
  async start(): Promise<string> {
    // Choose the port here: if all workers ended at once, those that replace them would find
    // another.
    if (this.#config.port === 0)
      this.#config = { ...this.#config, port: await findFreePort(this.#config) };
    const path = fileURLToPath(import.meta.url);
    // Each worker accepts for itself. Otherwise this process would accept, and pass connections on:
    // one that was on its way to a worker which is killed in that moment would stay open and never
    // be answered.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({
      exec: fileURLToPath(new URL(`worker-process${extname(path)}`, import.meta.url)),
      args: [],
    });
    const url = new Promise<string>((resolve, reject) => {
      this.#onListening = resolve;
      this.#onFailed = reject;
    });
    this.#tls?.start((pair) => {
      for (const { worker } of this.#slots) say(worker, { type: "tls", pair });
    });
    // The first alone: what it can't do, no other could.
    this.#fork(0);
    this.#pinging = setInterval(() => this.#ping(), PING_MS);
    await url;
    const all = new Promise<string>((resolve, reject) => {
      this.#onListening = (address) => {
        if (this.#slots.every(({ isListening }) => isListening)) resolve(address);
      };
      this.#onFailed = reject;
    });
    for (let index = 1; index < this.#config.workers; index++) this.#fork(index);
    if (this.#config.workers === 1) return url;
    return all;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#tls?.stop();
    if (this.#pinging !== null) clearInterval(this.#pinging);
    const workers = this.#slots.map(({ worker }) => worker).filter((worker) => !worker.isDead());
    const ended = workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
    for (const worker of workers) say(worker, { type: "drain" });
    // A worker that is still starting has nothing to end, and would not hear the command.
    for (const { worker, isListening } of this.#slots)
      if (!isListening) worker.process.kill("SIGKILL");
    const late = setTimeout(() => {
      for (const { worker, index } of this.#slots.filter(({ worker }) => !worker.isDead())) {
        this.#logger.error(
          { worker: index, pid: worker.process.pid },
          "worker did not stop in time: killed",
        );
        worker.process.kill("SIGKILL");
      }
    }, this.#config.drainMs + END_GRACE_MS);
    await Promise.all(ended);
    clearTimeout(late);
  }

  #fork(index: number): void {
    const worker = cluster.fork();
    const { pauseMs } = this.#slots[index] ?? { pauseMs: FIRST_PAUSE_MS };
    const startedAt = performance.now();
    const slot = { index, worker, unanswered: 0, startedAt, pauseMs, isListening: false };
    this.#slots[index] = slot;
    worker.on("message", (report: WorkerReport) => {
      if (worker.isDead()) return; // what it said last
      if (isBusFrame(report)) this.#relay.receive(worker.id, report);
      else this.#hear(slot, report);
    });
    worker.on("error", (error) => {
      this.#logger.error({ err: error, worker: index }, "worker process error");
      // A worker that could not be started never exits either.
      if (worker.process.pid === undefined) this.#ended(slot, null, null);
    });
    worker.once("exit", (code, signal) => this.#ended(slot, code, signal));
  }

  #hear(slot: Slot, report: Exclude<WorkerReport, BusFrame>): void {
    switch (report.type) {
      case "idle": {
        const { adminToken } = this;
        const tls = this.#tls?.pair ?? null;
        const { alarm: failing } = this.#replacements;
        const task = { config: this.#config, index: slot.index, adminToken, tls, failing };
        say(slot.worker, { type: "start", task });
        break;
      }
      case "alive":
        slot.unanswered = 0;
        break;
      case "keys":
        for (const { worker } of this.#slots) if (worker !== slot.worker) say(worker, report);
        break;
      case "listening": {
        slot.isListening = true;
        const { worker } = slot;
        this.#relay.add(worker.id, (frame) => say(worker, frame));
        this.#onListening?.(report.url);
        break;
      }
      case "failed": {
        const { message, code } = report;
        this.#logger.error({ worker: slot.index, reason: message }, "worker failed to start");
        this.#onFailed?.(code === null ? new Error(message) : new ForeverframeError(code, message));
      }
    }
  }

  #ping(): void {
    this.#replacements.look();
    for (const slot of this.#slots) {
      const { index, worker, isListening } = slot;
      if (worker.isDead()) continue;
      const limitMs = isListening ? this.#config.workerHangMs : START_MS;
      if (slot.unanswered * PING_MS >= limitMs) {
        this.#logger.error(
          { worker: index, pid: worker.process.pid },
          "worker not answering: killed",
        );
        worker.process.kill("SIGKILL");
        continue;
      }
      slot.unanswered++;
      say(worker, { type: "ping" });
    }
  }

  #ended(slot: Slot, code: number | null, signal: string | null): void {
    const { index, worker, startedAt } = slot;
    slot.isListening = false;
    this.#relay.remove(worker.id);
    if (this.#stopping) return;
    const livedLong = performance.now() - startedAt >= SHORT_LIFE_MS;
    const pauseMs = livedLong ? 0 : slot.pauseMs;
    slot.pauseMs = livedLong ? FIRST_PAUSE_MS : Math.min(2 * slot.pauseMs, MAX_PAUSE_MS);
    const about = { worker: index, code, signal, pauseMs };
    this.#logger.error(about, "worker ended: starting another");
    this.#replacements.add(signal ?? `exit code ${code}`);
    // No worker listens. During the start, this means that none ever will.
    if (!this.#slots.some((other) => other.isListening))
      this.#onFailed?.(new Error(`a worker ended before it listened (${signal ?? code})`));
    setTimeout(() => {
      if (!this.#stopping) this.#fork(index);
    }, pauseMs);
  }
}

/** A port of this address that is free; 0 if there is none: a worker will say why. */
async function findFreePort({ host }: Config): Promise<number> {
  const server = createServer();
  try {
    await once(server.listen({ host, port: 0 }), "listening");
    const { port } = server.address() as AddressInfo;
    await once(server.close(), "close");
    return port;
  } catch {
    return 0;
  }
}

function say(worker: Worker, command: WorkerCommand): void {
  // One that has just died hears nothing
  if (worker.isConnected()) worker.send(command, undefined, () => {});
}
