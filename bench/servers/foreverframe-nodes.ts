import { redisPath } from "../../test/support/needs.mjs";
import { freePort } from "../processes/free-port.ts";
import { startProcess, untilListening } from "../processes/measured-process.ts";
import { removeDirectory, temporaryDirectory } from "../processes/temporary-directory.ts";
import { startForeverframe } from "./foreverframe.ts";
import { readRedisFigures } from "./redis-figures.ts";
import type { RunningServer, Server, StartOptions } from "./server.ts";

const NODES = "foreverframe-redis-";

async function start(nodes: number, options: StartOptions): Promise<RunningServer> {
  const port = await freePort();
  const directory = temporaryDirectory();
  // It answers only what is on its disk, as the log in a directory does.
  const durable = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];
  const where = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory];
  const redis = startProcess(redisPath() ?? "redis-server", [...where, ...durable]);
  await untilListening(redis, port);
  const url = `redis://127.0.0.1:${port}`;
  const started: RunningServer[] = [];
  for (let n = 0; n < nodes; n++) started.push(await startForeverframe(["--log", url], options));
  const [first] = started;
  if (first === undefined) throw new Error("no node was asked for");
  return {
    ...first,
    pids: started.flatMap(({ pids }) => pids),
    nodes: started.map(({ port }) => port),
    redisFigures: () => readRedisFigures(url),
    async stop() {
      for (const node of started) await node.stop();
      await redis.stop();
      removeDirectory(directory);
    },
  };
}

/** So many servers on one Redis. */
export function foreverframeNodes(nodes: number): Server {
  return {
    name: `${NODES}${nodes}`,
    title: nodes === 1 ? "1 server on Redis" : `${nodes} servers on Redis`,
    start: (options) => start(nodes, options),
  };
}

/** How many servers on one Redis those of this name are; 0 for one with another log. */
export function nodesOf(name: string): number {
  return name.startsWith(NODES) ? Number(name.slice(NODES.length)) : 0;
}
