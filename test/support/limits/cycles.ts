import { expect } from "chai";
import type { TransportName } from "../../../src/core/transport.ts";
import { TEST_PAGES } from "../../browser/client-page.ts";
import { publishJson } from "../raw-http.ts";
import { startTcpProxy } from "../tcp-proxy.ts";
import { startTestServer } from "../test-server.ts";
import { eventually } from "../within.ts";
import { type Footprint, type MeasuredPage, openLimits } from "./measured-page.ts";

/** Connections that a browser keeps to a server while it needs none. */
const MAX_IDLE_CONNECTIONS = 6;

/** Longest until what a stream leaves behind is gone, in ms: above all the last look at it. */
const GONE_MS = 5_000;

/** After this many cycles, all that is made once has been made. */
const WARM_CYCLES = 5;

/**
 * Open and close a stream again and again; each gets a message.
 *
 * @returns what the page takes after some cycles, and after all; rejects where a frame, a timer, a
 *   stream or a connection is left behind
 */
export async function openAndClose(
  page: MeasuredPage,
  transport: TransportName,
  cycles: number,
): Promise<readonly [Footprint, Footprint]> {
  const server = await startTestServer({ pages: TEST_PAGES });
  const proxy = await startTcpProxy(Number(new URL(server.url).port));
  await openLimits(page, `http://127.0.0.1:${proxy.port}`);
  await page.until("limits.timers() === 0", "a page without a timer");
  const isClean = async () => {
    await page.until("limits.timers() === 0", `the end of the timers of ${transport}`, GONE_MS);
    const frames = `document.getElementsByTagName("iframe")`;
    await page.until(`${frames}.length === 0`, `the end of the frames of ${transport}`, GONE_MS);
    await eventually(
      GONE_MS,
      () => server.hub.openStreams === 0 && proxy.connections <= MAX_IDLE_CONNECTIONS,
      () => `the end of ${proxy.connections} connections`,
    );
  };
  const cycle = async (number: number) => {
    await page.evaluate(`limits.open("${transport}")`);
    await page.until(`limits.stream.state === "open"`, `a stream by ${transport}`);
    await publishJson(server.url, "news", { n: number });
    await page.until(`limits.received > ${number}`, `message ${number} by ${transport}`);
    await page.evaluate("limits.stream.close()");
    await page.until(`limits.stream.state === "closed"`, `the end of stream ${number}`);
  };
  for (let n = 0; n < WARM_CYCLES; n++) await cycle(n);
  await isClean();
  const warm = await page.measure();
  for (let n = WARM_CYCLES; n < cycles; n++) await cycle(n);
  await isClean();
  expect(await page.evaluate("[limits.received, limits.wrong]")).to.deep.equal([cycles, 0]);
  return [warm, await page.measure()];
}
