import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { type HangingServer, startHangingServer } from "../support/hanging-server.ts";
import { publishJson } from "../support/raw-http.ts";
import { startTestServer } from "../support/test-server.ts";
import { describeInBrowser } from "./browsers.ts";
import { PageStream, TEST_PAGES } from "./client-page.ts";

describeInBrowser("the client in a page whose load event is held back", (suite) => {
  let page: Page;
  let picture: HangingServer;

  beforeEach(async () => {
    picture = await startHangingServer();
    page = await suite.newPage();
  });
  afterEach(() => picture.release());

  const start = async () => {
    const server = await startTestServer({ pages: TEST_PAGES });
    const query = encodeURIComponent(`${picture.url}/x.png`);
    await page.goto(`${server.url}/hanging.html?${query}`, { waitUntil: "domcontentloaded" });
    return server;
  };

  it("polls after 10 s, and has its frame once the page has loaded", async () => {
    const { url } = await start();
    const stream = await PageStream.open(page, { channels: "news" });
    await stream.untilOpenBy("poll", 14_000);
    expect(await page.evaluate("performance.now() - startedAt")).to.be.above(9_000);
    await publishJson(url, "news", 1);
    await stream.untilMessages(1);
    expect(await stream.states()).to.deep.equal(["connecting loading", "open"]);
    expect(await page.evaluate("document.readyState")).to.equal("interactive");

    await picture.release();
    await stream.untilOpenBy("frame");
    expect(await page.evaluate("document.readyState"), "the load event").to.equal("complete");
    await publishJson(url, "news", 2);
    await stream.untilMessages(2);
    expect(await stream.data()).to.deep.equal([1, 2]);
  });

  it("takes the frame that it is told to take", async () => {
    const { url } = await start();
    const stream = await PageStream.open(page, { channels: "news", transport: "frame" });
    await stream.untilOpenBy("frame", 14_000);
    await publishJson(url, "news", 1);
    await stream.untilMessages(1);
  });
});
