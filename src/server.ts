import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import {
  createServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, isIPv6 } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import { InProcessBus } from "./buses/in-process-bus.ts";
import type { Bus } from "./core/bus.ts";
import { formatEpoch } from "./core/cursor.ts";
import { Hub } from "./core/hub.ts";
import type { MessageLog, RetentionRules } from "./core/log.ts";
import { MemoryBudget } from "./core/memory-budget.ts";
import { Trimmer } from "./core/trimmer.ts";
import { TurnBudget } from "./core/turn-budget.ts";
import { ForeverframeError, shorten } from "./errors.ts";
import { createApp } from "./http/app.ts";
import { refuseBrokenRequest, refuseConnect } from "./http/connection/broken-request.ts";
import { Connections } from "./http/connection/connections.ts";
import { serveUpgrades } from "./http/connection/upgrades.ts";
import type { PageDirectory } from "./http/pages.ts";
import { isPublish } from "./http/routes/publish.ts";
import { opensStream } from "./http/routes/stream.ts";
import { WaitingPieces } from "./http/sinks/waiting-pieces.ts";
import { lockDirectory } from "./logs/directory-lock.ts";
import { openLmdbLog } from "./logs/lmdb-log.ts";
import { probeLmdbLog } from "./logs/lmdb-probe.ts";
import { openMemoryLog } from "./logs/memory-log.ts";
import { nodeScheduler, noteConnection } from "./process/node-scheduler.ts";
import { type Config, isLoopback } from "./settings/config.ts";
import { parseGearman } from "./settings/gearman.ts";
import { maxSocketsOf, readOpenFilesLimit, resolveMaxStreams } from "./settings/open-files.ts";
import { parseRetention } from "./settings/retention.ts";
import { GearmanSource } from "./sources/gearman/gearman-source.ts";

/** The built-in pages, and the client. */
const PAGES = fileURLToPath(new URL("../static/", import.meta.url));

/** Bytes of a request's head. 64 selectors of 128 bytes, percent-encoded, take 25 KiB. */
const MAX_HEAD_BYTES = 32_768;

/** How long what comes from clients is parsed as HTTP in one turn of the event loop, in ms. */
const READING_MS = 4;

/** How long bodies of publishes are parsed in one turn of the event loop, in ms. */
const BODIES_MS = 4;

/** What a socket takes before a stream waits for its client, in bytes. Newer versions of Node would take 65,536. */
const SOCKET_BYTES = 16_384;

/** Part of the streams that one address may have by default, where there are not only a few. */
const ADDRESS_SHARE = 0.75;
const FEW_STREAMS = 100;

/** Handles of so many processes that follow one another differ. */
const LIVES = 1_024;

/** A server that is listening. */
export interface RunningServer {
  /** Such as `http://127.0.0.1:8080`; where it listens on all addresses, loopback's. */
  readonly url: string;
  readonly hub: Hub;
  readonly log: MessageLog;
  /** The token of the operating routes: as given, else drawn for this start. */
  readonly adminToken: string;
  /**
   * Stop: no new streams, every stream is told `shutdown`, publishes under way are finished, the log is closed.
   * Resolves within `drainMs`; connections that are left then are cut.
   */
  drain(): Promise<void>;
}

/** What a server is among others that share its port and its log. */
export interface Membership {
  readonly bus: Bus;
  /** Its place among `config.workers`, from 0; the first does what is to be done once. */
  readonly index: number;
  /** Drawn for this process, and for none of the others that share the log since they were started. */
  readonly life: number;
}

/**
 * Start everything that a configuration asks for, in this process.
 *
 * @param membership of a worker, whose supervisor holds the log's directory; null for a server alone
 * @throws ForeverframeError FF_LOG_UNAVAILABLE, FF_CONFIG_INVALID (the address is in use, or none of this machine)
 */
export async function startServer(
  config: Config,
  logger: Logger,
  membership: Membership | null = null,
): Promise<RunningServer> {
  const limits = resolveLimits(config);
  const retention = parseRetention(config);
  const pages = pageDirectories(config);
  const jobs = parseGearman(config);
  const isAlone = membership === null;
  const unlock = isAlone && !config.memory ? await lockLog(config, logger) : () => {};
  const log = await openLog(config, retention, logger, isAlone).catch((error: unknown) => {
    unlock();
    throw error;
  });
  const bus = membership?.bus ?? new InProcessBus();
  const { index, life } = membership ?? { index: 0, life: 0 };
  let opened = 0;
  const hub = await Hub.start({
    log,
    bus,
    scheduler: nodeScheduler,
    limits,
    drawHandle: isAlone ? () => ++opened : () => ++opened * LIVES + (life % LIVES),
    drawStreamId: () => `n1.${randomBytes(16).toString("base64url")}`,
    random: Math.random,
    onError: (error) => logger.error({ err: error }, "the log can't be read, trying again"),
  });
  const trimmer = index === 0 ? startTrimmer(log, config, logger) : null;
  // Apart, so that readers that stop can't make publishes be refused.
  const bodies = {
    budget: new MemoryBudget(config.maxBufferedBytes),
    turns: new TurnBudget(nodeScheduler, BODIES_MS),
    largeTurns: new TurnBudget(nodeScheduler, BODIES_MS),
  };
  const unread = new MemoryBudget(config.maxBufferedBytes);
  const connections = new Connections(nodeScheduler, {
    stallMs: config.stallMs,
    reading: new TurnBudget(nodeScheduler, READING_MS),
    received: bodies.budget,
    unread,
    waitingPieces: new WaitingPieces(unread),
    maxSockets: maxSocketsOf(readOpenFilesLimit()),
    mayOverlap: isPublish,
    opensStream,
  });
  const adminToken = config.adminToken || randomBytes(16).toString("base64url");
  const app = createApp({
    hub,
    access: { hosts: knownHosts(config), origins: config.allowedOrigins },
    limits: config,
    bodies,
    adminToken,
    pages,
    logger,
  });
  const handle = app.callback();
  const times = {
    headersTimeout: config.requestHeadMs,
    requestTimeout: Math.max(config.requestHeadMs, config.requestBodyMs),
    connectionsCheckingInterval: Math.min(1_000, config.requestHeadMs),
    keepAliveTimeout: config.keepAliveMs,
    maxHeaderSize: MAX_HEAD_BYTES,
    highWaterMark: SOCKET_BYTES,
    requireHostHeader: false, // its refusal would be without a word
  };
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (hub.draining) response.setHeader("Connection", "close"); // else it would be kept open past the drain
    void handle(request, response);
  };
  const admit = (request: IncomingMessage, response: ServerResponse) =>
    connections.admit(request, response, () => answer(request, response));
  const http = createServer(times, admit);
  http.on("checkExpectation", admit); // an expectation that is not known is none of ours, and may be ignored
  http.on("connect", refuseConnect);
  connections.serve(http);
  serveUpgrades(http, connections, answer);
  http.on("connection", noteConnection);
  http.on("clientError", refuseBrokenRequest);
  try {
    await listen(http, config);
  } catch (error) {
    trimmer?.stop();
    hub.stop();
    await log.close();
    unlock();
    throw error;
  }
  const { maxMessageBytes } = config;
  const publish = hub.publish.bind(hub);
  const sources = (index === 0 ? jobs : []).map(
    (job) => new GearmanSource({ ...job, maxMessageBytes, publish, log: logger }),
  );
  for (const source of sources) source.start();
  return {
    url: formatUrl(config.host, (http.address() as AddressInfo).port),
    hub,
    log,
    adminToken,
    async drain() {
      trimmer?.stop();
      const sourcesStopped = Promise.all(sources.map((source) => source.stop()));
      const closed = new Promise((resolve) => http.once("close", resolve));
      const deadline = new Promise<void>((resolve) => nodeScheduler.after(config.drainMs, resolve));
      await hub.drain(() => Math.round(config.retryMs * (0.5 + Math.random())));
      await Promise.race([Promise.all([hub.idle(), sourcesStopped]), deadline]);
      http.close();
      connections.closeIdle();
      // Those that were answering a publish then are idle only now, and would be kept open for a minute.
      const stopClosing = nodeScheduler.every(50, () => connections.closeIdle());
      void deadline.then(() => {
        hub.cut();
        http.closeAllConnections();
      });
      await closed;
      stopClosing();
      hub.stop();
      await bus.close();
      await log.close();
      unlock();
    },
  };
}

/**
 * Take the directory of the log for this process, and those that it starts: see {@link lockDirectory}.
 *
 * @throws ForeverframeError FF_LOG_UNAVAILABLE
 */
export function lockLog({ data }: Config, logger: Logger): Promise<() => void> {
  const onWait = (holder: string) =>
    logger.warn({ data, holder }, "another server has the log: waiting some seconds for its end");
  return lockDirectory(data, { onWait });
}

/** @param probes whether it has to be found out first that the file would not kill the process */
async function openLog(
  config: Config,
  retention: RetentionRules,
  logger: Logger,
  probes: boolean,
): Promise<MessageLog> {
  const options = {
    ...config,
    maxLogBytes: orNever(config.maxLogBytes),
    retention,
    now: nodeScheduler.unixMs,
    monotonicMs: nodeScheduler.monotonicMs,
    onTrouble: (trouble: ForeverframeError | null) => {
      if (trouble === null) logger.info("the log takes messages again");
      else logger.error({ err: trouble }, "the log takes no messages: publishes are refused");
    },
  };
  const drawEpoch = () => formatEpoch(randomBytes(5));
  if (config.memory) return openMemoryLog(drawEpoch, options);
  if (probes) await probeLmdbLog(config.data);
  return openLmdbLog(config.data, drawEpoch, options);
}

/** A limit, for which 0 stands for none. */
function orNever(limit: number): number {
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
}

/** The limits of streams with what 0 stands for put in, for one of the workers. */
function resolveLimits(config: Config): Config {
  const maxStreams = resolveMaxStreams(
    Math.ceil(config.maxStreams / Math.max(1, config.workers)),
    readOpenFilesLimit(),
  );
  const share = maxStreams < FEW_STREAMS ? maxStreams : Math.floor(maxStreams * ADDRESS_SHARE);
  return {
    ...config,
    maxStreams,
    maxStreamsPerAddress: config.maxStreamsPerAddress === 0 ? share : config.maxStreamsPerAddress,
  };
}

function startTrimmer(log: MessageLog, { trimMs }: Config, logger: Logger): Trimmer {
  const onError = (error: unknown) =>
    logger.error({ err: error }, "the log can't be trimmed, trying again");
  return new Trimmer({ log, scheduler: nodeScheduler, pauseMs: trimMs, onError });
}

/** Why a server can't listen, and what to do about it. */
const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process listens there: stop it, or give another --port",
  EADDRNOTAVAIL: "this machine has no such address: give one of its own as --host",
  ENOTFOUND: "the name is not known: give an address of this machine as --host",
  EAI_AGAIN: "the name can't be looked up now: give an address of this machine as --host",
  EACCES: "the system does not allow it: give a --port from 1024 on",
};

async function listen(http: HttpServer, { host, port }: Config): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      http.once("error", reject);
      http.listen({ host, port, backlog: 4_096 }, resolve);
    });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reason = LISTEN_FAULTS[code] ?? `${error}`;
    throw new ForeverframeError("FF_CONFIG_INVALID", `Can't listen on ${host}:${port}: ${reason}`, {
      cause: error,
    });
  }
}

function pageDirectories({ pages }: Config): readonly PageDirectory[] {
  const builtIn = { path: PAGES, policy: "page" } as const;
  if (pages === "") return [builtIn];
  if (statSync(pages, { throwIfNoEntry: false })?.isDirectory())
    return [{ path: pages, policy: "ownPage" }, builtIn];
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    `--pages is "${shorten(pages)}", which is no directory: give the one that has your pages`,
  );
}

/** Names under which this server may be called, beside loopback's. */
function knownHosts({ host, allowedHosts }: Config): readonly string[] {
  if (isLoopback(host)) return [...allowedHosts, host];
  const addresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
  return [...allowedHosts, host, hostname(), ...addresses];
}

function formatUrl(host: string, port: number): string {
  const reached = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${isIPv6(reached) ? `[${reached}]` : reached}:${port}`;
}
