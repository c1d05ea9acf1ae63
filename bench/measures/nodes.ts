import { NodeLoad } from "../load/node-load.ts";
import { closeTimes } from "../probes/close-times.ts";
import { cpuTimeUs } from "../probes/cpu-time.ts";
import type { RunningServer } from "../servers/server.ts";
import type { Measure, Quantity, Trial, Values } from "./measure.ts";
import { quantile } from "./quantile.ts";

/** Messages a second where costs are those of single messages. */
export const SLOWLY = 200;
/** Publishes always under way where costs are those of many at once. */
const WINDOW = 64;
/** Streams at each server, at least. */
const FEW_STREAMS = 100;

/** What has been used so far, in us and bytes. */
async function readCosts({ pids, redisFigures }: RunningServer) {
  const redis = (await redisFigures?.()) ?? null;
  return { redis, serverUs: pids.reduce((sum, pid) => sum + cpuTimeUs(pid), 0) };
}

/** What a message costs while something is published. */
async function costsOf(
  server: RunningServer,
  prefix: string,
  publish: () => Promise<number>,
): Promise<{ readonly messages: number; readonly values: Values }> {
  const before = await readCosts(server);
  const messages = await publish();
  const after = await readCosts(server);
  const each = (key: "requests" | "bytes" | "cpuUs") =>
    ((after.redis?.[key] ?? 0) - (before.redis?.[key] ?? 0)) / messages;
  const ofRedis = {
    [`${prefix}Requests`]: each("requests"),
    [`${prefix}Bytes`]: each("bytes"),
    [`${prefix}RedisUs`]: each("cpuUs"),
  };
  const serverUs = (after.serverUs - before.serverUs) / messages;
  return {
    messages,
    values: { [`${prefix}ServerUs`]: serverUs, ...(after.redis !== null && ofRedis) },
  };
}

function costQuantities(prefix: string, when: string): Quantity[] {
  return [
    { key: `${prefix}Requests`, title: `… requests to Redis for a message, ${when}`, unit: "" },
    { key: `${prefix}Bytes`, title: `… bytes to and from Redis for it, ${when}`, unit: "" },
    { key: `${prefix}RedisUs`, title: `… CPU of Redis for it, ${when}`, unit: "us" },
    { key: `${prefix}ServerUs`, title: `… CPU of all servers for it, ${when}`, unit: "us" },
  ];
}

/** Publishes to each of the servers in turn, and streams at all, on so many channels. */
export function nodesMeasure(channels: number): Measure {
  const named = channels === 1 ? "1 channel" : `${channels.toLocaleString("en")} channels`;
  const streams = Math.max(FEW_STREAMS, channels);
  const slowly = `${SLOWLY} a second`;
  const fast = `${WINDOW} in flight`;
  return {
    name: `nodes-${channels}`,
    without: {},
    start: {},
    quantities: () => [
      { key: "p50Ms", title: `**${named}**: publish to delivery elsewhere, p50`, unit: "ms" },
      { key: "p99Ms", title: `… p99`, unit: "ms" },
      { key: "perSecond", title: `… messages/s, ${fast}`, unit: "/s" },
      { key: "deliveries", title: `… deliveries/s, ${fast}`, unit: "/s" },
      ...costQuantities("slow", slowly),
      ...costQuantities("fast", fast),
    ],
    run: async ({ server, scale }: Trial) => {
      const load = new NodeLoad(server.nodes ?? [server.port], channels);
      const seconds = scale === "full" ? 6 : 1;
      try {
        await load.open(streams);
        await load.publishInFlight(WINDOW, seconds / 2); // warm
        let times: readonly number[] = [];
        const slow = await costsOf(server, "slow", async () => {
          times = await load.publishAtRate(SLOWLY, seconds);
          return SLOWLY * seconds;
        });
        const before = load.deliveries;
        const fast = await costsOf(server, "fast", () => load.publishInFlight(WINDOW, seconds));
        return {
          p50Ms: quantile(times, 0.5),
          p99Ms: quantile(times, 0.99),
          perSecond: fast.messages / seconds,
          deliveries: (load.deliveries - before) / seconds,
          ...slow.values,
          ...fast.values,
        };
      } finally {
        load.stop();
      }
    },
  };
}

/** How long it takes to close a stream of the last server at the first. */
export const nodesClose: Measure = {
  name: "nodes-close",
  without: {},
  start: {},
  quantities: () => [
    { key: "p50Ms", title: "close request to close event elsewhere, p50", unit: "ms" },
    { key: "p99Ms", title: "… p99", unit: "ms" },
    { key: "maxMs", title: "… longest", unit: "ms" },
  ],
  async run({ server, scale }) {
    const [first = server.port] = server.nodes ?? [];
    const last = server.nodes?.at(-1) ?? server.port;
    const order = { controlPort: first, limitMs: 40_000 };
    await closeTimes(last, { ...order, streams: 50, closes: 200, pauseMs: 0 });
    const closes = scale === "full" ? 1_000 : 100;
    const times = await closeTimes(last, { ...order, streams: 100, closes, pauseMs: 5 });
    return {
      p50Ms: quantile(times, 0.5),
      p99Ms: quantile(times, 0.99),
      maxMs: quantile(times, 1),
    };
  },
};
