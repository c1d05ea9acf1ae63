import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { type Fault, startFaultyProxy } from "../support/faulty-proxy.ts";
import { publishJson } from "../support/raw-http.ts";
import { startTestServer } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowser } from "./browsers.ts";
import { PageStream, TEST_PAGES } from "./client-page.ts";

/** Times that a timer would take for none at all, as JavaScript. */
const ENDLESS = ["Infinity", '"Infinity"', "3e9"];

/** Values that are no time, as JavaScript. */
const MEANINGLESS = ["NaN", '"soon"', "-1", "0", "null"];

/** Long enough for a timer that fires at once to be seen. */
const A_WHILE_MS = 1_500;

const isFrame = (path: string) => path.includes("transport=frame");
const isStream = (path: string) => path.startsWith("/stream?");

describeInBrowser("the client's times", (suite) => {
  let page: Page;

  beforeEach(async () => {
    page = await suite.newPage();
  });

  const start = async (options: string, rule: (path: string) => Fault = () => "pass") => {
    const server = await startTestServer({ pages: TEST_PAGES, heartbeatMs: 300 });
    const proxy = await startFaultyProxy(server.url, rule);
    await page.goto(`${proxy.url}/client.html`);
    const stream = await PageStream.open(page, `{ channels: "news", ${options} }`);
    return { server, proxy, stream };
  };
  const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  for (const ms of [...ENDLESS, ...MEANINGLESS]) {
    it(`keep a stream open with silentMs ${ms}`, async () => {
      const { server, stream } = await start(`silentMs: ${ms}`);
      await stream.untilOpenBy("frame");
      await pass(A_WHILE_MS);
      await publishJson(server.url, "news", 1);
      await stream.untilMessages(1);
      expect(await stream.states()).to.deep.equal(["connecting", "open"]);
    });
  }

  for (const ms of ENDLESS) {
    it(`let no attempt follow a failure with retryMs ${ms}`, async () => {
      const { proxy, stream } = await start(`retryMs: ${ms}`, (path) =>
        isStream(path) ? { status: 503, body: "<h1>Down</h1>" } : "pass",
      );
      await stream.untilState("lost");
      const before = proxy.requests.length;
      await pass(A_WHILE_MS);
      expect(proxy.requests).to.have.lengthOf(before);
    });

    it(`let no frame be tried again with frameAgainMs ${ms}`, async () => {
      const { proxy, stream } = await start(`silentMs: 1200, frameAgainMs: ${ms}`, (path) =>
        isFrame(path) ? "hold" : "pass",
      );
      await stream.untilOpenBy("poll");
      await pass(A_WHILE_MS);
      expect(proxy.requests.filter(isFrame)).to.have.lengthOf(1);
    });
  }

  it("let no attempt follow a cut with retryMs Infinity, before the browser is online again", async () => {
    const { server, proxy, stream } = await start("retryMs: Infinity");
    await stream.untilOpenBy("frame");
    proxy.cutAll();
    await stream.untilState("lost");
    const before = proxy.requests.length;
    await pass(A_WHILE_MS);
    expect(proxy.requests).to.have.lengthOf(before);
    await page.evaluate(`dispatchEvent(new Event("online"))`);
    await publishJson(server.url, "news", 1);
    await stream.untilMessages(1);
  });

  for (const ms of MEANINGLESS) {
    it(`are the default with retryMs ${ms}`, async () => {
      const { stream } = await start(`retryMs: ${ms}`, (path) =>
        isStream(path) ? { status: 503, body: "<h1>Down</h1>" } : "pass",
      );
      await eventually(5_000, async () => (await stream.state()) === "lost", "the first failure");
      const [pause] = await stream.evaluate<number[]>(
        `calls.filter(({ first }) => first === "lost").map(({ second }) => second.retryMs)`,
      );
      expect(pause).to.be.within(3_750, 6_250);
    });
  }

  it("are short for the first attempts after a cut, and not again soon", async () => {
    const { stream } = await start("retryMs: 1000");
    const pauses = () =>
      stream.evaluate<number[]>(
        `calls.filter(({ first }) => first === "lost").map(({ second }) => second.retryMs)`,
      );
    const cut = async (times: number) => {
      await stream.untilOpenBy("frame");
      await page.evaluate(`document.querySelector("iframe").remove()`);
      await eventually(5_000, async () => (await pauses()).length === times, "the loss");
    };
    await cut(1);
    await cut(2);
    const [first, second] = await pauses();
    expect(first).to.be.within(100, 300);
    expect(second).to.be.within(750, 1_250);
  });
});
