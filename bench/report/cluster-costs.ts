import { SLOWLY } from "../measures/nodes.ts";
import { nodesOf } from "../servers/foreverframe-nodes.ts";
import type { Measured } from "./measured.ts";
import { formatNumber } from "./number-format.ts";

/** Measured elsewhere: see docs/performance.md. */
const STREAM_KIB = 2.1;
const DELIVERY_US = 7.6;
/** What the kernel holds for an idle connection, about. */
const SOCKET_KIB = 2.5;
/** Streams of one server, of one core: as many as files may be open by default. */
const STREAMS_PER_SERVER = 250_000;

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
  const slow = redisCosts(measured, "nodes-100", "slow");
  const fast = redisCosts(measured, "nodes-1000", "fast");
  if (slow === null || fast === null) return "";
  const line = ({ at0, slope }: Line, unit: string) =>
    `${formatNumber(at0)} + ${formatNumber(slope)} N${unit}`;
  return `A message costs Redis **${line(slow.us, " us")}** and ${line(slow.requests, "")} requests with N
servers on it and ${SLOWLY} messages a second, and **${line(fast.us, " us")}** and
${line(fast.requests, "")} requests with 64 publishes in flight, since then servers read and write many at
once. (Lines through 1 and 2 servers.) With that, with ${DELIVERY_US} us of CPU for a delivery and with
${STREAM_KIB} KiB of a server's memory and some ${SOCKET_KIB} KiB of the kernel's for a stream
([performance.md](performance.md)):

    servers  N = max(S / ${STREAMS_PER_SERVER.toLocaleString("en")}, deliveries/s x ${DELIVERY_US} us / 70 %)     each of one core
    memory     = S x (${STREAM_KIB} + ${SOCKET_KIB}) KiB + N x 50 MiB
    Redis      = messages/s x (a + b N) us of its one core; more than some 70 % is too much

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
      const cores = (deliveries * DELIVERY_US) / 1e6 / 0.7;
      const servers = Math.ceil(Math.max(streams / STREAMS_PER_SERVER, cores));
      const gib = (streams * (STREAM_KIB + SOCKET_KIB)) / 2 ** 20 + (servers * 50) / 1_024;
      const { us, requests } = messages > 1_000 ? fast : slow;
      const core = (messages * (us.at0 + us.slope * servers)) / 1e6;
      return [
        formatNumber(streams / 1e6),
        title,
        formatNumber(deliveries),
        formatNumber(servers),
        `${formatNumber(gib)} GiB`,
        formatNumber(messages * (requests.at0 + requests.slope * servers)),
        `${formatNumber(core * 100)} %${core > 0.7 ? ": too much for one" : ""}`,
      ];
    }),
  );
  const head = [
    "streams, M",
    "what they are sent",
    "deliveries/s",
    "servers (cores)",
    "memory in all",
    "requests/s to Redis",
    "CPU of Redis",
  ];
  const rule = head.map((_, column) => (column === 1 ? "---" : "---:"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
