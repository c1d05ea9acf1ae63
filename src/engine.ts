import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { hostname, networkInterfaces } from "node:os";
import { fileURLToPath } from "node:url";
import type { Alarms } from "./core/alarms.ts";
import type { Running } from "./core/duties.ts";
import { Hub } from "./core/hub.ts";
import type { MessageLog, RetentionRules } from "./core/log.ts";
import { MemoryBudget } from "./core/memory-budget.ts";
import type { Revocations } from "./core/revocations.ts";
import { Tally } from "./core/tally.ts";
import { Trimmer } from "./core/trimmer.ts";
import { TurnBudget } from "./core/turn-budget.ts";
import { ForeverframeError, shorten } from "./errors.ts";
import type { StreamHooks } from "./hooks/stream-hooks.ts";
import { AdminToken } from "./http/admin-token.ts";
import { type App, createApp } from "./http/app.ts";
import { Authorization } from "./http/authorization.ts";
import type { Authorize } from "./http/authorize.ts";
import { RequestTurns } from "./http/connection/request-turns.ts";
import { parseProxies } from "./http/forwarded.ts";
import { guardAuthorize } from "./http/guarded-authorize.ts";
import { Guesses, WRONG_TOKENS } from "./http/guesses.ts";
import type { PageDirectory } from "./http/pages.ts";
import { opensStream } from "./http/routes/stream.ts";
import type { SharedBudgets } from "./http/shared-budgets.ts";
import { WaitingPieces } from "./http/sinks/waiting-pieces.ts";
import { userOf } from "./http/user-header.ts";
import type { Logger } from "./logger.ts";
import { openLog } from "./logs/open-log.ts";
import { type SharedAppends, shareAppends } from "./logs/share-appends.ts";
import { AWAY_MS, isUnavailable, joinPeers, type Membership } from "./peers.ts";
import { Machine } from "./process/machine.ts";
import { nodeScheduler } from "./process/node-scheduler.ts";
import { StreamLog } from "./process/stream-log.ts";
import { tryAgain } from "./process/try-again.ts";
import { UndoList } from "./process/undo-list.ts";
import { AuthorizeUrl } from "./session/authorize-url.ts";
import { whoDecides } from "./session/who-decides.ts";
import { isLoopback } from "./settings/config.ts";
import { parseGearman } from "./settings/gearman.ts";
import { parseLogLocation } from "./settings/log-location.ts";
import { readOpenFilesLimit, resolveMaxStreams } from "./settings/open-files.ts";
import { parseRetention } from "./settings/retention.ts";
import type { Config } from "./settings/settings.ts";
import { GearmanSource } from "./sources/gearman/gearman-source.ts";
import { takeLog } from "./take-log.ts";
import { authorizeByTokens } from "./tokens/token-authorization.ts";
import type { TokenVerifier } from "./tokens/token-verifier.ts";
import { createAlarms, openHooks, startWatches } from "./watches.ts";

/** The built-in pages, and the client. */
const PAGES = fileURLToPath(new URL("../static/", import.meta.url));

/** How long bodies of publishes are parsed in one turn of the event loop, in ms. */
const BODIES_MS = 4;

/**
 * Part of the streams that one address or subject may have by default; all of them if there are
 * only a few.
 */
const ADDRESS_SHARE = 0.75;
const FEW_STREAMS = 100;

/** That the log can't be read is said at most this often, in ms: every stream tries again. */
const READ_FAILED_MS = 60_000;

/** Handles of this many successive workers differ. */
const GENERATIONS = 1_024;

/** What an engine is made for. */
export interface EngineOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Of a worker, whose supervisor holds the log's directory; null for a process alone. */
  readonly membership: Membership | null;
  /** Decides who may do what; null if everybody who reaches the engine may do anything. */
  readonly authorize: Authorize | null;
  /** Whether only this machine may call. */
  readonly isLocal: boolean;
  /** Names that a Host header may give; null for any. */
  readonly hosts: readonly string[] | null;
}

/**
 * The whole product except what listens: the log, the hub, what feeds and trims the log, and the
 * HTTP application.
 */
export interface Engine {
  readonly hub: Hub;
  readonly log: MessageLog;
  readonly app: App;
  readonly budgets: SharedBudgets;
  /** The token of the admin routes: as given, else generated for this start. */
  readonly adminToken: string;
  /** What an operator should know before it becomes trouble. */
  readonly alarms: Alarms;
  /** Tells the application of streams; null where no one asked for that. */
  readonly hooks: StreamHooks | null;
  /** Begin to take messages from the sources. */
  startSources(): void;
  /**
   * Take no new streams, tell every stream `shutdown`, and stop trimming and the sources.
   *
   * Resolves when no stream's connection is left, or at `deadline`, after which those that are left
   * are cut.
   */
  drain(deadline: Promise<void>): Promise<void>;
  /** Stop reading the log, and close it. Call it last. */
  close(): Promise<void>;
}

/**
 * Start everything that a configuration asks for, except what listens.
 *
 * @throws ForeverframeError FF_LOG_UNAVAILABLE, FF_CONFIG_INVALID
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { config, logger, membership, authorize, hosts, isLocal } = options;
  const limits = resolveLimits(config);
  const jobs = parseGearman(config);
  const pages = pageDirectories(config);
  const retention = parseRetention(config);
  const alarms = createAlarms(logger, (membership?.index ?? 0) === 0);
  const hooks = openHooks(config, alarms);
  const undo = new UndoList();
  undo.add(() => hooks?.stop());
  try {
    if (membership === null) undo.add(await takeLog(config, logger));
    const log = await openConfiguredLog(config, membership, retention, logger);
    undo.add(() => log.close());
    const appends = await appendsOf(config, membership, log, logger);
    undo.add(() => appends.stop());
    const peers = await joinPeers(config, membership, logger);
    undo.add(() => peers.bus.close());
    undo.add(() => peers.duties.stop());
    const tally = new Tally();
    const machine = new Machine(membership?.index ?? null, directoryOf(config));
    undo.add(() => machine.stop());
    const hub = await tryAgain(AWAY_MS, isUnavailable, () =>
      Hub.start({
        log,
        appender: appends.appender,
        bus: peers.bus,
        scheduler: nodeScheduler,
        limits,
        nextHandle: createHandles(peers.number),
        newStreamId: () => peers.newId(16),
        newTicketId: () => peers.newId(24),
        random: Math.random,
        tally,
        machine: () => machine.figures(),
        alarms,
        events: () => hooks?.figures ?? null,
        listeners: [new StreamLog(logger, nodeScheduler), ...(hooks === null ? [] : [hooks])],
        onError: atMost(READ_FAILED_MS, (error) =>
          logger.error({ err: error }, "log can't be read, trying again"),
        ),
      }),
    );
    undo.add(() => hub.stop());
    undo.add(startWatches(config, alarms));
    peers.duties.add(() => startTrimmer(log, config, logger));
    const unread = new MemoryBudget(config.maxBufferedBytes);
    const budgets = {
      bodies: new MemoryBudget(config.maxBufferedBytes),
      unread,
      pieces: new WaitingPieces(unread),
      turns: new RequestTurns(nodeScheduler, opensStream),
    };
    const verifier = await openVerifier(config, (Verifier) =>
      Verifier.open(
        config,
        { scheduler: nodeScheduler, logger, news: membership?.keyNews ?? null },
        (isValid) => void hub.endThoseOfKeys(isValid),
      ),
    );
    undo.add(() => verifier?.close());
    const guesses = new Guesses(WRONG_TOKENS, nodeScheduler.monotonicMs);
    const decide =
      authorize === null
        ? configuredAuthorize(config, verifier, guesses, hub.revocations, logger)
        : guardAuthorize(authorize);
    const token = config.adminToken || randomBytes(16).toString("base64url");
    const adminToken = new AdminToken(token);
    const authorization = new Authorization({
      adminToken,
      authorize: decide,
      userHeader: config.userHeader.toLowerCase(),
      hub,
      guesses,
      now: nodeScheduler.unixMs,
    });
    const app = createApp({
      hub,
      access: { hosts, isLocal, origins: config.allowedOrigins },
      limits: config,
      proxies: parseProxies(config.trustedProxies),
      metricsOpen: config.metricsOpen,
      retention,
      bodies: {
        budget: budgets.bodies,
        turns: new TurnBudget(nodeScheduler, BODIES_MS),
        largeTurns: new TurnBudget(nodeScheduler, BODIES_MS),
      },
      adminToken,
      authorization,
      alarms,
      unread,
      scheduler: nodeScheduler,
      pages,
      logger,
    });
    const { maxMessageBytes } = config;
    const publish = hub.publish.bind(hub);
    return {
      hub,
      log,
      app,
      budgets,
      adminToken: token,
      alarms,
      hooks,
      startSources() {
        for (const job of jobs) {
          peers.duties.add(() => {
            const source = new GearmanSource({ ...job, maxMessageBytes, publish, log: logger });
            source.start();
            return source;
          });
        }
      },
      async drain(deadline) {
        const stopped = peers.duties.stop();
        const published = app.drain(deadline);
        await hub.drain(() => Math.round(config.retryMs * (0.5 + Math.random())));
        void deadline.then(() => hub.cut());
        const told = hooks?.drain(deadline);
        await Promise.race([Promise.all([hub.idle(), stopped, published, told]), deadline]);
      },
      close: () => undo.run(),
    };
  } catch (error) {
    await undo.run();
    throw error;
  }
}

/** The directory of the log; null where the log is not on a disk. */
function directoryOf(config: Config): string | null {
  const location = parseLogLocation(config);
  return location.kind === "lmdb" ? location.directory : null;
}

/** Null where no tokens are configured: what checks them is not even loaded then. */
async function openVerifier(
  config: Config,
  open: (Verifier: typeof TokenVerifier) => Promise<TokenVerifier>,
): Promise<TokenVerifier | null> {
  if (config.secretFile === "" && config.jwks === "") return null;
  const { TokenVerifier } = await import("./tokens/token-verifier.ts");
  return open(TokenVerifier);
}

/** Null where everybody may do everything. */
function configuredAuthorize(
  { authorizeUrl, userHeader }: Config,
  verifier: TokenVerifier | null,
  guesses: Guesses,
  revocations: Revocations,
  logger: Logger,
): Authorize | null {
  const { monotonicMs, unixMs } = nodeScheduler;
  const signedIn = (request: IncomingMessage) => userOf(request, userHeader.toLowerCase());
  const application =
    authorizeUrl === ""
      ? null
      : new AuthorizeUrl({
          url: authorizeUrl,
          userOf: signedIn,
          revocations,
          now: monotonicMs,
          unixNow: unixMs,
          logger,
        });
  return whoDecides({
    byTokens: verifier === null ? null : authorizeByTokens({ verifier, guesses, now: unixMs }),
    byApplication: application?.authorize ?? null,
    userOf: userHeader === "" ? null : signedIn,
  });
}

/** Whether a process is the one of the workers on one directory that appends for all. */
function appendsForAll(config: Config, membership: Membership | null): boolean {
  return membership?.index === 0 && directoryOf(config) !== null;
}

/** Workers on one directory have the first of them append. */
async function appendsOf(
  config: Config,
  membership: Membership | null,
  log: MessageLog,
  logger: Logger,
): Promise<SharedAppends> {
  const directory = directoryOf(config);
  if (membership === null || directory === null || config.workers < 2)
    return { appender: log, stop: () => {} };
  return shareAppends({
    log,
    directory,
    isWriter: appendsForAll(config, membership),
    scheduler: nodeScheduler,
    onError: (error) => logger.warn({ err: error }, "can't append for the other workers"),
  });
}

function openConfiguredLog(
  config: Config,
  membership: Membership | null,
  retention: RetentionRules,
  logger: Logger,
): Promise<MessageLog> {
  const { maxLogBytes } = config;
  return openLog(parseLogLocation(config), {
    ...config,
    // What the first worker appends for all counts in it alone.
    processes: appendsForAll(config, membership) ? 1 : Math.max(1, config.workers),
    maxLogBytes: maxLogBytes === 0 ? Number.POSITIVE_INFINITY : maxLogBytes,
    retention,
    now: nodeScheduler.unixMs,
    monotonicMs: nodeScheduler.monotonicMs,
    onTrouble: (trouble: ForeverframeError | null) => {
      if (trouble === null) logger.info({}, "log available again");
      else logger.error({ err: trouble }, "log unavailable: publishes are refused");
    },
  });
}

/** Tell of something, and of nothing that follows within `ms`. */
function atMost(ms: number, tell: (what: unknown) => void): (what: unknown) => void {
  let quietUntil = Number.NEGATIVE_INFINITY;
  return (what) => {
    const now = nodeScheduler.monotonicMs();
    if (now < quietUntil) return;
    quietUntil = now + ms;
    tell(what);
  };
}

/** The numbers that name streams in listings: rising, and never the same in two workers. */
function createHandles(generation: number | null): () => number {
  let opened = 0;
  if (generation === null) return () => ++opened;
  return () => ++opened * GENERATIONS + (generation % GENERATIONS);
}

/** Replace the zeros in the limits of streams by what they stand for, for one of the workers. */
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
    maxStreamsPerSubject: config.maxStreamsPerSubject === 0 ? share : config.maxStreamsPerSubject,
  };
}

function startTrimmer(log: MessageLog, { trimMs }: Config, logger: Logger): Running {
  const onError = (error: unknown) =>
    logger.error({ err: error }, "log can't be trimmed, trying again");
  const trimmer = new Trimmer({ log, scheduler: nodeScheduler, pauseMs: trimMs, onError });
  return { stop: async () => trimmer.stop() };
}

function pageDirectories({ pages }: Config): readonly PageDirectory[] {
  const builtIn = { path: PAGES, policy: "page" } as const;
  if (pages === "") return [builtIn];
  if (statSync(pages, { throwIfNoEntry: false })?.isDirectory())
    return [{ path: pages, policy: "ownPage" }, builtIn];
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    `--pages is "${shorten(pages)}", which is not a directory: give the one that has your pages`,
  );
}

/** Names under which a server that listens may be called, besides loopback's. */
export function knownHosts({ host, allowedHosts }: Config): readonly string[] {
  if (isLoopback(host)) return [...allowedHosts, host];
  const addresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
  return [...allowedHosts, host, hostname(), ...addresses];
}
