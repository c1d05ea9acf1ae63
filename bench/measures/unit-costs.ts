import { cpuTimeUs } from "../probes/cpu-time.ts";
import { pssKib } from "../probes/pss.ts";
import type { RunningServer } from "../servers/server.ts";
import type { Measure } from "./measure.ts";
import { withLoad } from "./with-load.ts";

/**
 * Streams of the measure below: all workers have some, and their deliveries are the least of the
 * costs.
 */
export const FEW_STREAMS = 64;

/**
 * CPU of the process that was started first, if there are others: it passes on what they say to one
 * another.
 */
function supervisorUs({ pids: [first, ...workers] }: RunningServer): number | null {
  return first === undefined || workers.length === 0 ? null : cpuTimeUs(first);
}

/** What a message costs besides its deliveries, and a process besides its streams. */
export const unitCosts: Measure = {
  name: "unit-costs",
  without: {},
  start: {},
  quantities: () => [
    { key: "messageUs", title: `CPU of one message to ${FEW_STREAMS} streams`, unit: "us" },
    { key: "supervisorUs", title: "… of that in the supervisor", unit: "us" },
    { key: "baseMib", title: "memory of all processes before the first stream", unit: "MiB" },
  ],
  run: async ({ server, scale }) => {
    const baseMib = pssKib(server.pids) / 1_024;
    return withLoad(server, async (load) => {
      await load.open(FEW_STREAMS);
      await load.publishAll({ strict: 1, messages: 100 });
      const messages = scale === "full" ? 2_000 : 200;
      const before = supervisorUs(server);
      const { cpu_us_per_delivery } = await load.publishAll({ strict: 1, messages });
      const after = supervisorUs(server);
      return {
        messageUs: cpu_us_per_delivery * FEW_STREAMS,
        ...(before !== null && after !== null && { supervisorUs: (after - before) / messages }),
        baseMib,
      };
    });
  },
};
