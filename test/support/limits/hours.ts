import { expect } from "chai";
import type { TransportName } from "../../../src/core/transport.ts";
import { TEST_PAGES } from "../../browser/client-page.ts";
import { startTestServer } from "../test-server.ts";
import { type Footprint, type MeasuredPage, openLimits } from "./measured-page.ts";
import { publishNumbers } from "./publish-numbers.ts";

const HOURS = 8;

/** Messages of an hour, at one a second. */
const MESSAGES_PER_HOUR = 3_600;

/** Messages that are published at once. */
const BATCH = 20;

/** Heartbeats of an hour, at the default of 10 s, and how often they come here, in ms. */
const HEARTBEATS_PER_HOUR = 360;
const HEARTBEAT_MS = 50;

/** Where a heartbeat adds to a text that the page keeps. For others, one message more is worse. */
const KEEPING_HEARTBEATS: readonly TransportName[] = ["frame", "ndjson"];

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Longest for an hour's messages, in ms. */
const HOUR_MS = 120_000;

const TEXT = "x".repeat(200);

/**
 * Send a page as many messages and heartbeats as come in eight hours, at one message a second.
 *
 * @returns what it takes after the first hour, and after the last; rejects where a message was
 *   lost, doubled or out of order
 */
export async function spendHours(
  page: MeasuredPage,
  transport: TransportName,
): Promise<readonly [Footprint, Footprint]> {
  const server = await startTestServer({ pages: TEST_PAGES, heartbeatMs: HEARTBEAT_MS });
  await openLimits(page, server.url);
  await page.evaluate(`limits.open("${transport}")`);
  await page.until(`limits.stream.state === "open"`, `a stream by ${transport}`);
  let sent = 0;
  const spendHour = async () => {
    const end = sent + MESSAGES_PER_HOUR;
    for (; sent < end; sent += BATCH) await publishNumbers(server.url, sent, BATCH, TEXT);
    await page.until(`limits.received >= ${sent}`, `${sent} messages by ${transport}`, HOUR_MS);
    if (KEEPING_HEARTBEATS.includes(transport)) await pause(HEARTBEATS_PER_HOUR * HEARTBEAT_MS);
    expect(await page.evaluate("[limits.received, limits.wrong]")).to.deep.equal([sent, 0]);
    return page.measure();
  };
  const first = await spendHour();
  for (let hour = 2; hour < HOURS; hour++) await spendHour();
  return [first, await spendHour()];
}
