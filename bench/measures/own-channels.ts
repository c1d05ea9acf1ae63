import type { Load } from "../load/load.ts";
import type { RunningServer } from "../servers/server.ts";
import type { Measure, Scale } from "./measure.ts";
import { withColdLoad } from "./with-load.ts";

const NONE = "one channel only";
const NO_LINES = "no such connection";

/** Servers that have no channels to choose among. */
const WITHOUT = { sockjs: NONE, "better-sse": NONE, "bare-loop": NONE };

/** Lines that a publish connection has in flight: what a busy application's backend has. */
const LINES = 1_000;

function streamsOf(scale: Scale): number {
  return scale === "full" ? 5_000 : 500;
}

/** How channels are had, and how it is published. */
interface OwnLoad {
  readonly channels: number;
  readonly byLines?: boolean;
}

/** Run the load with channels of their own against a server that has warmed up. */
function withOwnLoad<Result>(
  server: RunningServer,
  { channels, byLines = false }: OwnLoad,
  act: (load: Load) => Promise<Result>,
): Promise<Result> {
  const { own } = server;
  const publish = byLines ? own?.lines : own?.publish;
  if (!own || !publish) throw new Error("it has no such channels");
  const options = { path: own.streamPath, publish, channels, byLines };
  return withColdLoad(server, options, async (load) => {
    await load.publishAll({ window: 16, messages: 5_000, seconds: 3 });
    return act(load);
  });
}

/** Single publishes to channels that have one stream each, or ten. */
export const ownChannels: Measure = {
  name: "own-channels",
  without: WITHOUT,
  start: {},
  quantities: (scale) => {
    const streams = streamsOf(scale).toLocaleString("en");
    const where = `${streams} streams with a channel each`;
    return [
      ...[1, 16, 64].flatMap((window) => [
        {
          key: `perSecond${window}`,
          title: `deliveries/s, ${where}, ${window} in flight`,
          unit: "/s",
        },
        { key: `cpuUs${window}`, title: "… CPU for a message", unit: "us" },
      ]),
      {
        key: "sharedCpuUs",
        title: "… the same with ten streams a channel, 64 in flight",
        unit: "us",
      },
    ];
  },
  async run({ server, scale }) {
    const streams = streamsOf(scale);
    const seconds = scale === "full" ? 3 : 0.4;
    const values: Record<string, number> = {};
    await withOwnLoad(server, { channels: streams }, async (load) => {
      await load.open(streams);
      for (const window of [1, 16, 64]) {
        const published = await load.publishAll({ window, seconds, drain: 30 });
        values[`perSecond${window}`] = published.deliveries_per_s;
        values[`cpuUs${window}`] = published.cpu_us_per_delivery;
      }
    });
    await withOwnLoad(server, { channels: streams / 10 }, async (load) => {
      await load.open(streams);
      const published = await load.publishAll({ window: 64, seconds, drain: 30 });
      values["sharedCpuUs"] = published.cpu_us_per_delivery * 10;
    });
    return values;
  },
};

/** The same through one publish connection. */
export const ownChannelsByLines: Measure = {
  name: "own-channels-by-lines",
  without: { ...WITHOUT, nchan: NO_LINES, "nchan-raw": NO_LINES },
  start: {},
  quantities: () => [
    {
      key: "perSecond",
      title: `deliveries/s through one publish connection, ${LINES.toLocaleString("en")} lines in flight`,
      unit: "/s",
    },
    { key: "cpuUs", title: "… CPU for a message", unit: "us" },
    {
      key: "p99Ms",
      title: "… latency p99 at half as many messages offered",
      unit: "ms",
    },
  ],
  async run({ server, scale }) {
    const streams = streamsOf(scale);
    const seconds = scale === "full" ? 4 : 0.4;
    return withOwnLoad(server, { channels: streams, byLines: true }, async (load) => {
      await load.open(streams);
      const most = await load.publishAll({ window: LINES, seconds, drain: 30 });
      const rate = Math.round(most.deliveries_per_s / 2);
      const offered = await load.publishAll({ rate, seconds });
      return {
        perSecond: most.deliveries_per_s,
        cpuUs: most.cpu_us_per_delivery,
        p99Ms: offered.p99_ms,
        loadCpu: most.load_cpu,
      };
    });
  },
};
