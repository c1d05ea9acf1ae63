import { fileURLToPath } from "node:url";
import { eventually } from "../../test/support/within.ts";
import { freePort } from "../processes/free-port.ts";
import { removeDirectory, temporaryDirectory } from "../processes/temporary-directory.ts";
import { startNodeServer } from "./node-server.ts";
import type { OwnChannels, Publishing, RunningServer, Server, StartOptions } from "./server.ts";

// BENCH_CLI measures another build than this checkout's.
const CLI =
  process.env["BENCH_CLI"] ?? fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

// Switches off what ends streams, and refuses publishers, on purpose.
const UNLIMITED = ["--recycle-bytes", "0", "--recycle-ms", "0", "--publishes-per-second", "0"];

const START_MS = 15_000;

const PUBLISH: Publishing = {
  path: "/channels/a/messages",
  method: "POST",
  contentType: "text/plain",
  body: "%s",
};

const OWN: OwnChannels = {
  streamPath: "/stream?channels=u%d",
  publish: { ...PUBLISH, path: "/channels/u%d/messages" },
  lines: { ...PUBLISH, path: "/publish", body: '{"channel":"u%d","data":"%s"}' },
};

/** Start one server, by default with its log in a temporary directory. */
export async function startForeverframe(
  settings: readonly string[],
  { receiptMs, ...options }: StartOptions,
): Promise<RunningServer> {
  const port = await freePort();
  const data = temporaryDirectory();
  const receipts = receiptMs === undefined ? [] : ["--receipt-ms", String(receiptMs)];
  const own = [...UNLIMITED, ...receipts, ...settings];
  const log = settings.includes("--log") ? [] : ["--data", data];
  const args = ["serve", "--port", String(port), ...log, ...own];
  const { process, collect } = await startNodeServer([CLI, ...args], port, options);
  // One worker may listen before the others do.
  await eventually(START_MS, () => process.said().includes('"msg":"listening"'), "all workers");
  return {
    port,
    pids: process.pids(),
    streamPath: "/stream?channels=a",
    publish: PUBLISH,
    own: OWN,
    speaksForeverframe: true,
    async startHistory() {
      const response = await fetch(`http://127.0.0.1:${port}${PUBLISH.path}`, {
        method: PUBLISH.method,
        headers: { "Content-Type": PUBLISH.contentType },
        body: "first",
      });
      const { id } = (await response.json()) as { id: string };
      return `/stream?channels=a&after=${id}`;
    },
    collect,
    said: process.said,
    async stop() {
      await process.stop();
      removeDirectory(data);
    },
  };
}

/** Foreverframe with its log on the disk: a message is delivered only once it is durable. */
export const foreverframe: Server = {
  name: "foreverframe",
  title: "Foreverframe",
  start: (options) => startForeverframe([], options),
};

/** Foreverframe with its log in memory, which is as durable as the peers are. */
export const foreverframeMemory: Server = {
  name: "foreverframe-memory",
  title: "Foreverframe `--memory`",
  start: (options) => startForeverframe(["--memory"], options),
};

const WORKERS = "foreverframe-workers-";

/** Foreverframe with this many workers on one log on the disk. */
export function foreverframeWorkers(workers: number): Server {
  return {
    name: `${WORKERS}${workers}`,
    title: workers === 1 ? "1 worker" : `${workers} workers`,
    start: (options) => startForeverframe(["--workers", String(workers)], options),
  };
}

/** How many workers the server of this name has; 0 for one process without a supervisor. */
export function workersOf(name: string): number {
  return name.startsWith(WORKERS) ? Number(name.slice(WORKERS.length)) : 0;
}
