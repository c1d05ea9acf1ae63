import { expect } from "chai";
import { type Config, flagOf, type SettingName } from "../../src/settings/settings.ts";
import { type Answer, ask } from "./request.ts";
import { type CliProcess, killProcesses, startServeProcess } from "./serve-process.ts";
import { createTemporaryDirectory, removeTemporaryDirectories } from "./temporary-directory.ts";
import { TEST_TLS } from "./test-certificate.ts";
import { startTestServer, stopServers } from "./test-server.ts";

/** How a server is run for a suite that does not mind. */
export interface ServerFixture {
  readonly name: string;
  start(settings?: Partial<Config>): Promise<{ readonly url: string; readonly adminToken: string }>;
  /** Drain all that were started. */
  stop(): Promise<void>;
  /** For `afterEach` of a test that has passed: keep none of its streams and messages. */
  release(): Promise<void>;
}

/** A server in the test's process, with its log in memory. */
export const ONE_SERVER: ServerFixture = {
  name: "one server",
  start: startTestServer,
  stop: stopServers,
  release: stopServers,
};

/** The same, which speaks TLS: see `trustTestCertificate`. */
export const ONE_TLS_SERVER: ServerFixture = {
  ...ONE_SERVER,
  name: "one server with TLS",
  start: (settings) => startTestServer({ ...TEST_TLS, ...settings }),
};

const ADMIN_TOKEN = "a-token-for-tests";

/** Two workers, as from the command line. */
class TwoWorkers {
  readonly adminToken = ADMIN_TOKEN;
  readonly settings: string;
  readonly url: string;
  readonly #process: CliProcess;

  private constructor(settings: string, url: string, process: CliProcess) {
    this.settings = settings;
    this.url = url;
    this.#process = process;
  }

  static async start(settings: Partial<Config>): Promise<TwoWorkers> {
    const all: Partial<Config> = {
      workers: 2,
      data: createTemporaryDirectory(),
      adminToken: ADMIN_TOKEN,
      drainMs: 2_000,
      ...settings,
    };
    const flags = Object.entries(all).flatMap(([name, value]) =>
      typeof value === "boolean"
        ? flagOf(name as SettingName)
        : [flagOf(name as SettingName), String(value)],
    );
    const { process, url } = await startServeProcess(flags);
    return new TwoWorkers(JSON.stringify(settings), url, process);
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.outcome;
  }

  /** End every stream, and delete every channel. */
  async empty(): Promise<void> {
    for (const { channels } of (await this.#admin("GET", "/streams")).json.streams) {
      const matched = channels[0].replaceAll(/[*]+/g, "x");
      await this.#admin("POST", `/channels/${matched}/close`);
    }
    for (const { channel } of (await this.#admin("GET", "/channels")).json.channels)
      await this.#admin("DELETE", `/channels/${channel}`);
  }

  async #admin(method: string, path: string): Promise<Answer> {
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
    const answer = await ask(this.url, method, path, { headers });
    expect(answer.status, answer.text).to.equal(200);
    return answer;
  }
}

/** Servers are kept for later tests up to so many: those that wait take their time, too. */
const MAX_EMPTIED = 3;

const running = new Set<TwoWorkers>();
const emptied = new Map<string, TwoWorkers>();

/**
 * Two workers, which take long to start: what a test has started serves the next test that wants
 * the same settings. Stop them by {@link stopTwoWorkers} in `after`.
 */
export const TWO_WORKERS: ServerFixture = {
  name: "two workers",
  async start(settings = {}) {
    const server = emptied.get(JSON.stringify(settings)) ?? (await TwoWorkers.start(settings));
    emptied.delete(server.settings);
    running.add(server);
    return server;
  },
  async stop() {
    await Promise.all([...running].map((server) => server.stop()));
    running.clear();
  },
  async release() {
    for (const server of running) {
      await server.empty();
      emptied.set(server.settings, server);
    }
    running.clear();
    for (const server of [...emptied.values()].slice(0, -MAX_EMPTIED)) {
      emptied.delete(server.settings);
      await server.stop();
    }
  },
};

/** The same, who speak TLS. */
export const TWO_TLS_WORKERS: ServerFixture = {
  ...TWO_WORKERS,
  name: "two workers with TLS",
  start: (settings) => TWO_WORKERS.start({ ...TEST_TLS, ...settings }),
};

/** Stop all that are left. */
export async function stopTwoWorkers(): Promise<void> {
  await Promise.all([...running, ...emptied.values()].map((server) => server.stop()));
  killProcesses();
  removeTemporaryDirectories();
}
