import { setTimeout as pause } from "node:timers/promises";
import { pssKib } from "../probes/pss.ts";
import type { RunningServer } from "../servers/server.ts";
import { type Measure, MOST_STREAMS, type Scale } from "./measure.ts";
import { withLoad } from "./with-load.ts";

/** Numbers of idle streams. */
export function memorySteps(scale: Scale): readonly number[] {
  return scale === "full" ? [1_000, 5_000, MOST_STREAMS] : [500, 1_500];
}

function further(scale: Scale): string {
  return memorySteps(scale)
    .slice(-2)
    .map((streams) => streams.toLocaleString("en"))
    .join(" to ");
}

/** Memory of a server that has come to rest, in KiB. */
async function restingKib(server: RunningServer): Promise<number> {
  await pause(300);
  await server.collect();
  return pssKib(server.pids);
}

/** What one idle stream takes. */
export const memory: Measure = {
  name: "memory",
  without: {},
  start: { collectable: true },
  quantities: (scale) => [
    ...memorySteps(scale).map((streams) => ({
      key: `kib${streams}`,
      title: `memory per stream, ${streams.toLocaleString("en")} idle streams`,
      unit: "KiB",
    })),
    { key: "kibFurther", title: `memory of each further stream (${further(scale)})`, unit: "KiB" },
  ],
  run: ({ server, scale }) =>
    withLoad(server, async (load) => {
      // What the first streams leave behind for good, such as compiled code, must not count. More
      // of them would also leave free room, in which the streams that are measured would cost
      // nothing.
      for (let times = 0; times < 3; times++) {
        await load.open(300);
        await load.publishAll({ window: 1, messages: 10 });
        await load.close();
      }
      await pause(1_200);
      const base = await restingKib(server);
      const values: Record<string, number> = {};
      const grown: number[] = [];
      for (const streams of memorySteps(scale)) {
        await load.open(streams);
        grown.push((await restingKib(server)) - base);
        values[`kib${streams}`] = (grown.at(-1) ?? 0) / streams;
      }
      // Not compared with the base, which may have room that the first streams need not ask for.
      const [fewer = 0, more = 0] = memorySteps(scale).slice(-2);
      values["kibFurther"] = ((grown.at(-1) ?? 0) - (grown.at(-2) ?? 0)) / (more - fewer);
      return values;
    }),
};
