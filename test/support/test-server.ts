import { type Logger, pino } from "pino";
import { type RunningServer, startServer } from "../../src/server.ts";
import { defaultConfig } from "../../src/settings/config.ts";
import type { Config } from "../../src/settings/settings.ts";

const servers = new Set<RunningServer>();

/**
 * Start a server in this process on a free port, with a log in memory unless `memory: false` and
 * `data` say otherwise. Stop all with {@link stopServers} in `afterEach`.
 */
export async function startTestServer(
  overrides: Partial<Config> = {},
  logger: Logger = pino({ level: process.env["TEST_LOG_LEVEL"] ?? "silent" }),
): Promise<RunningServer> {
  const config = defaultConfig({ port: 0, memory: true, drainMs: 2_000, ...overrides });
  const server = await startServer(config, logger);
  servers.add(server);
  return server;
}

/** Stop every server that was started and not stopped. */
export async function stopServers(): Promise<void> {
  const running = [...servers];
  servers.clear();
  await Promise.all(running.map((server) => server.drain()));
}
