import { expect } from "chai";
import type { RunningServer } from "../../../src/server.ts";
import { TEST_PAGES } from "../../browser/client-page.ts";
import { publishRaw } from "../request.ts";
import { startTestServer } from "../test-server.ts";
import type { Engine } from "./engine.ts";
import { type Measure, RARE_HEARTBEAT_MS } from "./measure.ts";

/** Messages, and how many of them are published together. */
const MESSAGES = { quick: 1_000, whole: 5_000 };
const BATCH = 50;

/** So small that a frame is replaced after every hundred messages or so. */
const RECYCLE_BYTES = 20_000;

/** A frame has no more elements than these, once what has run was swept away. */
const MAX_NODES = 20;

/** Longest until a batch has come, and until it is swept away, in ms. */
const BATCH_MS = 20_000;
const SWEPT_MS = 5_000;

/**
 * Frames are replaced by others without a message lost, doubled or late; and one that stays does
 * not keep what it has run.
 */
export const measureRecycle: Measure = async ({ engine, size }) => {
  const count = MESSAGES[size];
  const opens = await countThrough(engine, { count, recycleBytes: RECYCLE_BYTES });
  expect(opens).to.be.above(count / 500);
  expect(await countThrough(engine, { count, recycleBytes: 0 })).to.equal(1);
  return "seamless";
};

/** Count messages in a page. @returns how many frames they took */
async function countThrough(
  engine: Engine,
  { count, recycleBytes }: { count: number; recycleBytes: number },
): Promise<number> {
  const server = await startTestServer({
    pages: TEST_PAGES,
    heartbeatMs: RARE_HEARTBEAT_MS,
    recycleBytes,
  });
  await engine.open(`${server.url}/counter.html`);
  await engine.until("!!window.counter", "the page's script");
  await engine.evaluate('counter.begin("news")');
  await engine.until("counter.opens === 1", "a stream");
  const entries = await engine.evaluate("history.length");
  for (let sent = 0; sent < count; sent += BATCH) {
    await publishNumbers(server, sent);
    const what = `${sent + BATCH} messages`;
    await engine.until(`counter.count >= ${sent + BATCH}`, what, BATCH_MS);
  }
  await engine.until(`counter.nodes() <= ${MAX_NODES}`, "few nodes in the frame", SWEPT_MS);
  const result = await engine.evaluate("[counter.count, counter.faults, history.length]");
  expect(result).to.deep.equal([count, [], entries]);
  expect(server.hub.openStreams).to.equal(1);
  return Number(await engine.evaluate("counter.opens"));
}

/** Publish the numbers that follow on one. */
async function publishNumbers(server: RunningServer, last: number): Promise<void> {
  const lines = Array.from({ length: BATCH }, (_, i) =>
    JSON.stringify({ n: last + i + 1, text: "x" }),
  );
  const type = "application/x-ndjson";
  const answer = await publishRaw(server.url, "news", type, lines.join("\n"));
  expect(answer.status, answer.text).to.equal(201);
}
