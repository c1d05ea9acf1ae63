import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { startFaultyProxy } from "../support/faulty-proxy.ts";
import { closeMeddlingProxies, startMeddlingProxy } from "../support/meddling-proxy.ts";
import { publishJson } from "../support/raw-http.ts";
import { startTestServer } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowsers } from "./browsers.ts";
import { PageStream, TEST_PAGES } from "./client-page.ts";

/** So rare that they push nothing on before a test is over. */
const SERVER = { pages: TEST_PAGES, heartbeatMs: 30_000 };

/** After this, in ms, a frame that is to be tested has been asked for its echo. */
const TESTED_MS = 4_000;

/** After this, in ms, an echo that was given has come, or the frame is given up. */
const CONCLUDED_MS = 2_500;

describeInBrowsers(
  "the client on a path that hands an event on when the next one comes",
  (suite) => {
    let page: Page;

    beforeEach(async () => {
      page = await suite.newPage();
    });
    afterEach(closeMeddlingProxies);

    it("polls, says so, loses nothing, and does so again after each frame that it tries", async () => {
      const server = await startTestServer(SERVER);
      const proxy = await startMeddlingProxy(server.url, { isOneBehind: true });
      await page.goto(`${proxy}/client.html`);
      const stream = await PageStream.open(page, { channels: "news", frameAgainMs: 48_000 });
      await eventually(10_000, () => server.hub.openStreams === 1, "the frame's stream");
      // It pushes the first event through the proxy, and is held back itself.
      await publishJson(server.url, "news", 1);
      await stream.untilOpenBy("frame");
      await stream.untilOpenBy("poll", 20_000);
      expect(await stream.states()).to.deep.equal([
        "connecting",
        "open",
        "connecting held",
        "open",
      ]);
      await publishJson(server.url, "news", 2);
      await stream.untilMessages(2);

      await eventually(20_000, () => server.hub.openStreams === 2, "a frame beside the poll");
      await publishJson(server.url, "news", 3);
      await stream.untilOpenBy("frame");
      await stream.untilOpenBy("poll", 20_000);
      expect((await stream.states()).slice(4)).to.deep.equal(["open", "connecting held", "open"]);
      await publishJson(server.url, "news", 4);
      await stream.untilMessages(4);
      expect(await stream.data()).to.deep.equal([1, 2, 3, 4]);
      await eventually(
        5_000,
        () => server.hub.openStreams === 1,
        "the frames' streams to be closed",
      );
    });

    it("keeps its frame on a good path, which is tested once for all pages, and where a server has no echo", async () => {
      const server = await startTestServer(SERVER);
      const proxy = await startFaultyProxy(server.url, (path) =>
        path.includes("echo=1")
          ? { status: 200, type: "application/json", body: '{"stream":"a.b","state":"open"}' }
          : "pass",
      );
      const tests = () => proxy.requests.filter((path) => path.includes("echo=1")).length;
      const openPage = async () => {
        await page.goto(`${proxy.url}/client.html`);
        const stream = await PageStream.open(page, { channels: "news" });
        await stream.untilOpenBy("frame");
        return stream;
      };
      const checkKept = async (stream: PageStream) =>
        expect(await stream.states()).to.deep.equal(["connecting", "open"]);

      const first = await openPage();
      await eventually(10_000, () => tests() === 1, "a test");
      await new Promise((resolve) => setTimeout(resolve, CONCLUDED_MS));
      await checkKept(first);

      proxy.rule(() => "pass");
      const second = await openPage();
      const isKnown = `Object.keys(localStorage).some((key) => /prompt/.test(key))`;
      await eventually(10_000, async () => (await page.evaluate(isKnown)) === true, "a good path");
      await checkKept(second);
      expect(tests()).to.equal(2);

      const third = await openPage();
      await new Promise((resolve) => setTimeout(resolve, TESTED_MS));
      await checkKept(third);
      expect(tests()).to.equal(2);
    });
  },
);
