import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { freePort } from "../free-port.ts";
import { freeze, thawAll } from "../process-group.ts";
import { publishJson } from "../raw-http.ts";
import { startServeProcess } from "../serve-process.ts";
import { createTemporaryDirectory } from "../temporary-directory.ts";
import { startTestServer } from "../test-server.ts";
import type { Measure } from "./measure.ts";
import { TrialPage } from "./trial-page.ts";

/** What is taken for cut after three times as long without anything. */
const HEARTBEAT_MS = 500;

/** Longer than that, in ms. */
const ASLEEP_MS = 3 * HEARTBEAT_MS + 1_000;

/** How often a server that is to be killed sends heartbeats, in ms. */
const KILLED_HEARTBEAT_MS = 6_000;

/**
 * A page that hears of a cut from its browser says so within this time, in ms, also where the
 * machine is busy. One that is told nothing misses a heartbeat first: after 1.2 of them.
 */
const TOLD_MS = KILLED_HEARTBEAT_MS;

/** A machine that slept for longer than the longest silence comes back, and has lost nothing. */
export const measureWake: Measure = async ({ engine }) => {
  const server = await startTestServer({ heartbeatMs: HEARTBEAT_MS });
  const page = await TrialPage.open(engine, `${server.url}/?retryMs=500`);
  await page.untilOpenBy("frame");
  await publishJson(server.url, "news", "before");
  await page.untilCount(1);
  freeze(engine.pid);
  try {
    await publishJson(server.url, "news", "asleep");
    await pause(ASLEEP_MS);
  } finally {
    thawAll();
  }
  await page.untilCount(2);
  await page.untilText("state", "open");
  await publishJson(server.url, "news", "awake");
  await page.untilCount(3);
  expect(await page.column("messages", 2)).to.deep.equal(["before", "asleep", "awake"]);
  return "yes";
};

/**
 * A page is back after its server was killed, and has lost nothing.
 *
 * @returns `told` where the engine lets the page know at once, else `asks`: the client finds out
 */
export const measureKilled: Measure = async ({ engine }) => {
  const flags = ["--port", String(await freePort()), "--data", createTemporaryDirectory()];
  const start = () => startServeProcess([...flags, "--heartbeat-ms", String(KILLED_HEARTBEAT_MS)]);
  const server = await start();
  const page = await TrialPage.open(
    engine,
    `${server.url}/?retryMs=2000&silentMs=${3 * KILLED_HEARTBEAT_MS}`,
  );
  await page.untilOpenBy("frame");
  await publishJson(server.url, "news", "before");
  await page.untilCount(1);
  server.process.kill("SIGKILL");
  const killedAt = performance.now();
  await server.process.outcome;
  const isLost = `/^lost/.test(document.getElementById("state").textContent)`;
  await engine.until(isLost, "a page that has noticed", 20_000);
  const isTold = performance.now() - killedAt < TOLD_MS;
  await start();
  await publishJson(server.url, "news", "after");
  await page.untilCount(2, 20_000);
  expect(await page.column("messages", 2)).to.deep.equal(["before", "after"]);
  return isTold ? "told" : "asks";
};
