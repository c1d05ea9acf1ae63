import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { startFaultyProxy } from "../faulty-proxy.ts";
import { publishJson } from "../raw-http.ts";
import { startTestServer } from "../test-server.ts";
import { eventually } from "../within.ts";
import { AT_ONCE_MS, type Measure, RARE_HEARTBEAT_MS } from "./measure.ts";
import { TrialPage } from "./trial-page.ts";

/** Short, so that a page that came back would do so soon. */
const RETRY_MS = 200;

/** What the page then says. */
const CLOSED = "closed by you: will not reconnect";

/** Close ends a stream for good, and at once; a stream that is opened after it goes on. */
export const measureClose: Measure = async ({ engine, size }) => {
  const server = await startTestServer({ heartbeatMs: RARE_HEARTBEAT_MS });
  const proxy = await startFaultyProxy(server.url);
  const page = await TrialPage.open(engine, `${proxy.url}/?retryMs=${RETRY_MS}`);
  await page.untilOpenBy("frame");
  const entries = await page.historyLength();

  const before = proxy.requests.length;
  await page.press("close");
  await page.untilText("state", CLOSED);
  await eventually(AT_ONCE_MS, () => server.hub.openStreams === 0, "the end of the stream");
  const missed = await publishJson(server.url, "news", "missed");
  await pause(3 * RETRY_MS);
  const requests = proxy.requests.slice(before);
  expect(requests, "requests after the close").to.have.lengthOf(1);
  expect(requests[0]).to.match(/^\/streams\/.+\/close$/);
  expect(await page.text("count")).to.equal("0");

  await page.press("reopen");
  await page.untilOpenBy("frame");
  await page.untilCount(1);
  expect(await page.column("messages", 1)).to.deep.equal([missed]);
  for (let times = size === "whole" ? 9 : 1; times > 0; times--) {
    await page.press("close");
    await page.untilText("state", CLOSED);
    await page.press("reopen");
    await page.untilOpenBy("frame");
  }
  expect(await page.historyLength(), "entries of the history").to.equal(entries);
  return "for good";
};
