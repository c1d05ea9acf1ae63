import { sendLines } from "../load/lines.ts";
import { type Measure, withoutPeers } from "./measure.ts";

const MANY = 10_000;
const OFFERED = 10_000;
const NONE = "no such connection";

/** Messages a second over one publish connection, each answered when it is durable. */
export const publishConnectionMeasure: Measure = {
  name: "publish-connection",
  without: withoutPeers(NONE),
  start: {},
  quantities: () => [
    {
      key: "linesPerSecond",
      title: `messages/s over one publish connection, 100 bytes each, ${MANY} in flight`,
      unit: "/s",
    },
    {
      key: "offeredMs",
      title: `99th percentile of an answer at ${OFFERED.toLocaleString("en")} messages/s offered`,
      unit: "ms",
    },
    { key: "oneByOnePerSecond", title: "the same, one message at a time", unit: "/s" },
    { key: "oneByOneMs", title: "the same, 99th percentile of an answer", unit: "ms" },
  ],
  async run({ server: { port }, scale }) {
    const seconds = scale === "full" ? 5 : 1;
    await sendLines(port, { inFlight: MANY }, 1);
    const many = await sendLines(port, { inFlight: MANY }, seconds);
    const offered = await sendLines(port, { rate: OFFERED }, seconds);
    const one = await sendLines(port, { inFlight: 1 }, seconds);
    return {
      linesPerSecond: many.perSecond,
      offeredMs: offered.p99Ms,
      oneByOnePerSecond: one.perSecond,
      oneByOneMs: one.p99Ms,
    };
  },
};
