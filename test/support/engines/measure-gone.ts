import type { RunningServer } from "../../../src/server.ts";
import { TEST_PAGES } from "../../browser/client-page.ts";
import { startTestServer } from "../test-server.ts";
import { eventually } from "../within.ts";
import type { Engine } from "./engine.ts";
import { AT_ONCE_MS, type Measure, RARE_HEARTBEAT_MS } from "./measure.ts";
import { TrialPage } from "./trial-page.ts";

/** Longest for a browser to end a connection that nobody wants any more, in ms. */
const LATE_MS = 20_000;

/** A page that is left frees its stream at once. */
export const measureUnload: Measure = async ({ engine }) => {
  const server = await openStream(engine);
  await engine.open(`${server.url}/counter.html`);
  await eventually(AT_ONCE_MS, () => server.hub.openStreams === 0, "the end of a page's stream");
  return "at once";
};

/** A page that takes the display frame out frees the stream, whatever the client thinks of it. */
export const measureRemoved: Measure = async ({ engine }) => {
  const server = await openStream(engine);
  await engine.evaluate(`(function (frame) {
    frame.parentNode.removeChild(frame);
  })(document.getElementsByTagName("iframe")[0])`);
  const removedAt = performance.now();
  await eventually(LATE_MS, () => server.hub.openStreams === 0, "the end of a frame's stream");
  return performance.now() - removedAt < AT_ONCE_MS ? "at once" : "late";
};

/** Open a page with a stream that does not come back by itself, and whose heartbeats are rare. */
async function openStream(engine: Engine): Promise<RunningServer> {
  const server = await startTestServer({ pages: TEST_PAGES, heartbeatMs: RARE_HEARTBEAT_MS });
  const page = await TrialPage.open(engine, `${server.url}/?retryMs=Infinity`);
  await page.untilOpenBy("frame");
  return server;
}
