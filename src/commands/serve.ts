import { type Command, Option } from "commander";
import type { Logger } from "pino";
import { endOnFault, endProcess } from "../process/end-process.ts";
import { runAsInit } from "../process/init.ts";
import { ServiceManager } from "../process/service-manager.ts";
import { VERSION } from "../process/version.ts";
import { parseConfig } from "../settings/config.ts";
import { formatLogLocation, parseLogLocation } from "../settings/log-location.ts";
import { SETTING_GROUPS } from "../settings/setting-groups.ts";
import {
  type Config,
  flagOf,
  SETTINGS,
  type Setting,
  type SettingName,
  variableOf,
} from "../settings/settings.ts";
import { keepAdminToken, readAdminToken } from "./admin-token-file.ts";
import { EXIT_CODES_HELP } from "./exit-codes.ts";

/** What runs: a server in this process, or several in their own. */
interface Running {
  readonly url: string;
  readonly adminToken: string;
  reloadTls(): void;
  drain(): Promise<void>;
}

/** Add `foreverframe serve`, with a flag for each setting. */
export function addServeCommand(program: Command): void {
  const command = program
    .command("serve")
    .summary("start the server")
    .description(
      "Start the server. Each setting can also be given in the environment, as the variable in brackets.",
    );
  for (const { heading, names } of SETTING_GROUPS)
    for (const name of names) command.addOption(settingOption(name).helpGroup(`${heading}:`));
  command
    .addHelpText(
      "after",
      `
Examples:
  foreverframe serve
  foreverframe serve --port 9000 --data /var/lib/foreverframe
  foreverframe serve --host 0.0.0.0 --secret-file secret --workers 4
  FOREVERFRAME_ADMIN_TOKEN=... foreverframe serve --log redis://127.0.0.1:6379
${EXIT_CODES_HELP}`,
    )
    .action((flags: Partial<Record<SettingName, string | boolean>>) => serve(flags, process.env));
}

function settingOption(name: SettingName): Option {
  const setting: Setting = SETTINGS[name];
  const argument =
    setting.kind === "switch"
      ? ""
      : setting.kind === "list"
        ? " <a,b,...>"
        : setting.kind === "choice"
          ? ` <${setting.choices.join("|")}>`
          : ` <${setting.kind}>`;
  const initial =
    setting.kind === "number"
      ? `; ${setting.min} to ${setting.max}, default ${setting.default}`
      : setting.kind === "text" || setting.kind === "choice"
        ? `; default ${setting.default || "none"}`
        : "";
  const option = new Option(
    `${flagOf(name)}${argument}`,
    `${setting.help}${initial} [${variableOf(name)}]`,
  );
  if (setting.kind !== "list") return option;
  // Given several times, it is one list.
  return option.argParser((value: string, before?: string) =>
    [before, value].filter(Boolean).join(","),
  );
}

/**
 * `foreverframe serve`: runs until SIGTERM, SIGINT or SIGHUP, then drains. A second signal ends it
 * at once. With TLS, SIGHUP has the certificate read anew instead.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID, FF_ADDRESS_IN_USE, FF_LOG_UNAVAILABLE
 */
async function serve(
  flags: Partial<Record<SettingName, string | boolean>>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const given = parseConfig(flags, environment);
  if (process.pid === 1) return runAsInit();
  // A full disk, or a closed pipe, is no reason to stop serving; other commands end by it.
  process.stdout.removeAllListeners("error");
  process.stdout.on("error", () => {});
  const config = withKeptAdminToken(given);
  // Loaded only now: the other commands do without.
  const { createLogger } = await import("../process/create-logger.ts");
  const logger = createLogger(config.logLevel);
  endOnFault(logger);
  const running = await start(config, logger);
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
  const location = parseLogLocation(config);
  printAddress(config, running, tellAdminToken(given, running.adminToken, logger));
  logger.info(
    {
      url: running.url,
      version: VERSION,
      node: process.versions.node,
      log: formatLogLocation(location),
      durable: location.kind !== "memory",
      workers: config.workers,
    },
    "listening",
  );
}

/** Loads what it starts only now: the other commands do without. */
async function start(config: Config, logger: Logger): Promise<Running> {
  if (config.workers > 0) {
    const { startWorkers } = await import("../workers/supervisor.ts");
    return startWorkers(config, logger);
  }
  const { startServer } = await import("../server.ts");
  return startServer(config, logger);
}

/** The configuration with the admin token that an earlier start has generated, if none is given. */
function withKeptAdminToken(config: Config): Config {
  const location = parseLogLocation(config);
  if (config.adminToken !== "" || location.kind !== "lmdb") return config;
  return { ...config, adminToken: readAdminToken(location.directory) ?? "" };
}

/**
 * How an admin learns the token. It is printed on a terminal only: elsewhere, what a server prints
 * is kept, and read by others.
 */
function tellAdminToken(config: Config, token: string, logger: Logger): string {
  const location = parseLogLocation(config);
  const isGiven = config.adminToken !== "";
  let file: string | null = null;
  try {
    if (location.kind === "lmdb") file = keepAdminToken(location.directory, isGiven ? null : token);
  } catch (error) {
    logger.warn({ err: error }, "admin token can't be kept in the directory of the log");
  }
  if (isGiven) return "as given";
  if (process.stdout.isTTY) return `${token} (generated)`;
  if (file !== null) return `generated, in ${file}`;
  return "generated, and not shown: give --admin-token to use the admin routes";
}

function printAddress(config: Config, { url }: Running, adminToken: string): void {
  process.stdout.write(
    [
      `Foreverframe serves at ${url}`,
      ...(config.workers > 0 ? [`  workers      ${config.workers}`] : []),
      `  log          ${formatLogLocation(parseLogLocation(config))}`,
      `  pages        ${url}/  ${url}/doors.html  ${url}/control.html`,
      `  admin page   ${url}/admin`,
      `  admin token  ${adminToken}`,
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
    Promise.all([manager?.tellStopping(), drain()]).then(
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
