import { type Measure, streamsFor } from "./measure.ts";
import { withLoad } from "./with-load.ts";

/**
 * Deliveries a second with this many publishes always in flight, and what it takes to open the
 * streams.
 */
function throughput(window: 1 | 16): Measure {
  const opening = [
    { key: "openUs", title: "time to open a stream", unit: "us" },
    { key: "openCpuUs", title: "CPU to open a stream", unit: "us" },
  ];
  const inFlight = window === 1 ? "1 publish" : `${window} publishes`;
  return {
    name: `throughput-${window}`,
    without: {},
    start: {},
    quantities: () => [
      { key: "perSecond", title: `deliveries/s with ${inFlight} in flight`, unit: "/s" },
      ...(window === 1 ? opening : []),
    ],
    run: ({ server, scale }) =>
      withLoad(server, async (load) => {
        // The first streams pay for what the server compiles only once.
        await load.open(streamsFor(scale) / 4);
        await load.close();
        const { us_per_open, cpu_us_per_open } = await load.open(streamsFor(scale));
        await load.publishAll({ window, messages: 50 });
        const seconds = scale === "full" ? 4 : 0.4;
        const published = await load.publishAll({ window, seconds, drain: 60 });
        return {
          perSecond: published.deliveries_per_s,
          openUs: us_per_open,
          openCpuUs: cpu_us_per_open,
          loadCpu: published.load_cpu,
        };
      }),
  };
}

export const throughput1 = throughput(1);
export const throughput16 = throughput(16);
