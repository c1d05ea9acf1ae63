import { type Logger, pino } from "pino";
import { endOnFault, endProcess } from "../process/end-process.ts";
import { runAsInit } from "../process/init.ts";
import { LogOutput } from "../process/log-output.ts";
import { ServiceManager } from "../process/service-manager.ts";
import { startServer } from "../server.ts";
import { parseConfig } from "../settings/config.ts";
import { formatLogLocation, parseLogLocation } from "../settings/log-location.ts";
import type { Config, SettingName } from "../settings/settings.ts";
import { startWorkers } from "../workers/supervisor.ts";

/** What runs: a server in this process, or several in their own. */
interface Running {
  readonly url: string;
  readonly adminToken: string;
  reloadTls(): void;
  drain(): Promise<void>;
}

/**
 * `foreverframe serve`: runs until SIGTERM, SIGINT or SIGHUP, then drains. A second signal ends it
 * at once. With TLS, SIGHUP has the certificate read anew instead.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID, FF_LOG_UNAVAILABLE
 */
export async function serve(
  flags: Partial<Record<SettingName, string | boolean>>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const config = parseConfig(flags, environment);
  if (process.pid === 1) return runAsInit();
  // A full disk, or a closed pipe, is no reason to stop serving.
  process.stdout.on("error", () => {});
  const logger = pino({ name: "foreverframe" }, new LogOutput());
  endOnFault(logger);
  const running = await (config.workers > 0
    ? startWorkers(config, logger)
    : startServer(config, logger));
  const manager = ServiceManager.of(environment, logger);
  // Before anybody is told that it runs: who knows may ask it to stop.
  const signals = ["SIGTERM", "SIGINT"] as const;
  stopOnSignals(config.tlsCert === "" ? [...signals, "SIGHUP"] : signals, running, manager, logger);
  if (config.tlsCert !== "") {
    process.on("SIGHUP", () => {
      manager?.tellReloading();
      running.reloadTls();
      manager?.tellReady();
    });
  }
  manager?.tellReady();
  printAddress(config, running);
  logger.info(
    {
      url: running.url,
      durable: parseLogLocation(config).kind !== "memory",
      workers: config.workers,
    },
    "listening",
  );
}

function printAddress(config: Config, { url, adminToken }: Running): void {
  process.stdout.write(
    [
      `Foreverframe serves at ${url}`,
      ...(config.workers > 0 ? [`  workers      ${config.workers}`] : []),
      `  log          ${formatLogLocation(parseLogLocation(config))}`,
      `  pages        ${url}/  ${url}/doors.html  ${url}/control.html`,
      `  admin token  ${config.adminToken === "" ? `${adminToken} (generated for this start)` : "as given"}`,
      "",
    ].join("\n"),
  );
}

function stopOnSignals(
  signals: readonly NodeJS.Signals[],
  { drain }: Running,
  manager: ServiceManager | null,
  logger: Logger,
): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return endProcess(signal);
    stopping = true;
    logger.info({ signal }, "draining");
    manager?.tellStopping();
    drain().then(
      () => {
        logger.info("stopped");
        process.exit(0);
      },
      (error: unknown) => {
        logger.fatal({ err: error }, "could not stop cleanly");
        endProcess("SIGKILL");
      },
    );
  };
  for (const signal of signals) process.on(signal, stop);
}
