import { setTimeout as pause } from "node:timers/promises";
import type { Load } from "../load/load.ts";
import { closeTimes } from "../probes/close-times.ts";
import type { Living, RunningServer } from "../servers/server.ts";
import type { Measure, Scale } from "./measure.ts";
import { withLoad } from "./with-load.ts";

const NONE = "no Node program";
const AT_ONCE = 250;

function roundsFor(scale: Scale): number {
  return (scale === "full" ? 10_000 : 1_000) / AT_ONCE;
}

/** Open streams and end them by hanging up, or half of them by request where there is one. */
async function openAndClose(load: Load, server: RunningServer, rounds: number): Promise<void> {
  const closable = server.speaksForeverframe;
  for (let round = 0; round < (closable ? rounds / 2 : rounds); round++) {
    await load.open(AT_ONCE);
    await load.close();
  }
  if (!closable) return;
  const closes = (rounds / 2) * AT_ONCE;
  await closeTimes(server.port, { streams: 100, closes, pauseMs: 0, limitMs: 60_000 });
}

async function living(server: RunningServer): Promise<Living> {
  // Receipts, and what peers keep of a stream that ended, are kept for 1 s.
  await pause(1_700);
  const found = await server.collect();
  if (found === null) throw new Error("it can't be asked to collect");
  return found;
}

/** What 10,000 streams that have ended leave behind. */
export const leaks: Measure = {
  name: "leaks",
  without: { nchan: NONE, "nchan-raw": NONE, "bare-loop": NONE },
  start: { collectable: true, receiptMs: 1_000 },
  quantities: (scale) => {
    const after = `after ${(roundsFor(scale) * AT_ONCE).toLocaleString("en")} opens and closes`;
    return [
      { key: "heap", title: `live heap ${after}`, unit: "%" },
      { key: "external", title: `external memory ${after}`, unit: "%" },
      { key: "handles", title: `open handles ${after}`, unit: "%" },
    ];
  },
  run: ({ server, scale }) =>
    withLoad(server, async (load) => {
      // Foreverframe remembers the last 10,000 of them, for those who ask what became of one.
      await openAndClose(load, server, roundsFor(scale));
      const before = await living(server);
      await openAndClose(load, server, roundsFor(scale));
      const after = await living(server);
      const growth = (key: keyof Living) => (after[key] / before[key] - 1) * 100;
      return {
        heap: growth("heapUsed"),
        external: growth("external"),
        handles: growth("handles"),
      };
    }),
};
