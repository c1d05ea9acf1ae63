import { pino } from "pino";
import { parseConfig, type SettingName } from "../config.ts";
import { startServer } from "../server.ts";

/**
 * `foreverframe serve`: runs until SIGTERM or SIGINT, then drains. A second signal ends it at once.
 *
 * @throws ForeverframeError FF_CONFIG_INVALID, FF_LOG_UNAVAILABLE
 */
export async function serve(
  flags: Partial<Record<SettingName, string | boolean>>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const config = parseConfig(flags, environment);
  const logger = pino({ name: "foreverframe" }, pino.destination({ dest: 2, sync: true }));
  // LMDB's binding prints what fails, beside throwing it: so it becomes a line of the log like all others.
  console.error = (...reasons: readonly unknown[]) =>
    logger.error({ err: reasons[0] }, "a library says");
  const server = await startServer(config, logger);
  process.stdout.write(
    [
      `Foreverframe serves at ${server.url}`,
      `  log          ${config.memory ? "in memory: it ends with this process" : `${config.data} (durable)`}`,
      `  pages        ${server.url}/  ${server.url}/doors.html  ${server.url}/control.html`,
      `  admin token  ${config.adminToken === "" ? `${server.adminToken} (drawn for this start)` : "as given"}`,
      "",
    ].join("\n"),
  );
  logger.info({ url: server.url, durable: !config.memory }, "listening");

  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info({ signal, streams: server.hub.openStreams }, "draining");
    server.drain().then(
      () => {
        logger.info("stopped");
        process.exit(0);
      },
      (error: unknown) => {
        logger.fatal({ err: error }, "could not stop cleanly");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
