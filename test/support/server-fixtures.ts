import { type Config, flagOf, type SettingName } from "../../src/settings/config.ts";
import { type CliProcess, startServeProcess } from "./serve-process.ts";
import { createTemporaryDirectory, removeTemporaryDirectories } from "./temporary-directory.ts";
import { startTestServer, stopServers } from "./test-server.ts";

/** How a server is run for a suite that does not mind. */
export interface ServerFixture {
  readonly name: string;
  start(settings?: Partial<Config>): Promise<{ readonly url: string; readonly adminToken: string }>;
  /** Drain all that were started. */
  stop(): Promise<void>;
}

/** A server in the test's process, with its log in memory. */
export const ONE_SERVER: ServerFixture = {
  name: "one server",
  start: startTestServer,
  stop: stopServers,
};

const processes = new Set<CliProcess>();

/** Two workers, as from the command line. */
export const TWO_WORKERS: ServerFixture = {
  name: "two workers",
  async start(settings = {}) {
    const all: Partial<Config> = {
      workers: 2,
      data: createTemporaryDirectory(),
      adminToken: "a-token-for-tests",
      drainMs: 2_000,
      ...settings,
    };
    const flags = Object.entries(all).flatMap(([name, value]) =>
      typeof value === "boolean"
        ? flagOf(name as SettingName)
        : [flagOf(name as SettingName), String(value)],
    );
    const { process, url } = await startServeProcess(flags);
    processes.add(process);
    return { url, adminToken: "a-token-for-tests" };
  },
  async stop() {
    for (const process of processes) {
      process.kill("SIGTERM");
      await process.outcome;
    }
    processes.clear();
    removeTemporaryDirectories();
  },
};
