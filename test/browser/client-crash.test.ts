import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { freePort } from "../support/free-port.ts";
import { freeze, thawAll } from "../support/process-group.ts";
import { publishJson } from "../support/raw-http.ts";
import { type CliProcess, killProcesses, startServeProcess } from "../support/serve-process.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowsers } from "./browsers.ts";
import { PageStream, TEST_PAGES } from "./client-page.ts";

/** How long the server is away after it was killed, in ms, beside its start. */
const AWAY_MS = 400;

/**
 * How long a frozen browser sleeps, and a page is hidden, in ms: longer than a look may be late.
 */
const ASLEEP_MS = 7_000;

/** For a loaded machine, in ms. */
const MARGIN_MS = 3_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describeInBrowsers("the client, when its server was killed", (suite) => {
  let server: CliProcess;
  let restart: () => Promise<void>;
  let url: string;
  let page: Page;

  beforeEach(async () => {
    const flags = ["--port", String(await freePort()), "--pages", TEST_PAGES];
    const data = createTemporaryDirectory();
    restart = async () => {
      const started = await startServeProcess([...flags, "--data", data]);
      server = started.process;
      url = started.url;
    };
    await restart();
    page = await suite.newPage();
    await page.goto(`${url}/client.html`);
  });
  afterEach(() => {
    thawAll();
    killProcesses();
  });

  const crash = async () => {
    server.kill("SIGKILL");
    await server.outcome;
  };
  const open = async (options = {}) => {
    const stream = await PageStream.open(page, { channels: "news", ...options });
    await stream.untilOpenBy("frame");
    await publishJson(url, "news", "before");
    await stream.untilMessages(1);
    return stream;
  };
  const isLost = (stream: PageStream) => async () =>
    (await stream.states()).some((state) => state.startsWith("lost"));

  const longestMs = suite.kind.name === "Firefox" ? 4_000 : 15_000;
  it(`is back within ${longestMs / 1_000} s of the start after a kill -9, with what was published meanwhile`, async () => {
    const stream = await open();
    await crash();
    await pause(AWAY_MS);
    await restart();
    await publishJson(url, "news", "meanwhile");
    await stream.untilMessages(2, longestMs + MARGIN_MS);
    expect(await stream.data()).to.deep.equal(["before", "meanwhile"]);
    expect(await stream.states()).to.include("lost cut");
  });

  it("reconnects as soon as the browser says that it is online", async () => {
    const stream = await open({ retryMs: 100_000 });
    await crash();
    await eventually(20_000, isLost(stream), "the page to notice");
    await restart();
    await page.evaluate(`dispatchEvent(new Event("online"))`);
    await publishJson(url, "news", "after");
    await stream.untilMessages(2, MARGIN_MS);
  });

  it("asks when the browser says that it is online, and does not wait for a heartbeat", async () => {
    const stream = await open();
    await crash();
    await restart();
    await page.evaluate(`dispatchEvent(new Event("online"))`);
    await publishJson(url, "news", "after");
    await stream.untilMessages(2, MARGIN_MS);
  });

  it("is back soon after a sleep in which it was killed", async () => {
    const stream = await open();
    freeze(suite.browser.process()?.pid ?? 0);
    await crash();
    await restart();
    await pause(ASLEEP_MS);
    thawAll();
    await publishJson(url, "news", "after");
    await stream.untilMessages(2, 1_000 + MARGIN_MS);
  });

  it("is back soon after its page is shown again", async () => {
    page = await suite.wholePage();
    await page.goto(`${url}/client.html`);
    const stream = await open();
    const other = await suite.wholePage();
    await other.bringToFront();
    await crash();
    await restart();
    await pause(ASLEEP_MS);
    await page.bringToFront();
    await publishJson(url, "news", "after");
    await stream.untilMessages(2, MARGIN_MS);
  });
});
