import { Counter, Gauge, type MetricType, Registry } from "prom-client";
import type { ProcessFigures } from "../core/figures.ts";
import { BOUNDS, countOf, type HistogramFigures } from "../core/histogram.ts";

/** One value of a metric of one process, with its labels besides `worker`. */
type Value = readonly [labels: Readonly<Record<string, string>>, value: number];

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

interface PlainMetric extends Metric {
  readonly kind: "counter" | "gauge";
  readonly values: (figures: ProcessFigures) => readonly Value[];
}

interface HistogramMetric extends Metric {
  readonly kind: "histogram";
  readonly histogram: (figures: ProcessFigures) => HistogramFigures;
}

type Labelled = Readonly<Partial<Record<string, number>>>;

const byLabel = (label: string, counts: Labelled): readonly Value[] =>
  Object.entries(counts).map(([key, count]) => [{ [label]: key }, count ?? 0]);

function plain(
  kind: "counter" | "gauge",
  name: string,
  help: string,
  value: (figures: ProcessFigures) => number,
): PlainMetric {
  return { kind, name, help, labels: [], values: (figures) => [[{}, value(figures)]] };
}

const counter = plain.bind(null, "counter");
const gauge = plain.bind(null, "gauge");

/** Everything that `GET /metrics` tells of each process; `docs/metrics.md` explains it. */
export const METRICS: readonly (PlainMetric | HistogramMetric)[] = [
  {
    kind: "gauge",
    name: "foreverframe_info",
    help: "Always 1; its labels say which version runs on which Node.js.",
    labels: ["version", "node"],
    values: ({ version, node }) => [[{ version, node }, 1]],
  },
  {
    kind: "gauge",
    name: "foreverframe_streams",
    help: "Open streams.",
    labels: ["transport"],
    values: ({ streams }) => byLabel("transport", streams.byTransport),
  },
  gauge(
    "foreverframe_streams_behind",
    "Open streams that have not been given everything, without long polls.",
    ({ streams }) => streams.behind,
  ),
  gauge(
    "foreverframe_stream_lag_seconds",
    "Age of the last message that the stream furthest behind was given; 0 if none is behind.",
    ({ streams }) => streams.lag,
  ),
  gauge(
    "foreverframe_queued_bytes",
    "Bytes that wait for clients to read them.",
    ({ streams }) => streams.queuedBytes,
  ),
  {
    kind: "counter",
    name: "foreverframe_streams_opened_total",
    help: "Streams opened.",
    labels: ["transport"],
    values: ({ tally }) => byLabel("transport", tally.opened),
  },
  {
    kind: "counter",
    name: "foreverframe_streams_closed_total",
    help: "Streams closed.",
    labels: ["reason"],
    values: ({ tally }) => byLabel("reason", tally.closed),
  },
  counter(
    "foreverframe_published_messages_total",
    "Messages that the log took.",
    ({ tally }) => tally.published,
  ),
  counter(
    "foreverframe_published_bytes_total",
    "Bytes of the data of messages that the log took.",
    ({ tally }) => tally.publishedBytes,
  ),
  gauge(
    "foreverframe_publish_connections",
    "Open publish connections.",
    ({ tally }) => tally.publishConnections.opened - tally.publishConnections.closed,
  ),
  counter(
    "foreverframe_publish_lines_total",
    "Lines that came on publish connections, those that were refused included.",
    ({ tally }) => tally.publishLines,
  ),
  counter(
    "foreverframe_delivered_messages_total",
    "Messages given to streams: once for each stream.",
    ({ tally }) => tally.delivered,
  ),
  counter(
    "foreverframe_delivered_bytes_total",
    "Bytes of messages given to streams.",
    ({ tally }) => tally.deliveredBytes,
  ),
  counter(
    "foreverframe_replayed_messages_total",
    "Delivered messages that were read from the log for streams behind it.",
    ({ tally }) => tally.replayed,
  ),
  counter("foreverframe_gaps_total", "Gaps that streams were told of.", ({ tally }) => tally.gaps),
  {
    kind: "counter",
    name: "foreverframe_requests_refused_total",
    help: "Requests refused, by the code of docs/errors.md.",
    labels: ["code"],
    values: ({ tally }) => byLabel("code", tally.refused),
  },
  {
    kind: "histogram",
    name: "foreverframe_append_seconds",
    help: "Time that the log took for a publish.",
    labels: [],
    histogram: ({ tally }) => tally.append,
  },
  {
    kind: "histogram",
    name: "foreverframe_delivery_seconds",
    help: "Time from the append of a message to its write to a live stream.",
    labels: [],
    histogram: ({ tally }) => tally.latency,
  },
  gauge(
    "foreverframe_log_available",
    "1 while the log takes messages, otherwise 0.",
    ({ trouble }) => (trouble === null ? 1 : 0),
  ),
  {
    kind: "gauge",
    name: "foreverframe_disk_free_bytes",
    help: "Free bytes of the disk that has the log; absent where the log is not on a disk.",
    labels: [],
    values: ({ disk }) => (disk === null ? [] : [[{}, disk.freeBytes]]),
  },
  {
    kind: "gauge",
    name: "foreverframe_log_file_bytes",
    help: "Size of the log's file; absent where the log is not on a disk.",
    labels: [],
    values: ({ disk }) => (disk === null ? [] : [[{}, disk.logBytes]]),
  },
  {
    kind: "gauge",
    name: "foreverframe_alarm",
    help: "1 for each alarm that holds now.",
    labels: ["code"],
    values: ({ alarms }) => alarms.map(({ code }) => [{ code }, 1]),
  },
  {
    kind: "gauge",
    name: "foreverframe_events_waiting",
    help: "Events that wait for the application; absent without --events-url.",
    labels: [],
    values: ({ events }) => (events === null ? [] : [[{}, events.waiting]]),
  },
  {
    kind: "counter",
    name: "foreverframe_events_lost_total",
    help: "Events that the application was not sent, because too many waited.",
    labels: [],
    values: ({ events }) => (events === null ? [] : [[{}, events.lost]]),
  },
  gauge(
    "foreverframe_draining",
    "1 while the process stops and takes no new streams.",
    ({ draining }) => (draining ? 1 : 0),
  ),
  gauge(
    "foreverframe_event_loop_delay_seconds",
    "Longest delay of the event loop in the last 5 to 10 seconds.",
    ({ loopDelay }) => loopDelay,
  ),
  gauge("foreverframe_heap_bytes", "Bytes of JavaScript objects.", ({ heapBytes }) => heapBytes),
  gauge(
    "process_resident_memory_bytes",
    "Resident memory of the process.",
    ({ rssBytes }) => rssBytes,
  ),
  counter("process_cpu_seconds_total", "CPU time used.", ({ cpuSeconds }) => cpuSeconds),
  gauge(
    "process_start_time_seconds",
    "Start of the process, in seconds since 1970.",
    ({ startedAt }) => startedAt / 1_000,
  ),
];

/** Says how many processes are missing. */
export const SILENT_METRIC = "foreverframe_silent_processes";

/**
 * Format what the processes of a server do in Prometheus' text format.
 *
 * Each process has a `worker` label. If the server added them up, a worker that is replaced would
 * make each sum smaller, which Prometheus would take for a restart of all.
 *
 * @param silent how many processes did not answer
 * @returns the text, and its content type
 */
export async function formatMetrics(
  processes: readonly ProcessFigures[],
  silent: number,
): Promise<{ readonly text: string; readonly type: string }> {
  const registry = new Registry();
  const registers = [registry];
  for (const metric of METRICS) {
    const { name, help } = metric;
    const labelNames = ["worker", ...metric.labels];
    if (metric.kind === "histogram") {
      registry.registerMetric(new CountedHistogram(metric, processes));
      continue;
    }
    const values = processes.flatMap((figures) =>
      metric
        .values(figures)
        .map(([labels, value]) => [{ worker: String(figures.worker), ...labels }, value] as const),
    );
    if (metric.kind === "gauge") {
      const made = new Gauge({ name, help, labelNames, registers });
      for (const [labels, value] of values) made.set(labels, value);
    } else {
      const made = new Counter({ name, help, labelNames, registers });
      for (const [labels, value] of values) made.inc(labels, value);
    }
  }
  const help = "Workers and servers on the same log that did not answer.";
  new Gauge({ name: SILENT_METRIC, help, registers }).set(silent);
  return { text: await registry.metrics(), type: registry.contentType };
}

/**
 * A histogram whose values were counted elsewhere. The library's own takes one value at a time, so
 * this is a gauge that says that it is a histogram.
 */
class CountedHistogram extends Gauge<string> {
  readonly #metric: HistogramMetric;
  readonly #processes: readonly ProcessFigures[];

  constructor(metric: HistogramMetric, processes: readonly ProcessFigures[]) {
    const { name, help } = metric;
    super({ name, help, labelNames: ["worker"], registers: [] });
    this.#metric = metric;
    this.#processes = processes;
  }

  override async get() {
    const { name, help, histogram } = this.#metric;
    const values = this.#processes.flatMap((figures) => {
      const { buckets, sum } = histogram(figures);
      const worker = String(figures.worker);
      let count = 0;
      const cumulated = buckets.map((inBucket, bucket) => {
        count += inBucket;
        return {
          value: count,
          labels: { worker, le: BOUNDS[bucket] ?? "+Inf" },
          metricName: `${name}_bucket`,
        };
      });
      return [
        ...cumulated,
        { value: sum, labels: { worker }, metricName: `${name}_sum` },
        { value: countOf({ buckets, sum }), labels: { worker }, metricName: `${name}_count` },
      ];
    });
    const parts = await super.get();
    return { ...parts, name, help, values, type: "histogram" as unknown as MetricType };
  }
}
