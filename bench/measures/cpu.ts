import { type Measure, streamsFor } from "./measure.ts";
import { withLoad } from "./with-load.ts";

/** What one delivery costs when nothing can be batched: one message at a time. */
export const cpu: Measure = {
  name: "cpu",
  without: {},
  start: {},
  quantities: () => [
    {
      key: "cpuUs",
      title: "CPU per delivery, one message at a time",
      unit: "us",
      multipleOf: ["bare-loop", "nchan", "nchan-raw"],
    },
    {
      key: "perCpuSecond",
      title: "deliveries per second of CPU, one message at a time",
      unit: "/s",
      multipleOf: ["foreverframe-workers-1"],
    },
  ],
  run: ({ server, scale }) =>
    withLoad(server, async (load) => {
      await load.open(streamsFor(scale));
      await load.publishAll({ strict: 1, messages: 50 });
      const messages = scale === "full" ? 300 : 100;
      const { cpu_us_per_delivery } = await load.publishAll({ strict: 1, messages });
      // The load waits for the server here, so that it is never the limit.
      return { cpuUs: cpu_us_per_delivery, perCpuSecond: 1e6 / cpu_us_per_delivery };
    }),
};
