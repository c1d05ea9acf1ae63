import { type Measure, streamsFor } from "./measure.ts";
import { withColdLoad, withLoad } from "./with-load.ts";

const NONE = "no history";
const MESSAGES = 100;

/**
 * Streams that come back at once, each for the last 100 messages; what it takes to open them counts
 * too.
 */
export const catchUp: Measure = {
  name: "catch-up",
  without: { sockjs: NONE, "better-sse": NONE, "bare-loop": NONE },
  start: {},
  quantities: (scale) => {
    const when = `${streamsFor(scale).toLocaleString("en")} streams catch up on ${MESSAGES} messages`;
    return [
      { key: "perSecond", title: `deliveries/s while ${when}`, unit: "/s" },
      { key: "cpuUs", title: `CPU per delivery while ${when}`, unit: "us" },
    ];
  },
  async run({ server, scale }) {
    if (server.startHistory === null) throw new Error("it keeps no history");
    await withLoad(server, (load) => load.open(streamsFor(scale) / 4));
    const path = await server.startHistory();
    return withColdLoad(server, { path }, async (load) => {
      await load.publish({ window: 1, messages: MESSAGES });
      await load.catchUp(100, MESSAGES);
      await load.close();
      const caughtUp = await load.catchUp(streamsFor(scale), MESSAGES);
      return {
        perSecond: caughtUp.deliveries_per_s,
        cpuUs: caughtUp.cpu_us_per_delivery,
        loadCpu: caughtUp.load_cpu,
      };
    });
  },
};
