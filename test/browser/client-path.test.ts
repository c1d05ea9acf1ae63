import { expect } from "chai";
import type { ErrorEvent, Transport } from "foreverframe/client";
import type { Page } from "puppeteer-core";
import { type Fault, startFaultyProxy } from "../support/faulty-proxy.ts";
import { publishJson } from "../support/raw-http.ts";
import { startTestServer } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowser } from "./browsers.ts";
import { PageStream, TEST_PAGES } from "./client-page.ts";

/**
 * Short, so that a test can wait for them. Heartbeats come twice in the time after which silence
 * counts.
 */
const TIMES = { retryMs: 200, silentMs: 1_200, frameAgainMs: 16_000 };
const HEARTBEAT_MS = 400;

const isFrame = (path: string) => path.includes("transport=frame");
const framesOnly =
  (fault: Fault) =>
  (path: string): Fault =>
    isFrame(path) ? fault : "pass";

describeInBrowser("the client's way around bad paths", (suite) => {
  let page: Page;

  beforeEach(async () => {
    page = await suite.newPage();
  });

  const startBehind = async (fault: (path: string) => Fault, overrides = {}) => {
    const server = await startTestServer({
      pages: TEST_PAGES,
      heartbeatMs: HEARTBEAT_MS,
      ...overrides,
    });
    const proxy = await startFaultyProxy(server.url, fault);
    await page.goto(`${proxy.url}/client.html`);
    return { server, proxy };
  };
  const open = (options = {}) => PageStream.open(page, { channels: "news", ...TIMES, ...options });

  it("polls where a proxy holds a frame back, says so, and loses nothing", async () => {
    const { server } = await startBehind(framesOnly("hold"));
    const stream = await open();
    await stream.untilOpenBy("poll");
    expect(await stream.states()).to.deep.equal(["connecting", "connecting silent", "open"]);
    await publishJson(server.url, "news", 1);
    await publishJson(server.url, "news", 2);
    await stream.untilMessages(2);
    expect(await stream.data()).to.deep.equal([1, 2]);
  });

  it("remembers it for other pages, and goes back to a frame when the path is good again", async () => {
    const { server, proxy } = await startBehind(framesOnly("hold"));
    await (await open()).untilOpenBy("poll");
    await page.reload();
    const before = proxy.requests.length;
    const stream = await open();
    await stream.untilOpenBy("poll");
    expect(await stream.states()).to.deep.equal(["connecting remembered", "open"]);
    expect(proxy.requests.slice(before).filter(isFrame)).to.deep.equal([]);

    proxy.rule(() => "pass");
    await publishJson(server.url, "news", 1);
    await stream.untilOpenBy("frame");
    await publishJson(server.url, "news", 2);
    await stream.untilMessages(2);
    expect(await stream.data()).to.deep.equal([1, 2]);
    expect(await stream.states()).to.deep.equal(["connecting remembered", "open", "open"]);
    await eventually(5_000, () => server.hub.openStreams === 1, "the poll's stream to be closed");
    await page.reload();
    await (await open()).untilOpenBy("frame");
  });

  it("stays on polls as long as the frame fails when it is tried again, and delivers meanwhile", async () => {
    const { server, proxy } = await startBehind(framesOnly("hold"));
    const stream = await open({ frameAgainMs: 3_200 });
    await stream.untilOpenBy("poll");
    let n = 0;
    await eventually(
      20_000,
      async () => {
        await publishJson(server.url, "news", n++);
        return proxy.requests.filter(isFrame).length >= 3;
      },
      "two more tries",
    );
    await stream.untilMessages(n);
    expect(await stream.data()).to.deep.equal(Array.from({ length: n }, (_, i) => i));
    expect(await stream.transport()).to.equal("poll");
    expect(await stream.states()).to.deep.equal(["connecting", "connecting silent", "open"]);
  });

  it("polls when frames open and then fall silent, twice", async () => {
    const { server } = await startBehind(framesOnly("first"));
    const stream = await open();
    await stream.untilOpenBy("frame");
    await stream.untilOpenBy("poll", 20_000);
    const states = await stream.states();
    expect(states.slice(0, 3)).to.deep.equal(["connecting", "open", "lost silent"]);
    expect(states.slice(-2)).to.deep.equal(["connecting silent", "open"]);
    await publishJson(server.url, "news", 1);
    await stream.untilMessages(1);
  });

  it("only reconnects when a frame that was good falls silent", async () => {
    const { server, proxy } = await startBehind(() => "pass");
    const stream = await open();
    await stream.untilOpenBy("frame");
    // From now on heartbeats keep coming for longer than a bad path would let them.
    await new Promise((resolve) => setTimeout(resolve, 3 * TIMES.silentMs));
    expect(await stream.states()).to.deep.equal(["connecting", "open"]);
    proxy.cutAll();
    await eventually(10_000, async () => (await stream.states()).length > 2, "the cut");
    await stream.untilOpenBy("frame");
    await publishJson(server.url, "news", 1);
    await stream.untilMessages(1);
  });

  it("asks after an EventSource that is silent, and reconnects where the server has given it more", async () => {
    const { server, proxy } = await startBehind(() => "pass");
    proxy.rule((path) => (path.includes("transport=sse") ? "first" : "pass"));
    const stream = await open({ transport: "sse" });
    await stream.untilOpenBy("sse");
    const asked = () => proxy.requests.filter((path) => /^\/streams\/[^/]*$/.test(path)).length;
    await eventually(20_000, () => asked() > 0, "a question");
    expect(await stream.states()).to.deep.equal(["connecting", "open"]);
    await publishJson(server.url, "news", 1);
    await eventually(20_000, async () => (await stream.states()).includes("lost silent"), "lost");
    proxy.rule(() => "pass");
    await stream.untilMessages(1, 20_000);
    expect(await stream.data()).to.deep.equal([1]);
  });

  it("is not taken in by messages of one length, which leave the document as large as it was", async () => {
    const { server } = await startBehind(() => "pass", { heartbeatMs: 900 });
    const stream = await open();
    await stream.untilOpenBy("frame");
    for (let n = 10; n < 18; n++) {
      await publishJson(server.url, "news", n);
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
    await stream.untilMessages(8);
    expect(await stream.states()).to.deep.equal(["connecting", "open"]);
  });

  it("stays closed when a poll goes on under a new id meanwhile", async () => {
    const { server, proxy } = await startBehind(() => "pass", { pollKeptMs: 100 });
    const stream = await open({ transport: "poll" });
    await stream.untilState("open");
    // Another server takes the poll for a new one, and the close is lost.
    proxy.rule((path) =>
      path.endsWith("/close")
        ? { status: 404, body: "" }
        : {
            status: 200,
            type: "application/json",
            body: '{"stream":"s2","cursor":"e.1","messages":[],"gaps":[],"stop":0,"reason":null}',
          },
    );
    await stream.close();
    await publishJson(server.url, "news", 1);
    await stream.untilState("closed", 5_000);
    expect(await stream.told("onclose")).to.have.lengthOf(1);
    expect(await stream.states()).to.deep.equal(["connecting", "open", "closing", "closed client"]);
  });

  it("goes on with its stream when a poll is cut, and leaves none behind", async () => {
    const { server, proxy } = await startBehind(() => "pass");
    const stream = await open({ transport: "poll" });
    await stream.untilState("open");
    const ids = async () =>
      (await stream.told<{ stream: string }>("onopen")).map(({ stream }) => stream);
    for (let times = 1; times < 4; times++) {
      proxy.rule(() => "cut"); // browsers repeat a request by themselves once
      proxy.cutAll();
      await stream.untilState("lost");
      proxy.rule(() => "pass");
      await eventually(10_000, async () => (await ids()).length > times, "another connection");
    }
    expect(new Set(await ids()).size).to.equal(1);
    await publishJson(server.url, "news", 1);
    await stream.untilMessages(1);
    expect(server.hub.openStreams).to.equal(1);
    await stream.close();
    await eventually(2_000, () => server.hub.openStreams === 0, "the stream to end");
  });

  it("leaves no stream at the server when an answer comes too late for it", async () => {
    const { server, proxy } = await startBehind(() => "pass");
    // Each first answer is late: it is awaited for a millisecond.
    const stream = await open({ transport: "poll", silentMs: 4, retryMs: 50 });
    await eventually(
      10_000,
      () => proxy.requests.filter((path) => path.startsWith("/stream?")).length > 5,
      "some polls",
    );
    await stream.close();
    await eventually(5_000, () => server.hub.openStreams === 0, "the end of all streams");
  });

  it("asks with pauses where something answers polls at once with nothing", async () => {
    const { proxy } = await startBehind(() => "pass");
    const stream = await open({ transport: "poll" });
    await stream.untilState("open");
    const before = proxy.requests.length;
    proxy.rule((path) =>
      path.startsWith("/stream?")
        ? {
            status: 200,
            type: "application/json",
            body: '{"stream":"s","cursor":"e.1","messages":[],"gaps":[],"stop":0,"reason":null}',
          }
        : "pass",
    );
    proxy.cutAll();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(proxy.requests.length - before).to.be.below(8);
    await stream.close();
  });

  const foreign: readonly (readonly [string, Fault])[] = [
    ["a 401 page of a proxy", { status: 401, body: "<h1>Log in</h1>" }],
    ["a 503 page of a proxy", { status: 503, body: "<h1>Down</h1><script>var x = {}</script>" }],
    ["a proxy's error page with status 200", { status: 200, body: "<h1>Blocked</h1>" }],
    ["an empty 200", { status: 200, body: "" }],
    ["a cut before any answer", "cut"],
  ];
  for (const [what, fault] of foreign) {
    it(`polls at once when a frame gets ${what}`, async () => {
      const { server } = await startBehind(framesOnly(fault));
      const stream = await open({ silentMs: 30_000 });
      await stream.untilOpenBy("poll", 5_000);
      expect(await stream.states()).to.deep.equal(["connecting", "connecting failed", "open"]);
      await publishJson(server.url, "news", 1);
      await stream.untilMessages(1);
    });
  }

  it("tries again with longer and longer pauses when nothing gets through", async () => {
    const { proxy } = await startBehind((path) =>
      path.startsWith("/stream") ? { status: 503, body: "<h1>Down</h1>" } : "pass",
    );
    const stream = await open({ retryMs: 50 });
    const pauses = () =>
      stream.evaluate<number[]>(
        `calls.filter(({ first }) => first === "lost").map(({ second }) => second.retryMs)`,
      );
    await eventually(10_000, async () => (await pauses()).length >= 5, "five attempts");
    for (const [i, pause] of (await pauses()).entries()) {
      expect(pause).to.be.within(50 * 2 ** i * 0.75 - 1, 50 * 2 ** i * 1.25 + 1);
    }
    proxy.rule(() => "pass");
    await stream.untilOpenBy("frame");
  });

  for (const transport of ["sse", "ndjson", "ws"] as const) {
    it(`goes on where the server ends an old stream by ${transport}, and loses nothing`, async () => {
      const { server } = await startBehind(() => "pass", { maxStreamAgeMs: 900 });
      const stream = await open({ transport });
      await stream.untilOpenBy(transport);
      const isRenewed = async () => (await stream.states()).includes("connecting recycle");
      let n = 0;
      await eventually(
        10_000,
        async () => {
          await publishJson(server.url, "news", n++);
          return isRenewed();
        },
        "another connection",
      );
      await stream.untilOpenBy(transport);
      await publishJson(server.url, "news", n++);
      await stream.untilMessages(n);
      expect(await stream.data()).to.deep.equal(Array.from({ length: n }, (_, i) => i));
      const states = await stream.states();
      expect(new Set(states)).to.deep.equal(new Set(["connecting", "open", "connecting recycle"]));
    });
  }

  it("tells of a refusal that passes, and tries again", async () => {
    const { server } = await startBehind(() => "pass", { maxStreams: 1 });
    const first = await open();
    await first.untilState("open");
    const second = await open({ client: "second" });
    await second.untilState("lost");
    const [refusal] = await second.told<{ code: string; status: number; reconnect: boolean }>(
      "onerror",
    );
    expect(refusal).to.include({ code: "FF_STREAMS_TOO_MANY", status: 503, reconnect: true });
    expect(server.hub.openStreams).to.equal(1);
    await first.close();
    await second.untilOpenBy("frame");
    expect(await second.states()).to.contain("lost FF_STREAMS_TOO_MANY");
  });

  const blocking: readonly (readonly [Transport, Fault])[] = [
    ["ws", "cut"],
    ["frame", "hold"],
    ["sse", "hold"],
    ["ndjson", "hold"],
    ["sse", "stuck"],
  ];
  for (const [transport, fault] of blocking) {
    it(`says that ${transport} does not come through a path that makes it "${fault}", and goes on trying`, async () => {
      const { server, proxy } = await startBehind((path) =>
        path.includes(`transport=${transport}`) ? fault : "pass",
      );
      const stream = await open({ transport });
      const told = () => stream.told<ErrorEvent>("onerror");
      // What is stuck opens, so that only what does not follow tells.
      const publishing = setInterval(() => publishJson(server.url, "news", 0), 500);
      try {
        await eventually(20_000, async () => (await told()).length > 0, "an error");
      } finally {
        clearInterval(publishing);
      }
      const [error] = await told();
      expect(error).to.include({ code: "FF_TRANSPORT_BLOCKED", status: 0, reconnect: true });
      expect(error?.detail).to.contain(`"${transport}"`).and.contain('Take "auto" or "poll"');
      expect(await stream.states()).to.contain("lost FF_TRANSPORT_BLOCKED");
      proxy.rule(() => "pass");
      await stream.untilOpenBy(transport);
      await publishJson(server.url, "news", 1);
      await eventually(5_000, async () => (await stream.data()).at(-1) === 1, "the message");
      await eventually(5_000, () => server.hub.openStreams === 1, "one stream, no poll's");
    });
  }

  it("does not blame the path while the server is away", async () => {
    const { proxy } = await startBehind(() => "pass");
    proxy.rule(() => "cut");
    const stream = await open({ transport: "ws", retryMs: 50 });
    const losses = async () => (await stream.states()).filter((state) => /^lost/.test(state));
    await eventually(10_000, async () => (await losses()).length > 5, "five attempts in vain");
    expect(await stream.told("onerror")).to.deep.equal([]);
    expect(new Set(await losses())).to.have.lengthOf(1);
  });

  it("tells why a WebSocket was refused, which its browser does not", async () => {
    await startBehind(() => "pass", { maxStreams: 1 });
    const first = await open();
    await first.untilState("open");
    const second = await open({ client: "second", transport: "ws" });
    const told = () => second.told<ErrorEvent>("onerror");
    await eventually(10_000, async () => (await told()).length > 0, "the refusal");
    expect((await told())[0]).to.include({ code: "FF_STREAMS_TOO_MANY", reconnect: true });
    await first.close();
    await second.untilOpenBy("ws");
  });

  for (const days of [-400, 400]) {
    it(`goes on when the clock jumps by ${days} days`, async () => {
      const { server, proxy } = await startBehind(framesOnly("hold"));
      const stream = await open();
      await stream.untilOpenBy("poll");
      await page.evaluate(`(() => {
        const getTime = Date.prototype.getTime;
        Date.prototype.getTime = function () { return getTime.call(this) + ${days * 86_400_000}; };
      })()`);
      await publishJson(server.url, "news", 1);
      await stream.untilMessages(1);
      expect((await stream.states()).at(-1)).to.equal("open");
      // What was remembered is worth nothing now, so that a good path is found again soon.
      proxy.rule(() => "pass");
      const later = await open({ client: "later" });
      await later.untilOpenBy("frame");
      await stream.untilOpenBy("frame", 20_000);
    });
  }
});
