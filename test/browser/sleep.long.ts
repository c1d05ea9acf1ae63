import { expect } from "chai";
import type { Browser, Page } from "puppeteer-core";
import type { RunningServer } from "../../src/server.ts";
import { publishNumbers } from "../support/limits/publish-numbers.ts";
import { listEnded } from "../support/middleboxes/site.ts";
import { freeze, thawAll } from "../support/process-group.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { BROWSERS } from "./browsers.ts";
import { TEST_PAGES, TRANSPORTS } from "./client-page.ts";

/** How long a browser sleeps, and a tab is frozen, in ms: longer than three heartbeats. */
const ASLEEP_MS = 45_000;

/** Longest until an awakened page has heard what it slept through, in ms. */
const AWAKE_MS = 20_000;

/** Messages while it sleeps: more than the buffers of a connection take. */
const COUNT = 500;
const TEXT = "x".repeat(30_000);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a sleep of the browser", function () {
  this.timeout(180_000);
  let browser: Browser;
  let pages: Page[];
  let server: RunningServer;

  beforeEach(async () => {
    server = await startTestServer({
      pages: TEST_PAGES,
      stallMs: 5_000,
      adminToken: "admin-token",
    });
    const [chromium] = BROWSERS;
    if (chromium === undefined) throw new Error("there is no Chromium");
    browser = await chromium.launch();
    pages = [];
    // The first four of them hold a connection each, which leaves two.
    for (const transport of TRANSPORTS) {
      const page = await browser.newPage();
      await page.goto(`${server.url}/limits.html`);
      await page.evaluate(`limits.open("${transport}")`);
      await eventually(AWAKE_MS, () => isTrue(page, `limits.stream.state === "open"`), transport);
      pages.push(page);
    }
    await publishNumbers(server.url, 0, 10);
    await untilHeard(10);
  });
  afterEach(async () => {
    thawAll();
    await browser.close();
    await stopServers();
  });

  const isTrue = async (page: Page, expression: string) => Boolean(await page.evaluate(expression));
  const publishSlept = async () => {
    for (let n = 0; n < COUNT; n += 100) await publishNumbers(server.url, 10 + n, 100, TEXT);
  };
  const untilHeard = async (count: number) => {
    for (const [index, page] of pages.entries()) {
      const heard = () => isTrue(page, `limits.received >= ${count}`);
      await eventually(AWAKE_MS, heard, `${count} messages by ${TRANSPORTS[index]}`);
      expect(await page.evaluate("[limits.received, limits.wrong]")).to.deep.equal([count, 0]);
    }
  };

  it("loses nothing by any transport when the machine stops, though the server gives the streams up", async () => {
    freeze(browser.process()?.pid ?? 0);
    await publishSlept();
    await pause(ASLEEP_MS);
    expect((await listEnded(server)).map(({ reason }) => reason)).to.include("slow");
    thawAll();
    await untilHeard(10 + COUNT);
    await publishNumbers(server.url, 10 + COUNT, 10);
    await untilHeard(20 + COUNT);
  });

  it("loses nothing by any transport when tabs are frozen", async () => {
    const sessions = await Promise.all(pages.map((page) => page.createCDPSession()));
    const setState = (state: "frozen" | "active") =>
      Promise.all(sessions.map((session) => session.send("Page.setWebLifecycleState", { state })));
    await setState("frozen");
    await publishSlept();
    await pause(ASLEEP_MS);
    await setState("active");
    await untilHeard(10 + COUNT);
    await publishNumbers(server.url, 10 + COUNT, 10);
    await untilHeard(20 + COUNT);
  });
});
