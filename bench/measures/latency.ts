import type { Load } from "../load/load.ts";
import { type Measure, type Quantity, type Scale, streamsFor } from "./measure.ts";
import { withLoad } from "./with-load.ts";

/** How long the backlog of a server that is too slow may take, before the rest counts as lost. */
const DRAIN_SECONDS = 60;

function latencies(when: string): Quantity[] {
  const parts = [
    ["p50Ms", "p50"],
    ["p99Ms", "p99"],
    ["p999Ms", "p99.9"],
  ] as const;
  return parts.map(([key, name]) => ({ key, title: `latency ${name} ${when}`, unit: "ms" }));
}

/** Publish this many deliveries a second, whatever the server does. */
async function offer(load: Load, perSecond: number, scale: Scale, fullSeconds = 5) {
  const seconds = scale === "full" ? fullSeconds : 0.5;
  const rate = perSecond / streamsFor(scale);
  const published = await load.publish({ rate, seconds, drain: DRAIN_SECONDS });
  return {
    p50Ms: published.p50_ms,
    p99Ms: published.p99_ms,
    p999Ms: published.p999_ms,
    lost: published.lost,
    loadCpu: published.load_cpu,
  };
}

/** Latency where each server has half of what it can do. */
export const latencyHalf: Measure = {
  name: "latency-half",
  without: {},
  start: {},
  quantities: () => [
    { key: "offered", title: "deliveries/s offered: half of its own capacity", unit: "/s" },
    ...latencies("at half of its own capacity"),
  ],
  run: ({ server, scale, capacity }) =>
    withLoad(server, async (load) => {
      await load.open(streamsFor(scale));
      await load.publishAll({ window: 1, messages: 50 });
      const most = capacity ?? (await load.publishAll({ window: 1, seconds: 1 })).deliveries_per_s;
      const values = await offer(load, most / 2, scale);
      if (values.lost > 0) throw new Error(`it lost ${values.lost} deliveries`);
      return { offered: most / 2, ...values };
    }),
};

/** Latency where all are offered the same. */
function latencyOffered(thousands: number, seconds: number): Measure {
  const when = `at ${thousands} k deliveries/s offered`;
  return {
    name: `latency-${thousands}k`,
    without: {},
    start: {},
    quantities: () => [...latencies(when), { key: "lost", title: `lost ${when}`, unit: "" }],
    run: ({ server, scale }) =>
      withLoad(server, async (load) => {
        await load.open(streamsFor(scale));
        await load.publishAll({ window: 1, messages: 50 });
        return offer(load, thousands * 1_000, scale, seconds);
      }),
  };
}

/** What each of them can carry. */
export const latency50k: Measure = latencyOffered(50, 5);
/** More than some of them can. */
export const latency200k: Measure = latencyOffered(200, 10);
