import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { startFaultyProxy } from "../support/faulty-proxy.ts";
import { publishJson } from "../support/raw-http.ts";
import { startTestServer } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowser } from "./browsers.ts";
import { PageStream, TEST_PAGES, TRANSPORTS } from "./client-page.ts";

describeInBrowser("the client in a page of another origin", (suite) => {
  let page: Page;

  /** A page of pages.example, and a server that allows it, or not. */
  const start = async (isAllowed = true, overrides = {}) => {
    page = await suite.newPage();
    const pages = await startTestServer({ pages: TEST_PAGES, allowedHosts: ["pages.example"] });
    const origin = `http://pages.example:${new URL(pages.url).port}`;
    const server = await startTestServer({
      ...(isAllowed ? { allowedOrigins: [origin] } : {}),
      ...overrides,
    });
    await page.goto(`${origin}/client.html`);
    const open = (options = {}) =>
      PageStream.open(page, { url: `${server.url}/`, channels: "news", retryMs: 200, ...options });
    return { server, open };
  };

  for (const transport of TRANSPORTS) {
    it(`is served by ${transport}, from the open to the close`, async () => {
      const { server, open } = await start();
      const stream = await open({ transport });
      await stream.untilOpenBy(transport);
      await publishJson(server.url, "news", { n: "</script>\u2028" });
      await stream.untilMessages(1);
      expect(await stream.data()).to.deep.equal([{ n: "</script>\u2028" }]);
      await stream.close();
      await stream.untilState("closed");
      const [event] = await stream.told<{ reason: string }>("onclose");
      expect(event?.reason).to.equal("client");
      expect(server.hub.openStreams).to.equal(0);
    });
  }

  it("hears nothing that other windows post", async () => {
    const { server, open } = await start();
    const stream = await open();
    await stream.untilOpenBy("frame");
    const forged = JSON.stringify({ type: "message", id: "x.1", channel: "news", data: "forged" });
    await page.evaluate(`(() => {
      window.postMessage(${JSON.stringify(forged)}, "*");
      const frame = document.createElement("iframe");
      frame.srcdoc = "<script>parent.postMessage(" + ${JSON.stringify(JSON.stringify(forged))} + ", '*')</script>";
      document.body.append(frame);
    })()`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await publishJson(server.url, "news", "real");
    await stream.untilMessages(1);
    expect(await stream.data()).to.deep.equal(["real"]);
  });

  it("hears a refusal", async () => {
    const { open } = await start();
    const stream = await open({ channels: "a..b", transport: "frame" });
    await stream.untilState("refused");
    const [error] = await stream.told<{ code: string }>("onerror");
    expect(error?.code).to.equal("FF_SELECTOR_INVALID");
  });

  it("notices by its heartbeats that a frame is alive", async () => {
    const { open } = await start(true, { heartbeatMs: 300 });
    const stream = await open({ transport: "frame", silentMs: 4_000 });
    await stream.untilState("open");
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect(await stream.states()).to.deep.equal(["connecting", "open"]);
  });

  it("asks after its stream when a heartbeat is missed, and comes back after a cut", async () => {
    const { server, open } = await start(true, { heartbeatMs: 400 });
    const proxy = await startFaultyProxy(server.url);
    const stream = await open({ url: `${proxy.url}/`, transport: "frame" });
    await stream.untilOpenBy("frame");
    proxy.cutAll();
    const isLost = async () => (await stream.states()).includes("lost cut");
    await eventually(10_000, isLost, "the loss of the stream");
    await publishJson(server.url, "news", 1);
    await stream.untilMessages(1);
  });

  it("is served where its policy is to send no Referer", async () => {
    const { server, open } = await start();
    await page.evaluate(`(() => {
      const policy = document.createElement("meta");
      policy.name = "referrer";
      policy.content = "no-referrer";
      document.head.append(policy);
    })()`);
    const stream = await open({ transport: "frame" });
    await stream.untilOpenBy("frame");
    await publishJson(server.url, "news", 1);
    await stream.untilMessages(1);
  });

  it("gets nothing where its origin is not allowed", async () => {
    const { server, open } = await start(false);
    const stream = await open();
    await eventually(
      10_000,
      async () => (await stream.states()).includes("lost failed"),
      "the refusal of frame and poll",
    );
    expect(server.hub.openStreams).to.equal(0);
    expect(await stream.told("onmessage")).to.deep.equal([]);
    await stream.close();
  });
});
