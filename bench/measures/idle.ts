import { setTimeout as pause } from "node:timers/promises";
import { cpuTimeUs } from "../probes/cpu-time.ts";
import type { Measure } from "./measure.ts";
import { withLoad } from "./with-load.ts";

/** What streams cost to which nothing is published: their heartbeats. */
export const idle: Measure = {
  name: "idle",
  without: {},
  start: {},
  quantities: () => [
    { key: "usPerSecond", title: "CPU of an idle stream in a second", unit: "us" },
  ],
  run: ({ server, scale }) =>
    withLoad(server, async (load) => {
      const [streams, seconds] = scale === "full" ? [5_000, 32] : [500, 2];
      const used = () => server.pids.reduce((sum, pid) => sum + cpuTimeUs(pid), 0);
      await load.open(streams);
      await pause(2_000); // what opening has left to do
      const before = used();
      await pause(seconds * 1_000);
      return { usPerSecond: (used() - before) / streams / seconds };
    }),
};
