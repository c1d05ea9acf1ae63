import { expect } from "chai";
import { TEST_PAGES } from "../../browser/client-page.ts";
import { publishJson } from "../raw-http.ts";
import { startTestServer } from "../test-server.ts";
import { eventually } from "../within.ts";
import { type Measure, RARE_HEARTBEAT_MS } from "./measure.ts";
import { TrialPage } from "./trial-page.ts";

/** Longest for the busy indicator to come to rest, in ms. */
const REST_MS = 3_000;

/** Messages arrive, one after the other, in a frame whose document has not ended. */
export const measureOpen: Measure = async ({ engine }) => {
  const server = await startTestServer({ heartbeatMs: RARE_HEARTBEAT_MS });
  const page = await TrialPage.open(engine, `${server.url}/`);
  await page.untilOpenBy("frame");
  for (const n of [1, 2, 3]) {
    await publishJson(server.url, "news", `message ${n}`);
    await page.untilCount(n);
  }
  expect(await page.column("messages", 2)).to.deep.equal(["message 1", "message 2", "message 3"]);
  expect(server.hub.openStreams).to.equal(1);
  const inFrame = 'document.getElementsByTagName("iframe")[0].contentWindow.document.readyState';
  expect(await engine.evaluate(inFrame)).to.equal("loading");
  return "yes";
};

/** Whether the browser shows that it is loading as long as a stream is open. */
export const measureBusy: Measure = async ({ engine }) => {
  const server = await startTestServer({ pages: TEST_PAGES });
  await engine.open(`${server.url}/counter.html`);
  if ((await engine.isBusy()) === null) return "?";
  await eventually(REST_MS, async () => !(await engine.isBusy()), "a page that is at rest");
  await engine.evaluate('counter.begin("news")');
  await engine.until("counter.opens === 1", "a stream");
  const isAtRest = async () => !(await engine.isBusy());
  const rested = await eventually(REST_MS, isAtRest, "rest").catch(() => false);
  return rested ? "no" : "yes";
};
