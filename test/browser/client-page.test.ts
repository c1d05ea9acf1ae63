import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { listRequest } from "../../src/core/stream-list.ts";
import { publishJson } from "../support/raw-http.ts";
import { startTestServer } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowsers, recordRequests, untilText } from "./browsers.ts";
import { PageStream, TEST_PAGES, TRANSPORTS } from "./client-page.ts";

/** Short, so that a test can wait for it. */
const RETRY_MS = 200;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describeInBrowsers("the client in its page", (suite) => {
  let page: Page;

  beforeEach(async () => {
    page = await suite.newPage();
  });

  const start = async (overrides = {}) => {
    const server = await startTestServer({ pages: TEST_PAGES, ...overrides });
    await page.goto(`${server.url}/client.html`);
    return server;
  };
  const open = (options = {}) =>
    PageStream.open(page, { channels: "news", retryMs: RETRY_MS, ...options });

  describe("close()", () => {
    it("before the stream is open ends it at once, and no request follows", async () => {
      const { hub } = await start();
      const stream = await PageStream.open(
        page,
        `{ channels: "news", retryMs: ${RETRY_MS}, onstate(state) { if (state === "connecting") setTimeout(() => recordings.at(-1).stream.close(), 0); } }`,
      );
      await stream.untilState("closed");
      expect(await stream.told("onclose")).to.have.lengthOf(1);
      await eventually(5_000, () => hub.openStreams === 0, "no stream");
      const requests = recordRequests(page);
      await pause(2 * RETRY_MS);
      expect(requests).to.deep.equal([]);
    });

    it("right after open() of a page that is still loading never opens a stream", async () => {
      page = await suite.freshPage();
      const { url, hub } = await start();
      await page.evaluateOnNewDocument(`addEventListener("DOMContentLoaded", () => {
        window.early = foreverframe.open({ channels: "news" });
        window.early.close();
      })`);
      const requests = recordRequests(page);
      await page.goto(`${url}/client.html`);
      await pause(200);
      expect(await page.evaluate("early.state")).to.equal("closed");
      expect(requests.filter((request) => request.includes("/stream"))).to.deep.equal([]);
      expect(hub.openStreams).to.equal(0);
    });

    it("twice asks once", async () => {
      const { hub } = await start();
      const stream = await open();
      await stream.untilState("open");
      const requests = recordRequests(page);
      await stream.evaluate("stream.close(), stream.close()");
      await stream.untilState("closed");
      await stream.close();
      expect(await stream.told("onclose")).to.have.lengthOf(1);
      expect(requests).to.have.lengthOf(1);
      expect(hub.openStreams).to.equal(0);
    });

    it("while a frame is being replaced ends it for good", async () => {
      const { url, hub } = await start({ recycleBytes: 3_000 });
      const stream = await PageStream.open(
        page,
        `{ channels: "news", retryMs: ${RETRY_MS}, onstate(state, { reason }) { if (reason === "recycle") recordings.at(-1).stream.close(); } }`,
      );
      await stream.untilState("open");
      for (let n = 0; n < 5; n++) await publishJson(url, "news", { n, text: "x".repeat(1_000) });
      await stream.untilState("closed");
      await eventually(5_000, () => hub.openStreams === 0, "no stream");
      const requests = recordRequests(page);
      await publishJson(url, "news", "later");
      await pause(2 * RETRY_MS);
      expect(requests).to.deep.equal([]);
      expect(await stream.told("onclose")).to.have.lengthOf(1);
      expect(await page.$$eval("iframe", (frames) => frames.length)).to.equal(0);
    });

    it("while it is lost ends the attempts", async () => {
      const { url } = await start({ maxStreams: 1 });
      const first = await open();
      await first.untilState("open");
      const second = await open();
      await second.untilState("lost");
      await second.close();
      expect(await second.state()).to.equal("closed");
      const requests = recordRequests(page);
      await pause(3 * RETRY_MS);
      expect(requests).to.deep.equal([]);
      await publishJson(url, "news", 1);
      await first.untilMessages(1);
    });
  });

  it("is not opened by close() of a stream that waits for the page to load", async () => {
    page = await suite.freshPage();
    const { url, hub } = await start();
    await page.evaluateOnNewDocument(`addEventListener("DOMContentLoaded", () => {
      if (window.foreverframe) {
        window.a = foreverframe.open({ channels: "a", onstate() { window.b.close(); } });
        window.b = foreverframe.open({ channels: "b" });
      }
    })`);
    await page.goto(`${url}/client.html`);
    await eventually(5_000, async () => (await page.evaluate("a.state")) === "open", "the first");
    expect(await page.evaluate("b.state")).to.equal("closed");
    expect(hub.openStreams).to.equal(1);
  });

  it("tells no state before open() has returned", async () => {
    await start();
    const seen = await page.evaluate(`new Promise((resolve) => {
      const stream = foreverframe.open({ channels: "news", onstate() { resolve(typeof stream); } });
    })`);
    expect(seen).to.equal("object");
  });

  it("takes the address of a server with or without its last slash", async () => {
    const { url } = await start();
    await page.goto(`${url}/client.html`);
    for (const base of [url, `${url}/`]) {
      const stream = await open({ url: base });
      await stream.untilState("open");
    }
  });

  for (const url of ["javascript:parent.hacked=1//", "data:text/html,x", "about:blank#"]) {
    it(`refuses ${url} as the address of a server`, async () => {
      const { url: server } = await start();
      const message = await page.evaluate(`(() => {
        try {
          foreverframe.open({ channels: "news", url: ${JSON.stringify(url)} });
        } catch (error) {
          return error.message;
        }
      })()`);
      expect(message).to.equal(`foreverframe: "${url}" is no address of a server`);
      await page.goto(`${server}/?url=${encodeURIComponent(url)}`);
      await untilText(page, "state", "open");
      expect(await page.evaluate("window.hacked")).to.equal(undefined);
    });
  }

  it("notices that the page has removed its frame, and makes another", async () => {
    const { url } = await start({ heartbeatMs: 300 });
    const stream = await open({ silentMs: 800 });
    await stream.untilState("open");
    await page.evaluate(`document.querySelectorAll("iframe").forEach((frame) => frame.remove())`);
    await publishJson(url, "news", 1);
    await stream.untilMessages(1);
    await stream.close();
    await stream.untilState("closed");
    expect(await page.$$eval("iframe", (frames) => frames.length)).to.equal(0);
  });

  it("goes on when a handler throws, and the page hears of it", async () => {
    const { url } = await start();
    await page.evaluate(
      `window.thrown = []; addEventListener("error", (event) => thrown.push(event.message))`,
    );
    const stream = await PageStream.open(
      page,
      `{ channels: "news", onmessage(message) { recordings.at(-1).calls.push({ name: "onmessage", first: message }); throw new Error("page " + message.data); }, onopen() { throw new Error("page open"); } }`,
    );
    await stream.untilState("open");
    await publishJson(url, "news", 1);
    await publishJson(url, "news", 2);
    await stream.untilMessages(2);
    const thrown = (await page.evaluate("thrown")) as string[];
    expect(thrown.map((text) => text.replace(/^.*Error: /, ""))).to.deep.equal([
      "page open",
      "page 1",
      "page 2",
    ]);
  });

  it("leaves a page's own push alone", async () => {
    const { url } = await start();
    await page.evaluate("window.push = () => { window.pushed = true; }");
    const stream = await open();
    await stream.untilState("open");
    await publishJson(url, "news", 1);
    await stream.untilMessages(1);
    expect(await page.evaluate("window.pushed")).to.equal(undefined);
  });

  it("is one global, however often it is loaded", async () => {
    const { url } = await start();
    const globals = (await page.evaluate(`(async () => {
      const frame = document.createElement("iframe");
      document.body.append(frame);
      const clean = new Set(Object.getOwnPropertyNames(frame.contentWindow));
      frame.remove();
      window.first = foreverframe;
      const { open } = await import("./foreverframe.mjs");
      return [
        Object.getOwnPropertyNames(window).filter((name) => !clean.has(name)),
        foreverframe === first && open === foreverframe.open,
      ];
    })()`)) as [string[], boolean];
    const own = ["recordings", "record", "first"];
    expect(globals[0].filter((name) => !own.includes(name) && !/^\d+$/.test(name))).to.deep.equal([
      "foreverframe",
    ]);
    expect(globals[1], "the module gives the same").to.equal(true);
    expect(url).to.be.a("string");
  });

  it("gives several streams of a page what is theirs", async () => {
    const { url, hub } = await start();
    const streams = [];
    for (const channels of ["news", "doors", "news,doors"]) streams.push(await open({ channels }));
    for (const stream of streams) await stream.untilState("open");
    expect(hub.openStreams).to.equal(3);
    await publishJson(url, "news", "n");
    await publishJson(url, "doors", "d");
    await streams[2]?.untilMessages(2);
    await streams[0]?.close();
    await streams[0]?.untilState("closed");
    await publishJson(url, "doors", "e");
    await streams[1]?.untilMessages(2);
    await streams[2]?.untilMessages(3);
    expect(await streams[0]?.data()).to.deep.equal(["n"]);
    expect(await streams[1]?.data()).to.deep.equal(["d", "e"]);
    expect(await streams[2]?.data()).to.deep.equal(["n", "d", "e"]);
  });

  it("lets two clients of one name both have a stream", async () => {
    const { url, hub } = await start();
    const first = await open({ client: "panel" });
    const second = await open({ client: "panel" });
    await first.untilState("open");
    await second.untilState("open");
    await publishJson(url, "news", 1);
    await first.untilMessages(1);
    await second.untilMessages(1);
    expect(hub.openStreams).to.equal(2);
  });

  it("acknowledges what has been handled", async () => {
    const { url, hub } = await start();
    const stream = await open();
    await stream.untilState("open");
    const id = await publishJson(url, "news", 1);
    await stream.untilMessages(1);
    await stream.evaluate("void stream.ack()");
    await eventually(
      5_000,
      async () => (await hub.admin.list(listRequest(0, 1))).streams[0]?.acked === id,
      "the cursor",
    );
  });

  it("refuses a transport that there is not", async () => {
    await start();
    const message = await page.evaluate(`(() => {
      try { foreverframe.open({ channels: "news", transport: "flash" }); } catch (error) { return error.message; }
    })()`);
    expect(message).to.equal('foreverframe: there is no transport "flash"');
  });

  it("says so where the browser lacks what a transport needs", async () => {
    await start();
    await page.evaluate("window.EventSource = undefined");
    const stream = await open({ transport: "sse" });
    await stream.untilState("refused");
    const [error] = await stream.told<{ code: string; detail: string }>("onerror");
    expect(error?.code).to.equal("FF_TRANSPORT_UNSUPPORTED");
    expect(error?.detail).to.contain('take "auto" instead');
  });

  describe("when its page goes", () => {
    for (const transport of TRANSPORTS) {
      it(`closes the stream by ${transport}, and a page that comes back goes on from its cursor`, async () => {
        page = await suite.wholePage();
        const { url, hub } = await start();
        const stream = await open({ transport });
        await stream.untilState("open");
        await publishJson(url, "news", 1);
        await stream.untilMessages(1);
        await page.evaluate("window.kept = true");
        const id = await stream.evaluate<string>("stream.stream");
        await page.goto(`${url}/healthz`);
        await eventually(5_000, () => hub.openStreams === 0, "the stream to be closed");
        // The end of a connection may come before the beacon; a poll has nothing else that ends it.
        const reasons = transport === "poll" ? ["client"] : ["client", "gone"];
        expect(reasons).to.include((await hub.control.state(id))?.receipt?.reason);
        await publishJson(url, "news", 2);
        await page.evaluate("history.back()");
        await eventually(5_000, () => page.url().endsWith("/client.html"), "the page");
        const isKept = await eventually(
          5_000,
          () => page.evaluate("[window.kept === true]").catch(() => undefined),
          "whether the page was kept",
        );
        // Firefox keeps no page that had a stream: there it starts anew.
        if (suite.kind.name === "Chromium") expect(isKept).to.deep.equal([true]);
        if (!(isKept as boolean[])[0]) return;
        await stream.untilMessages(2);
        expect(await stream.data()).to.deep.equal([1, 2]);
        expect(hub.openStreams).to.equal(1);
      });
    }

    it("closes the stream by a synchronous request where there is no beacon", async () => {
      const { url, hub } = await start();
      await page.evaluate("delete Navigator.prototype.sendBeacon");
      const stream = await open();
      await stream.untilState("open");
      const requests = recordRequests(page);
      await page.goto(`${url}/healthz`);
      await eventually(5_000, () => hub.openStreams === 0, "the stream to be closed");
      // Today's browsers forbid it in a page that goes; the connection's end tells the server then.
      expect(requests.length).to.be.above(0);
    });
  });

  describe("where storage", () => {
    const storages: readonly (readonly [string, string])[] = [
      [
        "is forbidden",
        `Object.defineProperty(window, "localStorage", { get() { throw new Error("SecurityError"); } });
         delete window.BroadcastChannel;`,
      ],
      [
        "is full",
        `delete window.BroadcastChannel;
         for (let size = 4_194_304; size >= 1; size = Math.floor(size / 2)) {
           for (let i = 0; i < 20; i++) { try { localStorage.setItem("fill" + size + "." + i, "x".repeat(size)); } catch { break; } }
         }`,
      ],
    ];
    for (const [what, script] of storages) {
      it(`${what}, a shared stream and one that polls work for this page`, async () => {
        const { url, hub } = await start();
        await page.evaluate(`(() => { ${script} })()`);
        const shared = await open({ share: true });
        await shared.untilState("open");
        // A frame that never loads.
        await page.evaluate(
          `void Object.defineProperty(HTMLIFrameElement.prototype, "src", { set() {} })`,
        );
        const polling = await open({ silentMs: 800, channels: "news,doors" });
        await polling.untilOpenBy("poll");
        await publishJson(url, "news", 1);
        await shared.untilMessages(1);
        await polling.untilMessages(1);
        expect(hub.openStreams).to.equal(2);
        await page.evaluate(
          "(() => { try { localStorage.clear(); } catch { /* it is forbidden */ } })()",
        );
      });
    }
  });
});
