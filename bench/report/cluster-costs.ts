import { SLOWLY } from "../measures/nodes.ts";
import { nodesOf } from "../servers/foreverframe-nodes.ts";
import type { Measured } from "./measured.ts";
import { formatNumber } from "./number-format.ts";

/** Measured elsewhere: see docs/performance.md. */
const STREAM_KIB = 2.1;
const DELIVERY_US = 7.6;
/** What the kernel holds for an idle connection: what `Slab` in /proc/meminfo grows by. */
const SOCKET_KIB = 4;
/** What a server has before its first stream. */
const SERVER_MIB = 47;
/**
 * Streams of one server, of one core: an assumption, since no more than 15,000 were measured. It is
 * some 1.5 GiB.
 */
const STREAMS_PER_SERVER = 250_000;
/** Up to so many messages a second, each is read by itself. */
const FEW_MESSAGES = 1_000;
/** How much of a core is to be used. */
const BUSY = 0.7;

const STREAMS = [1e6, 1e7];

/** What happens to these streams. */
const LOADS = [
  { title: "1 message a second to all", messagesPerSecond: () => 1, share: 1 },
  { title: "100 messages a second, each to 1 % of all", messagesPerSecond: () => 100, share: 0.01 },
  {
    title: "a message of its own for each, every 10 minutes",
    messagesPerSecond: (streams: number) => streams / 600,
    share: null,
  },
] as const;

/** What a message costs Redis, for the message and for each server. */
interface RedisCosts {
  readonly us: Line;
  readonly requests: Line;
}

/** y = at0 + slope * servers. */
interface Line {
  readonly at0: number;
  readonly slope: number;
}

/** What many streams on many servers cost, computed from the medians of the table. */
export function formatClusterCosts(measured: Measured): string {
  const slow = redisCosts(measured, "nodes-1000", "slow");
  const fast = redisCosts(measured, "nodes-1000", "fast");
  if (slow === null || fast === null) return "";
  const line = ({ at0, slope }: Line, unit: string) =>
    `${formatNumber(at0)} + ${formatNumber(slope)} N${unit}`;
  const perServer = STREAMS_PER_SERVER.toLocaleString("en");
  return `A message on one of 1,000 channels costs Redis **${line(slow.us, " us")}** of CPU and
${line(slow.requests, "")} requests with N servers on it and ${SLOWLY} messages a second, and
**${line(fast.us, " us")}** and ${line(fast.requests, "")} requests with 64 publishes in flight,
since then servers write and read many at once. (Lines through 1 and 2 servers.) With that, with
${DELIVERY_US} us of a server's CPU for a delivery and ${STREAM_KIB} KiB of its memory for a stream
([performance.md](performance.md)), and with ${SOCKET_KIB} KiB of the kernel's for each connection,
S streams take

- N = the larger of S / ${perServer} (an assumption: 15,000 were measured) and
  deliveries/s × ${DELIVERY_US} us / ${BUSY} servers of one core each,
- S × ${STREAM_KIB + SOCKET_KIB} KiB + N × ${SERVER_MIB} MiB of memory,
- messages/s × (a + b N) us of Redis's one core, by the first of the lines up to ${FEW_MESSAGES.toLocaleString("en")}
  messages/s, by the second above. Where that is more than ${100 * BUSY} %,
  streams and servers are divided among several logs, and what is for many streams is published
  to each:

${formatLoads(slow, fast)}`;
}

function redisCosts(
  { servers, results }: Measured,
  measure: string,
  prefix: string,
): RedisCosts | null {
  const lineOf = (key: string): Line | null => {
    const points = servers.flatMap(({ name }) => {
      const value = results.summary(measure, name, key)?.median;
      return nodesOf(name) === 0 || value === undefined ? [] : [[nodesOf(name), value] as const];
    });
    const [first, second] = points;
    if (first === undefined || second === undefined) return null;
    const slope = Math.max(0, (second[1] - first[1]) / (second[0] - first[0]));
    return { at0: first[1] - slope * first[0], slope };
  };
  const us = lineOf(`${prefix}RedisUs`);
  const requests = lineOf(`${prefix}Requests`);
  return us === null || requests === null ? null : { us, requests };
}

function formatLoads(slow: RedisCosts, fast: RedisCosts): string {
  const rows = STREAMS.flatMap((streams) =>
    LOADS.map(({ title, messagesPerSecond, share }) => {
      const messages = messagesPerSecond(streams);
      const deliveries = messages * (share === null ? 1 : share * streams);
      const cores = (deliveries * DELIVERY_US) / 1e6 / BUSY;
      const servers = Math.ceil(Math.max(streams / STREAMS_PER_SERVER, cores));
      const gib = (streams * (STREAM_KIB + SOCKET_KIB)) / 2 ** 20 + (servers * SERVER_MIB) / 1_024;
      const costs = messages > FEW_MESSAGES ? fast : slow;
      // What is for many streams is published to each log.
      const ofLog = (line: Line, logs: number) =>
        (share === null ? messages / logs : messages) * (line.at0 + (line.slope * servers) / logs);
      let logs = 1;
      while (ofLog(costs.us, logs) / 1e6 > BUSY && logs < servers) logs++;
      return [
        formatNumber(streams / 1e6),
        title,
        formatNumber(deliveries),
        formatNumber(servers),
        `${formatNumber(gib)} GiB`,
        logs,
        formatNumber(ofLog(costs.requests, logs)),
        `${formatNumber(ofLog(costs.us, logs) / 1e4)} %`,
      ];
    }),
  );
  const head = [
    "streams, M",
    "what they are sent",
    "deliveries/s",
    "servers (cores)",
    "memory in all",
    "logs (Redis)",
    "requests/s to each",
    "CPU of each Redis",
  ];
  const rule = head.map((_, column) => (column === 1 ? "---" : "---:"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
