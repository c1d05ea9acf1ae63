import { type Measure, streamsFor } from "./measure.ts";
import { withLoad } from "./with-load.ts";

/** What it costs that somebody looks: long enough for several looks. */
export const watched: Measure = {
  name: "watched",
  without: {},
  start: {},
  quantities: () => [
    {
      key: "cpuUs",
      title: "CPU per delivery, one message at a time, over some looks",
      unit: "us",
      multipleOf: ["foreverframe"],
    },
  ],
  run: ({ server, scale }) =>
    withLoad(server, async (load) => {
      await load.open(streamsFor(scale));
      await load.publishAll({ strict: 1, messages: 50 });
      const messages = scale === "full" ? 2_000 : 700;
      const { cpu_us_per_delivery } = await load.publishAll({ strict: 1, messages });
      return { cpuUs: cpu_us_per_delivery };
    }),
};
