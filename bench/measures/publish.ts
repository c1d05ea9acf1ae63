import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { RunningServer } from "../servers/server.ts";
import type { Measure } from "./measure.ts";

const SCRIPT = fileURLToPath(new URL("../load/wrk-publish.lua", import.meta.url));
const CONNECTIONS = 64;
const BATCH_LINES = 500;
const NONE = "no queue";

/** What wrk-publish.lua prints. */
interface Posted {
  readonly requests: number;
  readonly seconds: number;
  readonly failed: number;
}

/** Post as fast as the server answers. @returns requests a second */
async function post(
  { port, publish }: RunningServer,
  { seconds, type, lines }: { seconds: number; type: string; lines: number },
): Promise<number> {
  const url = `http://127.0.0.1:${port}${publish.path}`;
  const args = [
    "-t1",
    "--timeout",
    "20s",
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    "-s",
    SCRIPT,
    url,
    "--",
  ];
  const { stdout } = await promisify(execFile)("wrk", [...args, type, String(lines)], {
    timeout: (seconds + 20) * 1_000,
  });
  const line = /^\{.*\}$/m.exec(stdout)?.[0];
  if (line === undefined) throw new Error("wrk did not tell what it did");
  const { requests, failed, seconds: took } = JSON.parse(line) as Posted;
  if (failed > 0) throw new Error(`${failed} of ${requests} publishes failed`);
  return requests / took;
}

/**
 * Publishes a second that are answered; at Foreverframe's only once they are durable. Nobody
 * listens.
 */
export const publishMeasure: Measure = {
  name: "publish",
  without: { sockjs: NONE, "better-sse": NONE, "bare-loop": NONE },
  start: {},
  quantities: () => [
    {
      key: "perSecond",
      title: `publishes/s, ${CONNECTIONS} connections, one 100-byte JSON message each`,
      unit: "/s",
    },
    {
      key: "batchedPerSecond",
      title: `messages/s published in NDJSON batches of ${BATCH_LINES}`,
      unit: "/s",
    },
  ],
  async run({ server, scale }) {
    const seconds = scale === "full" ? 5 : 1;
    const single = { type: "application/json", lines: 1 };
    await post(server, { seconds: 1, ...single });
    const perSecond = await post(server, { seconds, ...single });
    // Nchan would take a batch for one message.
    if (!server.speaksForeverframe) return { perSecond };
    const batch = { type: "application/x-ndjson", lines: BATCH_LINES };
    return {
      perSecond,
      batchedPerSecond: (await post(server, { seconds, ...batch })) * BATCH_LINES,
    };
  },
};
