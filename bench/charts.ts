import { type Bar, type BarChart, formatBarChart } from "./bar-chart.ts";
import { memorySteps } from "./measures/memory.ts";
import type { Measured } from "./table.ts";

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

/** A bar for each server whose value is large enough to be seen. */
function barsOf({ servers, results }: Measured, measure: string, key: string, suffix = ""): Bar[] {
  return servers.flatMap(({ name, title }) => {
    const value = results.summary(measure, name, key)?.median;
    if (value === undefined || value < 0.01) return [];
    const label = `${title.replaceAll("`", "")}${suffix}`;
    return [{ label, value, own: name.startsWith("foreverframe") }];
  });
}
