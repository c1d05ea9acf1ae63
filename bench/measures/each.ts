import { openStream } from "../load/frame-stream.ts";
import type { RunningServer } from "../servers/server.ts";
import { type Measure, type Scale, withoutPeers } from "./measure.ts";

const NONE = "no such parameter";
const BATCH = 1_000;

function channelsOf(scale: Scale): number {
  return scale === "full" ? 10_000 : 500;
}

/** Publish one message to each of so many channels, some in a request. */
async function publishToEach({ port }: RunningServer, channels: number): Promise<void> {
  for (let from = 0; from < channels; from += BATCH) {
    const names = Array.from({ length: Math.min(BATCH, channels - from) }, (_, i) => from + i);
    const answer = await fetch(`http://127.0.0.1:${port}/publish`, {
      method: "POST",
      headers: { "Content-Type": "application/x-ndjson" },
      body: names.map((n) => `{"channel":"doors.d${n}","data":{"open":false}}\n`).join(""),
    });
    if ((await answer.text()).includes('"error"')) throw new Error("a line was refused");
  }
}

/** The time until so many messages have come, and that until the first one, in ms. */
async function timesOf(
  port: number,
  messages: number,
): Promise<{ readonly firstMs: number; readonly allMs: number }> {
  const began = performance.now();
  const socket = await openStream(port, "channels=doors.**&each=1&transport=ndjson");
  let seen = 0;
  let firstMs = 0;
  try {
    for await (const bytes of socket) {
      for (let at = bytes.indexOf("doors.d"); at >= 0; at = bytes.indexOf("doors.d", at + 1))
        seen++;
      if (seen > 0 && firstMs === 0) firstMs = performance.now() - began;
      if (seen >= messages) break;
    }
  } finally {
    socket.destroy();
  }
  return { firstMs, allMs: performance.now() - began };
}

/** A panel that asks for the state of many doors. */
export const each: Measure = {
  name: "each",
  without: withoutPeers(NONE),
  start: {},
  quantities: (scale) => {
    const what = `the newest message of ${channelsOf(scale).toLocaleString("en")} channels (each=1)`;
    return [
      { key: "firstMs", title: `time to the first of ${what}`, unit: "ms" },
      { key: "allMs", title: "… to the last", unit: "ms" },
    ];
  },
  async run({ server, scale }) {
    const channels = channelsOf(scale);
    for (let times = 0; times < 2; times++) await publishToEach(server, channels);
    await timesOf(server.port, channels); // compiles
    return timesOf(server.port, channels);
  },
};
