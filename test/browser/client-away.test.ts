import { expect } from "chai";
import type { Browser } from "puppeteer-core";
import { closeProxies, startFaultyProxy } from "../support/faulty-proxy.ts";
import { publishJson } from "../support/raw-http.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { BROWSERS } from "./browsers.ts";
import { PageStream, TEST_PAGES } from "./client-page.ts";

const AWAY_MS = 60_000;

/** In all browsers at once, since most of it is waiting. */
describe("the client, when its server is away for a minute", function () {
  this.timeout(180_000);
  let browsers: readonly Browser[] = [];

  before(async () => {
    browsers = await Promise.all(BROWSERS.map((kind) => kind.launch()));
  });
  after(async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    await closeProxies();
    await stopServers();
  });

  it("comes back by itself, to a frame where it had one, and has lost nothing", async () => {
    const server = await startTestServer({ pages: TEST_PAGES, heartbeatMs: 1_000 });
    const proxy = await startFaultyProxy(server.url);
    const streams: PageStream[] = [];
    for (const browser of browsers) {
      const page = await browser.newPage();
      await page.goto(`${proxy.url}/client.html`);
      for (const transport of ["auto", "poll"] as const) {
        const times = { retryMs: 1_000, silentMs: 4_000 };
        streams.push(await PageStream.open(page, { channels: "news", transport, ...times }));
      }
    }
    for (const stream of streams) await stream.untilState("open");
    await publishJson(server.url, "news", "before");
    for (const stream of streams) await stream.untilMessages(1);
    proxy.rule(() => "cut");
    proxy.cutAll();
    await publishJson(server.url, "news", "while away");
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
    proxy.rule(() => "pass");
    for (const stream of streams) {
      await stream.untilMessages(2, 60_000);
      expect(await stream.data()).to.deep.equal(["before", "while away"]);
    }
    const transports = await Promise.all(streams.map((stream) => stream.transport()));
    expect(transports).to.deep.equal(BROWSERS.flatMap(() => ["frame", "poll"]));
  });
});
