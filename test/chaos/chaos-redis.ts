import { setTimeout as pause } from "node:timers/promises";
import { KEEPS_ALL, type RedisProcess, startRedis } from "../support/redis.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { FaultQueue } from "./fault-queue.ts";
import type { RunRecord } from "./run-record.ts";
import type { NetworkFault, RedisFault } from "./server-faults.ts";

/** So much of what Redis has said is told when a run fails. */
const SAID_CHARACTERS = 6_000;

/** The network of one server to Redis. */
class RedisNetwork {
  readonly #name: string;
  readonly #proxy: TcpProxy;
  readonly #record: RunRecord;
  readonly faults: FaultQueue;

  constructor(name: string, proxy: TcpProxy, record: RunRecord) {
    this.#name = name;
    this.#proxy = proxy;
    this.#record = record;
    this.faults = new FaultQueue(name, record);
  }

  /** What the server takes for Redis. */
  get url(): string {
    return `redis://127.0.0.1:${this.#proxy.port}`;
  }

  async suffer(fault: NetworkFault): Promise<void> {
    this.#record.count("faults of the network");
    switch (fault.kind) {
      case "cut":
        this.#record.fault(`${this.#name} is cut`, null);
        this.#proxy.cutAll();
        break;
      case "cut inside":
        this.#record.fault(`${this.#name} is cut after ${fault.bytes} bytes more`, null);
        this.#proxy.cutAfter(fault.bytes);
        await pause(fault.ms);
        this.#proxy.cutAfter(null);
        break;
      case "silence":
        this.#record.fault(`${this.#name} passes nothing for ${fault.ms} ms`, null);
        this.#proxy.freeze();
        await pause(fault.ms);
        this.#proxy.thaw();
    }
  }
}

/** A Redis that answers only what is on its disk, and the networks of the servers to it. */
export class ChaosRedis {
  readonly #redis: RedisProcess;
  readonly #networks: readonly RedisNetwork[];
  readonly #record: RunRecord;
  readonly #faults: FaultQueue;

  private constructor(redis: RedisProcess, networks: readonly RedisNetwork[], record: RunRecord) {
    this.#redis = redis;
    this.#networks = networks;
    this.#record = record;
    this.#faults = new FaultQueue("Redis", record);
  }

  static async start(servers: number, record: RunRecord): Promise<ChaosRedis> {
    const redis = await startRedis(KEEPS_ALL);
    const proxies = Array.from({ length: servers }, () => startTcpProxy(redis.port));
    const networks = (await Promise.all(proxies)).map(
      (proxy, n) => new RedisNetwork(`the network of server ${n} to Redis`, proxy, record),
    );
    return new ChaosRedis(redis, networks, record);
  }

  /** What each server takes for Redis. */
  get urls(): readonly string[] {
    return this.#networks.map(({ url }) => url);
  }

  /** What it has said last, as lines. */
  get said(): string {
    return `Redis has said:\n${this.#redis.said().slice(-SAID_CHARACTERS).trimEnd()}`;
  }

  suffer(fault: RedisFault): void {
    this.#faults.add(() =>
      fault.kind === "freeze" ? this.#freeze(fault.ms) : this.#restart(fault.awayMs),
    );
  }

  sufferNetwork(server: number, fault: NetworkFault): void {
    const network = this.#networks[server];
    network?.faults.add(() => network.suffer(fault));
  }

  /** Resolves when it is there again, for every server. */
  async whenStarted(): Promise<void> {
    const all = [this.#faults, ...this.#networks.map(({ faults }) => faults)];
    await Promise.all(all.map((faults) => faults.whenDone()));
  }

  async #freeze(ms: number): Promise<void> {
    this.#record.fault(`Redis is frozen for ${ms} ms`, null);
    this.#record.count("freezes of Redis");
    this.#redis.signal("SIGSTOP");
    await pause(ms);
    this.#redis.signal("SIGCONT");
  }

  async #restart(awayMs: number): Promise<void> {
    this.#record.fault(`SIGKILL to Redis, away ${awayMs} ms`, null);
    this.#record.count("SIGKILL to Redis");
    await this.#redis.stop("SIGKILL");
    await pause(awayMs);
    await this.#redis.start();
    this.#record.fault("Redis is there again", null);
  }
}
