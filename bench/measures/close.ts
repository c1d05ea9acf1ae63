import { closeTimes } from "../probes/close-times.ts";
import type { Measure, Quantity, Scale, Trial, Values } from "./measure.ts";
import { quantile } from "./quantile.ts";
import { withLoad } from "./with-load.ts";

const NONE = "no such request";
const PARTS = [
  ["P50", "p50", 0.5],
  ["P99", "p99", 0.99],
  ["Max", "longest", 1],
] as const;

function receivingStreams(scale: Scale): number {
  return scale === "full" ? 3_000 : 300;
}

function quantities(prefix: string, when: string): Quantity[] {
  return PARTS.map(([key, name]) => ({
    key: `${prefix}${key}`,
    title: `close request to close event, ${name}, ${when}`,
    unit: "ms",
  }));
}

function values(prefix: string, times: readonly number[]): Values {
  return Object.fromEntries(
    PARTS.map(([key, , part]) => [`${prefix}${key}`, quantile(times, part)]),
  );
}

function close({ server, scale }: Trial, streams: number): Promise<number[]> {
  const closes = scale === "full" ? 1_000 : 100;
  const pauseMs = scale === "full" ? 5 : 1;
  return closeTimes(server.port, { streams, closes, pauseMs, limitMs: 40_000 });
}

/** Beside streams that receive half of what the server can deliver. */
function closeBusy(trial: Trial): Promise<number[]> {
  const { server, scale, capacity } = trial;
  return withLoad(server, async (load) => {
    await load.open(receivingStreams(scale));
    const most = capacity ?? (await load.publishAll({ window: 1, seconds: 1 })).deliveries_per_s;
    const rate = most / 2 / receivingStreams(scale);
    const publishing = load.publish({ rate, seconds: 60, drain: 10 });
    // Its failure is thrown below, after the closes that it made senseless.
    publishing.catch(() => undefined);
    try {
      return await close(trial, 50);
    } finally {
      load.stopPublishing();
      await publishing;
    }
  });
}

/** How long after the request to close a stream its client is told. */
export const closeMeasure: Measure = {
  name: "close",
  without: { nchan: NONE, "nchan-raw": NONE, sockjs: NONE, "better-sse": NONE, "bare-loop": NONE },
  start: {},
  quantities: (scale) => [
    ...quantities("idle", "100 idle streams"),
    ...quantities(
      "busy",
      `${receivingStreams(scale).toLocaleString("en")} streams at half capacity`,
    ),
  ],
  async run(trial) {
    const warm = { streams: 50, closes: 200, pauseMs: 0, limitMs: 20_000 };
    await closeTimes(trial.server.port, warm);
    const idle = values("idle", await close(trial, 100));
    return { ...idle, ...values("busy", await closeBusy(trial)) };
  },
};
