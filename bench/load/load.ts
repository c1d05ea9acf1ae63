import { createInterface, type Interface } from "node:readline";
import { within } from "../../test/support/within.ts";
import { compiled } from "../processes/compiled.ts";
import { type MeasuredProcess, startProcess } from "../processes/measured-process.ts";
import type { Publishing, RunningServer } from "../servers/server.ts";

/** Longest that a command takes beyond what it was given, in ms. */
const GRACE_MS = 75_000;

/** What `open` says. */
export interface Opened {
  readonly open: number;
  readonly us_per_open: number;
  readonly cpu_us_per_open: number;
  readonly load_cpu: number;
}

/**
 * What `publish` says; fanout_load.c describes it. Times of `wall_s` in seconds, latencies in ms,
 * CPU in us.
 */
export interface Published {
  readonly messages: number;
  readonly refused: number;
  readonly refusal: string;
  readonly wanted: number;
  readonly delivered: number;
  readonly lost: number;
  readonly disordered: number;
  readonly hung_up: number;
  readonly wall_s: number;
  readonly deliveries_per_s: number;
  readonly cpu_us_per_delivery: number;
  readonly load_cpu: number;
  readonly p50_ms: number;
  readonly p90_ms: number;
  readonly p99_ms: number;
  readonly p999_ms: number;
  readonly max_ms: number;
}

/** What `catchUp` says. */
export interface CaughtUp {
  readonly complete: number;
  readonly delivered: number;
  readonly deliveries_per_s: number;
  readonly cpu_us_per_delivery: number;
  readonly load_cpu: number;
}

/**
 * How to publish: closed loop with a window, strictly one message at a time, or open loop with a
 * rate.
 */
export type Plan = {
  /** 0 or absent: no limit of its own. */
  readonly messages?: number;
  readonly seconds?: number;
  /** Seconds to wait for the rest; 10 if absent. */
  readonly drain?: number;
} & ({ readonly window: number } | { readonly strict: 1 } | { readonly rate: number });

/** What the load does otherwise than the server says. */
export interface LoadOptions {
  /** Path of a stream. */
  readonly path?: string;
  readonly publish?: Publishing;
  /** Channels that streams have, and messages go to, in turn; 1 if absent. */
  readonly channels?: number;
  /** Publish lines on one connection. */
  readonly byLines?: boolean;
}

/** The load program, connected to one server: one command at a time. */
export class Load {
  readonly #process: MeasuredProcess;
  readonly #lines: Interface;

  constructor(server: RunningServer, { path = server.streamPath, ...options }: LoadOptions = {}) {
    const { port, pids, streamHeader } = server;
    const { publish = server.publish, channels = 1, byLines = false } = options;
    const { contentType, method, body } = publish;
    const target = [
      "-u",
      publish.path,
      "-m",
      method,
      "-t",
      contentType,
      ...(byLines ? ["-l"] : []),
    ];
    const args = ["-p", port, "-s", path, ...target, "-c", channels];
    const header = streamHeader === undefined ? [] : ["-H", streamHeader];
    this.#process = startProcess(
      compiled(new URL("./fanout_load.c", import.meta.url)),
      [...args, ...header, "-b", body, "-i", pids.join(",")].map(String),
      ["pipe", "pipe", "ignore"],
    );
    const { stdin, stdout } = this.#process.child;
    // If the program has died, its output's end tells.
    stdin?.on("error", () => undefined);
    if (stdout === null) throw new Error("the load has no output");
    this.#lines = createInterface({ input: stdout });
  }

  /** Open streams until there are this many. @throws when not all open within a minute */
  async open(streams: number): Promise<Opened> {
    const opened = await this.#ask<Opened>(`open streams=${streams}`);
    if (opened.open < streams) throw new Error(`only ${opened.open} of ${streams} streams opened`);
    return opened;
  }

  /** Hang up on all streams. */
  async close(): Promise<void> {
    await this.#ask("close");
  }

  /** Publish and count. @throws when a publish was refused, or the server ended a stream */
  async publish(plan: Plan): Promise<Published> {
    const words = Object.entries(plan).map(([name, value]) => `${name}=${value}`);
    const ownMs = ((plan.seconds ?? 0) + (plan.drain ?? 10)) * 1_000;
    const published = await this.#ask<Published>(`publish ${words.join(" ")}`, ownMs);
    const { refused, refusal, hung_up } = published;
    if (refused > 0) throw new Error(`it refused ${refused} publishes, the first with ${refusal}`);
    if (hung_up > 0) throw new Error(`it ended ${hung_up} streams`);
    return published;
  }

  /** Publish and count. @throws also when something was lost, or came in another order */
  async publishAll(plan: Plan): Promise<Published> {
    const published = await this.publish(plan);
    const { lost, wanted, disordered } = published;
    if (lost > 0) throw new Error(`it lost ${lost} of ${wanted} deliveries`);
    if (disordered > 0) throw new Error(`${disordered} deliveries were out of order`);
    return published;
  }

  /** End the publishing under way; its answer comes as usual. */
  stopPublishing(): void {
    this.#process.child.kill("SIGUSR1");
  }

  /** Open streams and wait until each was given this many messages that were published before. */
  async catchUp(streams: number, messages: number): Promise<CaughtUp> {
    const words = `streams=${streams} messages=${messages} seconds=60`;
    const caughtUp = await this.#ask<CaughtUp>(`catch-up ${words}`);
    const { complete, delivered } = caughtUp;
    if (complete < streams) throw new Error(`only ${complete} of ${streams} streams caught up`);
    if (delivered !== streams * messages)
      throw new Error(`${streams} streams were given ${delivered} messages, not ${messages} each`);
    return caughtUp;
  }

  /** End it, and with it all streams. */
  stop(): Promise<void> {
    return this.#process.stop();
  }

  #ask<Answer>(command: string, ownMs = 0): Promise<Answer> {
    const answer = new Promise<Answer>((resolve, reject) => {
      const died = () => reject(new Error(this.#process.said() || "the load ended"));
      this.#lines.once("close", died);
      this.#lines.once("line", (line) => {
        this.#lines.off("close", died);
        resolve(JSON.parse(line) as Answer);
      });
    });
    this.#process.child.stdin?.write(`${command}\n`);
    return within(ownMs + GRACE_MS, answer, `the load to ${command}`);
  }
}
