import { describeMachine } from "./machine.ts";
import type { Measured } from "./measured.ts";
import type { Suite } from "./suite.ts";
import { formatTable } from "./table.ts";

/** The results as Markdown: on what, when, how often, and the table. */
export function formatReport(suite: Suite, measured: Measured): string {
  const { scale, results } = measured;
  const runs = results.mostRuns;
  const date = new Date().toISOString().slice(0, 10);
  const times = runs === 1 ? "one run" : `${runs} runs`;
  const quick = scale === "quick" ? ", with --quick: too short and too few to be compared" : "";
  return `Measured on ${date}, ${times}${quick}, on ${describeMachine()}.

Each cell: **median** (least..most) and × how many times Foreverframe's own median. CPU and memory
are those of all processes of a server, memory as Pss after a forced collection, without what the
kernel holds for its sockets. Only Foreverframe (without \`--memory\`) has a message on the disk
before it answers or delivers it. Latencies of deliveries are counted from when a message was due,
and are those of the deliveries that came; those of closes from when a close was due.

${[formatTable(measured), suite.conclusion(measured)].filter(Boolean).join("\n\n")}`;
}
