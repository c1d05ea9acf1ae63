import { expect } from "chai";
import { startMeddlingProxy } from "../meddling-proxy.ts";
import { publishJson } from "../raw-http.ts";
import { startTestServer } from "../test-server.ts";
import type { Measure } from "./measure.ts";
import { TrialPage } from "./trial-page.ts";

/** Short, because a frame is awaited for a quarter of it, in ms. */
const SILENT_MS = 6_000;

const COUNT = 5;

/**
 * Where a proxy holds every answer back until its end, the client polls, and loses nothing. An
 * engine that does the same to what comes straight from the server needs no such proxy.
 */
export const measureFallback: Measure = async ({ engine, isHolding }) => {
  const server = await startTestServer({ heartbeatMs: 1_000 });
  const path = isHolding ? server.url : await startMeddlingProxy(server.url, { isHolding: true });
  const page = await TrialPage.open(engine, `${path}/?silentMs=${SILENT_MS}`);
  await page.untilOpenBy("poll");
  const sent = Array.from({ length: COUNT }, (_, n) => `message ${n}`);
  for (const text of sent) await publishJson(server.url, "news", text);
  await page.untilCount(COUNT);
  expect(await page.column("messages", 2)).to.deep.equal(sent);
  await page.press("close");
  await page.untilText("state", "closed by you: will not reconnect");
  return page.text("transport");
};
