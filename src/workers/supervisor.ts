import cluster, { type Worker } from "node:cluster";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { BusRelay } from "../buses/bus-relay.ts";
import { type BusWords, isBusWords } from "../buses/worker-bus.ts";
import type { Config } from "../config.ts";
import { ForeverframeError } from "../errors.ts";
import { lockDirectory } from "../logs/directory-lock.ts";
import { probeLmdbLog } from "../logs/lmdb-probe.ts";
import type { FromWorker, ToWorker } from "./worker-words.ts";

/** Pause between two questions whether a worker is alive, in ms. */
const PING_MS = 1_000;

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
  /** Stop all of them: see `RunningServer.drain`. */
  drain(): Promise<void>;
}

/**
 * Start as many servers as `config.workers` says, on one port and one log, and replace those that die or hang.
 *
 * @throws ForeverframeError what `startServer` throws
 */
export async function startWorkers(config: Config, logger: Logger): Promise<RunningWorkers> {
  const unlock = lockDirectory(config.data);
  const supervisor = new Supervisor(config, logger);
  try {
    await probeLmdbLog(config.data);
    const url = await supervisor.start();
    return {
      url,
      adminToken: supervisor.adminToken,
      drain: () => supervisor.stop().finally(unlock),
    };
  } catch (error) {
    await supervisor.stop();
    unlock();
    throw error;
  }
}

/** The place of one worker, whichever process has it. */
interface Place {
  readonly index: number;
  worker: Worker;
  /** Questions whether it is alive that it has not answered. */
  unanswered: number;
  startedAt: number;
  /** Of the replacement of a process that did not live long. */
  pauseMs: number;
  isListening: boolean;
}

class Supervisor {
  readonly adminToken: string;
  readonly #logger: Logger;
  readonly #relay = new BusRelay();
  readonly #places: Place[] = [];
  #config: Config;
  #pinging: NodeJS.Timeout | null = null;
  #stopping = false;
  #onListening: ((url: string) => void) | null = null;
  #onFailed: ((error: Error) => void) | null = null;

  constructor(config: Config, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
    this.adminToken = config.adminToken || randomBytes(16).toString("base64url");
  }

  /** @returns the address, once all workers listen on it */
  async start(): Promise<string> {
    // Else another would be drawn if all workers ended at once and others were started.
    if (this.#config.port === 0)
      this.#config = { ...this.#config, port: await drawPort(this.#config) };
    const path = fileURLToPath(import.meta.url);
    // Each accepts for itself. Else this process did, and handed connections on: one that was on its way to a worker which
    // is killed in that moment would stay open and never be answered.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({
      exec: fileURLToPath(new URL(`worker-process${extname(path)}`, import.meta.url)),
      args: [],
    });
    const url = new Promise<string>((resolve, reject) => {
      this.#onListening = resolve;
      this.#onFailed = reject;
    });
    // The first alone: what it can't do, no other could.
    this.#fork(0);
    this.#pinging = setInterval(() => this.#ping(), PING_MS);
    await url;
    const all = new Promise<string>((resolve, reject) => {
      this.#onListening = (address) => {
        if (this.#places.every(({ isListening }) => isListening)) resolve(address);
      };
      this.#onFailed = reject;
    });
    for (let index = 1; index < this.#config.workers; index++) this.#fork(index);
    if (this.#config.workers === 1) return url;
    return all;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#pinging !== null) clearInterval(this.#pinging);
    const workers = this.#places.map(({ worker }) => worker).filter((worker) => !worker.isDead());
    const ended = workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
    for (const worker of workers) say(worker, { do: "drain" });
    const late = setTimeout(() => {
      for (const worker of workers) worker.process.kill("SIGKILL");
    }, this.#config.drainMs + END_GRACE_MS);
    await Promise.all(ended);
    clearTimeout(late);
  }

  #fork(index: number): void {
    const worker = cluster.fork();
    const place = this.#places[index];
    const started = {
      worker,
      unanswered: 0,
      startedAt: performance.now(),
      isListening: false,
    };
    if (place === undefined) this.#places[index] = { index, pauseMs: FIRST_PAUSE_MS, ...started };
    else Object.assign(place, started);
    worker.on("message", (words: FromWorker) => this.#hear(index, words));
    worker.on("error", (error) => this.#logger.error({ err: error, worker: index }, "worker"));
    worker.once("exit", (code, signal) => this.#ended(index, worker, signal ?? code));
  }

  #hear(index: number, words: FromWorker): void {
    const place = this.#places[index];
    if (place === undefined) return;
    if (isBusWords(words)) this.#relay.receive(place.worker.id, words);
    else this.#hearOf(place, words);
  }

  #hearOf(place: Place, words: Exclude<FromWorker, BusWords>): void {
    switch (words.is) {
      case "idle": {
        const { adminToken } = this;
        const task = { config: this.#config, index: place.index, adminToken };
        say(place.worker, { do: "start", task });
        break;
      }
      case "alive":
        place.unanswered = 0;
        break;
      case "listening": {
        place.isListening = true;
        const { worker } = place;
        this.#relay.add(worker.id, (toWorker) => say(worker, toWorker));
        this.#onListening?.(words.url);
        break;
      }
      case "failed": {
        const { message, isOurs } = words;
        this.#logger.error({ worker: place.index, reason: message }, "a worker can't start");
        this.#onFailed?.(
          isOurs ? new ForeverframeError("FF_CONFIG_INVALID", message) : new Error(message),
        );
      }
    }
  }

  #ping(): void {
    for (const { index, worker, unanswered } of this.#places) {
      if (worker.isDead()) continue;
      if (unanswered * PING_MS >= this.#config.workerHangMs) {
        this.#logger.error({ worker: index, pid: worker.process.pid }, "a worker hangs: killed");
        worker.process.kill("SIGKILL");
        continue;
      }
      (this.#places[index] as Place).unanswered++;
      say(worker, { do: "ping" });
    }
  }

  #ended(index: number, worker: Worker, how: string | number): void {
    this.#relay.remove(worker.id);
    const place = this.#places[index] as Place;
    if (this.#stopping) return;
    const livedMs = performance.now() - place.startedAt;
    place.isListening = false;
    place.pauseMs =
      livedMs < SHORT_LIFE_MS ? Math.min(2 * place.pauseMs, MAX_PAUSE_MS) : FIRST_PAUSE_MS;
    const pauseMs = livedMs < SHORT_LIFE_MS ? place.pauseMs : 0;
    this.#logger.error({ worker: index, how, pauseMs }, "a worker has ended, and is replaced");
    setTimeout(() => {
      if (!this.#stopping) this.#fork(index);
    }, pauseMs);
  }
}

/** A port of this address that is free; 0 if none can be had: why, a worker says. */
async function drawPort({ host }: Config): Promise<number> {
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

function say(worker: Worker, words: ToWorker): void {
  if (worker.isConnected()) worker.send(words, undefined, () => {}); // one that has just died hears nothing
}
