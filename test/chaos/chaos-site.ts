import { freePort } from "../support/free-port.ts";
import { stopRedis } from "../support/redis.ts";
import { killProcesses } from "../support/serve-process.ts";
import { closeTcpProxies } from "../support/tcp-proxy.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { ChaosRedis } from "./chaos-redis.ts";
import { ChaosServer } from "./chaos-server.ts";
import type { Site } from "./chaos-size.ts";
import type { RunRecord } from "./run-record.ts";
import type { PlannedSiteFault } from "./server-faults.ts";

/** The servers on one log, and what is behind them. */
export class ChaosSite {
  readonly #servers: readonly ChaosServer[];
  readonly #redis: ChaosRedis | null;

  private constructor(servers: readonly ChaosServer[], redis: ChaosRedis | null) {
    this.#servers = servers;
    this.#redis = redis;
  }

  static async start(site: Site, record: RunRecord): Promise<ChaosSite> {
    const redis = site.log === "redis" ? await ChaosRedis.start(site.servers, record) : null;
    const logOf = (server: number): readonly string[] => {
      if (redis !== null) return ["--log", redis.urls[server] ?? ""];
      return site.log === "memory" ? ["--memory"] : ["--data", createTemporaryDirectory()];
    };
    const servers: ChaosServer[] = [];
    for (let n = 0; n < site.servers; n++) {
      const port = await freePort(); // in turn, or two might be given the same
      const name = site.servers === 1 ? "the server" : `server ${n}`;
      const options = { name, port, log: logOf(n), workers: site.workers };
      servers.push(await ChaosServer.start(options, record));
    }
    return new ChaosSite(servers, redis);
  }

  get urls(): readonly [string, ...string[]] {
    const [first, ...others] = this.#servers.map(({ url }) => url);
    return [first ?? "", ...others];
  }

  suffer(fault: PlannedSiteFault): void {
    if ("server" in fault) this.#servers[fault.server.server]?.suffer(fault.server);
    else if ("redis" in fault) this.#redis?.suffer(fault.redis);
    else this.#redis?.sufferNetwork(fault.of, fault.network);
  }

  /** Resolves when all is there again. */
  async whenStarted(): Promise<void> {
    await this.#redis?.whenStarted();
    await Promise.all(this.#servers.map((server) => server.whenStarted()));
  }

  /** What the servers and Redis have said last. */
  get said(): string {
    const all = [...this.#servers, this.#redis].map((one) => one?.said);
    return all.filter((said) => said !== undefined).join("\n");
  }

  /** All is about to be killed for good, by {@link endSites}; also what starts just now. */
  end(): void {
    for (const server of this.#servers) server.end();
  }
}

/** Kill what any site has started. */
export async function endSites(): Promise<void> {
  killProcesses();
  await closeTcpProxies();
  await stopRedis();
}
