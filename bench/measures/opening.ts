import type { Measure } from "./measure.ts";
import { withColdLoad } from "./with-load.ts";

/** What it takes to open streams on a server that has just started, and that has opened many. */
export const opening: Measure = {
  name: "opening",
  without: {},
  start: {},
  quantities: () => [
    { key: "coldUs", title: "CPU to open a stream, the first 500", unit: "us" },
    { key: "warmUs", title: "CPU to open a stream, after 10,000", unit: "us" },
  ],
  run: ({ server, scale }) =>
    withColdLoad(server, {}, async (load) => {
      const { cpu_us_per_open: coldUs } = await load.open(500);
      const many = scale === "full" ? 5_000 : 500;
      for (let times = 0; times < 2; times++) {
        await load.close();
        await load.open(many);
      }
      await load.close();
      const { cpu_us_per_open: warmUs } = await load.open(many);
      return { coldUs, warmUs };
    }),
};
