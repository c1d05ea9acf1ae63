import { statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { MachineFigures } from "../core/figures.ts";
import { SAMPLE_MS } from "../core/samples.ts";
import { freeBytesOf } from "./free-bytes.ts";
import { VERSION } from "./version.ts";

/** The event loop is looked at this often, in ms. */
const RESOLUTION_MS = 20;

/** The file that LMDB keeps in the log's directory. */
const LOG_FILE = "data.mdb";

const NANOSECONDS = 1e9;

/** Measures this process. */
export class Machine {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #startedAt = Date.now() - Math.round(process.uptime() * 1_000);
  readonly #server: string;
  readonly #worker: number;
  readonly #directory: string | null;
  /** The longest delay of the window before the one that runs, in seconds. */
  #lastDelay = 0;
  #windowSince = performance.now();

  /**
   * @param worker its slot among the workers of a supervisor; null for a process alone
   * @param directory of the log; null where the log is not on a disk
   */
  constructor(worker: number | null, directory: string | null) {
    this.#directory = directory;
    this.#server = `${hostname()}:${worker === null ? process.pid : process.ppid}`;
    this.#worker = worker ?? 0;
    this.#delay.enable();
  }

  /** Names the server that this process belongs to. */
  get server(): string {
    return this.#server;
  }

  figures(): MachineFigures {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    return {
      server: this.#server,
      worker: this.#worker,
      pid: process.pid,
      version: VERSION,
      node: process.versions.node,
      startedAt: this.#startedAt,
      cpuSeconds: (user + system) / 1e6,
      rssBytes: rss,
      heapBytes: heapUsed,
      loopDelay: this.#loopDelay(),
      disk: this.#directory === null ? null : measureDisk(this.#directory),
    };
  }

  stop(): void {
    this.#delay.disable();
  }

  /** The longest delay of the last one or two windows, in seconds. */
  #loopDelay(): number {
    // What is measured includes the pause between two looks.
    const longest = Math.max(0, this.#delay.max / NANOSECONDS - RESOLUTION_MS / 1_000);
    const delay = Math.max(this.#lastDelay, longest);
    const now = performance.now();
    if (now - this.#windowSince < SAMPLE_MS / 2) return delay;
    this.#windowSince = now;
    this.#lastDelay = longest;
    this.#delay.reset();
    return delay;
  }
}

/** Null if the disk can't be asked. */
function measureDisk(directory: string): MachineFigures["disk"] {
  try {
    const freeBytes = freeBytesOf(directory);
    const logBytes = statSync(join(directory, LOG_FILE)).size;
    return freeBytes === null ? null : { freeBytes, logBytes };
  } catch {
    return null;
  }
}
