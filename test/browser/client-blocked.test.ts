import { expect } from "chai";
import type { ErrorEvent } from "foreverframe/client";
import type { Page } from "puppeteer-core";
import { type Fault, startFaultyProxy } from "../support/faulty-proxy.ts";
import { startTestServer } from "../support/test-server.ts";
import { createSecretFile, signToken } from "../support/tokens.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowser } from "./browsers.ts";
import { PageStream, TEST_PAGES } from "./client-page.ts";

const isPoll = (path: string) => path.includes("transport=poll");
const cutSockets = (path: string): Fault => (path.includes("transport=ws") ? "cut" : "pass");

describeInBrowser("the client's polls beside a transport that does not come through", (suite) => {
  let page: Page;

  beforeEach(async () => {
    page = await suite.newPage();
  });

  const open = (options: object | string) => PageStream.open(page, options as string);
  const untilLost = (stream: PageStream, times: number) =>
    eventually(
      10_000,
      async () => (await stream.states()).filter((state) => /^lost/.test(state)).length >= times,
      `${times} losses`,
    );

  it("tell what is wrong with the start that the page asks for", async () => {
    const { url, hub } = await startTestServer({ pages: TEST_PAGES });
    await page.goto(`${url}/client.html`);
    const wrong = [
      [{ transport: "ws", after: "nonsense" }, "FF_CURSOR_INVALID"],
      [{ transport: "sse", last: 5_000 }, "FF_PARAMETER_INVALID"],
      [{ transport: "ws", each: 1, latest: true }, "FF_PARAMETER_INVALID"],
    ] as const;
    const streams = await Promise.all(
      wrong.map(([options]) => open({ channels: "news", retryMs: 50, ...options })),
    );
    for (const [n, stream] of streams.entries()) {
      await stream.untilState("refused");
      const codes = (await stream.told<ErrorEvent>("onerror")).map(({ code }) => code);
      expect(codes).to.deep.equal([wrong[n]?.[1]]);
    }
    expect(hub.openStreams).to.equal(0);
  });

  it("are not sent while the page has given no token", async () => {
    const server = await startTestServer({
      pages: TEST_PAGES,
      secretFile: createSecretFile().path,
    });
    const proxy = await startFaultyProxy(server.url);
    await page.goto(`${proxy.url}/client.html`);
    // As where the application is away, too.
    const stream = await open(
      `{ channels: "news", transport: "ws", retryMs: 50, silentMs: 200, token: function () {} }`,
    );
    await untilLost(stream, 4);
    expect(await stream.told("onerror")).to.deep.equal([]);
    expect(proxy.requests.filter(isPoll)).to.deep.equal([]);
  });

  it("don't end a stream that a cookie allows at another origin, which they don't carry", async () => {
    const file = createSecretFile();
    const host = "pages.example";
    const pages = await startTestServer({ pages: TEST_PAGES, allowedHosts: [host] });
    const origin = `http://${host}:${new URL(pages.url).port}`;
    const server = await startTestServer({
      secretFile: file.path,
      allowedHosts: [host],
      allowedOrigins: [origin],
    });
    const proxy = await startFaultyProxy(server.url, cutSockets);
    const exp = Math.floor(Date.now() / 1_000) + 60;
    const value = await signToken({ foreverframe: { subscribe: ["news"] }, exp }, file.secret);
    const cookie = { name: "foreverframe_token", value, domain: host, path: "/", httpOnly: true };
    await suite.browser.setCookie({ ...cookie, sameSite: "Lax" });
    try {
      await page.goto(`${origin}/client.html`);
      const url = `http://${host}:${new URL(proxy.url).port}/`;
      const stream = await open({ channels: "news", transport: "ws", url, retryMs: 50 });
      await untilLost(stream, 4);
      expect(proxy.requests.some(isPoll)).to.equal(true);
      proxy.rule(() => "pass");
      await stream.untilOpenBy("ws");
      expect(await stream.told("onerror")).to.deep.equal([]);
    } finally {
      await suite.browser.deleteCookie(...(await suite.browser.cookies()));
    }
  });

  it("tell nothing to a page that is going away, and it connects again when it is back", async () => {
    const { url } = await startTestServer({ pages: TEST_PAGES });
    const refusal = { code: "FF_DRAINING", status: 503, detail: "It stops" };
    const proxy = await startFaultyProxy(url, (path) =>
      isPoll(path) ? { status: 503, body: JSON.stringify(refusal) } : cutSockets(path),
    );
    await page.goto(`${proxy.url}/client.html`);
    await page.evaluate(`(() => {
      const { send } = XMLHttpRequest.prototype;
      const { open } = XMLHttpRequest.prototype;
      const tell = (type) => dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
      XMLHttpRequest.prototype.open = function (method, url, ...rest) {
        this.isPoll = url.includes("transport=poll");
        open.call(this, method, url, ...rest);
      };
      XMLHttpRequest.prototype.send = function (body) {
        send.call(this, body);
        if (!this.isPoll) return;
        XMLHttpRequest.prototype.send = send;
        this.addEventListener("loadend", () => setTimeout(() => { window.answered = true; }, 300));
        tell("pagehide");
        window.comeBack = () => tell("pageshow");
      };
    })()`);
    const stream = await open({ channels: "news", transport: "ws", retryMs: 50 });
    await eventually(10_000, async () => await page.evaluate("window.answered"), "the answer");
    expect(await stream.told("onerror")).to.deep.equal([]);
    const requests = proxy.requests.length;
    expect(await stream.state()).to.equal("lost");
    proxy.rule(() => "pass");
    expect(proxy.requests.length).to.equal(requests);
    await page.evaluate("comeBack()");
    await stream.untilOpenBy("ws");
  });
});
