import { catchUp } from "./catch-up.ts";
import { closeMeasure } from "./close.ts";
import { cpu } from "./cpu.ts";
import { latency50k, latency200k, latencyHalf } from "./latency.ts";
import { leaks } from "./leaks.ts";
import type { Measure } from "./measure.ts";
import { memory } from "./memory.ts";
import { publishMeasure } from "./publish.ts";
import { throughput1, throughput16 } from "./throughput.ts";

/** Every measure, in the order of the table; `throughput-1` comes before those that go by its result. */
export const MEASURES: readonly Measure[] = [
  cpu,
  throughput1,
  throughput16,
  latencyHalf,
  latency50k,
  latency200k,
  memory,
  closeMeasure,
  leaks,
  catchUp,
  publishMeasure,
];
