import type { Alarms } from "./core/alarms.ts";
import type { Hub } from "./core/hub.ts";
import type { MessageLog } from "./core/log.ts";
import { knownHosts, startEngine } from "./engine.ts";
import { HttpServer } from "./http/http-server.ts";
import type { Logger } from "./logger.ts";
import type { Membership } from "./peers.ts";
import { nodeScheduler } from "./process/node-scheduler.ts";
import { checkConfig } from "./settings/config.ts";
import { maxSocketsOf, readOpenFilesLimit } from "./settings/open-files.ts";
import type { Config } from "./settings/settings.ts";
import type { TlsPair } from "./tls/tls-pair.ts";
import { TlsWatch } from "./tls/tls-watch.ts";

/** A server that is listening. */
export interface RunningServer {
  /**
   * Such as `http://127.0.0.1:8080`, or `https://...` with TLS; where it listens on all addresses,
   * loopback's.
   */
  readonly url: string;
  readonly hub: Hub;
  readonly log: MessageLog;
  /** The token of the admin routes: as given, else generated for this start. */
  readonly adminToken: string;
  readonly alarms: Alarms;
  /** Read the files of the certificate now: see {@link TlsWatch.reload}. Nothing without TLS. */
  reloadTls(): void;
  /** Speak TLS by another pair, which has been checked. Of a worker: its supervisor reads files. */
  useTls(pair: TlsPair): void;
  /**
   * Stop: no new streams, every stream is told `shutdown`, publishes under way are finished, the
   * log is closed. Resolves within `drainMs`; connections that are left then are cut.
   */
  drain(): Promise<void>;
}

/** What a worker is, and what its supervisor has for it. */
export interface WorkerMembership extends Membership {
  /** Null for plain HTTP. */
  readonly tls: TlsPair | null;
}

/**
 * Start everything that a configuration asks for, in this process.
 *
 * @param membership of a worker, whose supervisor holds the log's directory and reads the files of
 *   the certificate; null for a server alone
 * @throws ForeverframeError FF_LOG_UNAVAILABLE, FF_CONFIG_INVALID (such as: the address is in use)
 */
export async function startServer(
  config: Config,
  logger: Logger,
  membership: WorkerMembership | null = null,
): Promise<RunningServer> {
  checkConfig(config);
  const watch =
    config.tlsCert === "" || membership !== null
      ? null
      : await TlsWatch.open(config, { scheduler: nodeScheduler, logger });
  const engine = await startEngine({
    config,
    logger,
    membership,
    authorize: null,
    isLocal: false, // the settings require tokens or --open where others can reach it
    hosts: knownHosts(config),
  });
  const { hub, log, app, budgets, adminToken, alarms } = engine;
  const server = new HttpServer({
    ...config,
    app,
    logger,
    tls: watch?.pair ?? membership?.tls ?? null,
    received: budgets.bodies,
    unread: budgets.unread,
    waitingPieces: budgets.pieces,
    turns: budgets.turns,
    maxSockets: maxSocketsOf(readOpenFilesLimit()),
  });
  const url = await server.listen(config.host, config.port).catch(async (error: unknown) => {
    await engine.close();
    throw error;
  });
  watch?.start((pair) => server.useTls(pair));
  engine.startSources();
  return {
    url,
    hub,
    log,
    adminToken,
    alarms,
    reloadTls: () => void watch?.reload(),
    useTls: (pair) => server.useTls(pair),
    async drain() {
      watch?.stop();
      const deadline = new Promise<void>((resolve) => nodeScheduler.after(config.drainMs, resolve));
      await engine.drain(deadline);
      await server.drain(deadline);
      await engine.close();
    },
  };
}
