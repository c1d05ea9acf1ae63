import { memorySteps } from "../measures/memory.ts";
import { type Bar, type BarChart, formatBarChart } from "./bar-chart.ts";
import type { Measured } from "./measured.ts";

/** An SVG document and its file's name. */
export interface Chart {
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

/** The charts that the results suffice for. */
export function drawCharts(measured: Measured): Chart[] {
  const one = (measure: string, key: string) => [barsOf(measured, measure, key)];
  const steps = memorySteps(measured.scale);
  const charts: Record<string, BarChart> = {
    cpu: {
      title: "CPU per delivery, one message at a time",
      subtitle: "us of the server's CPU time; less is better",
      unit: "us",
      scale: "linear",
      groups: one("cpu", "cpuUs"),
    },
    throughput: {
      title: "Deliveries per second, 16 publishes in flight",
      subtitle: "deliveries/s; more is better",
      unit: "",
      scale: "linear",
      groups: one("throughput-16", "perSecond"),
    },
    latency: {
      title: "p99 latency at 200,000 deliveries/s offered",
      subtitle: "ms from when a message was due, logarithmic; less is better",
      unit: "ms",
      scale: "logarithmic",
      groups: one("latency-200k", "p99Ms"),
    },
    memory: {
      title: "Memory per idle stream",
      subtitle: "KiB of the server's growth, by the number of streams; less is better",
      unit: "KiB",
      scale: "linear",
      groups: steps.map((streams) =>
        barsOf(measured, "memory", `kib${streams}`, `, ${streams.toLocaleString("en")}`),
      ),
    },
  };
  return Object.entries(charts)
    .filter(([, { groups }]) => groups.flat().length > 0)
    .map(([name, chart]) => ({
      file: `${name}.svg`,
      title: chart.title,
      svg: formatBarChart(chart),
    }));
}

/** A bar for each server; one that failed, or lost something, says so. */
function barsOf({ servers, results }: Measured, measure: string, key: string, suffix = ""): Bar[] {
  return servers.flatMap(({ name, title }) => {
    if (results.runs(measure, name) === 0) return [];
    const value = results.summary(measure, name, key)?.median ?? 0;
    const failed = results.failures(measure, name).length > 0 ? ", failed" : "";
    const lost = (results.summary(measure, name, "lost")?.median ?? 0) > 0 ? ", some lost" : "";
    const label = `${title.replaceAll("`", "")}${suffix}${failed}${lost}`;
    return [{ label, value, own: name.startsWith("foreverframe") }];
  });
}
