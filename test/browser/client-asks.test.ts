import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { type Fault, startFaultyProxy } from "../support/faulty-proxy.ts";
import { publishJson } from "../support/raw-http.ts";
import { startTestServer } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowser } from "./browsers.ts";
import { PageStream, TEST_PAGES } from "./client-page.ts";

const HEARTBEAT_MS = 400;

const isFrame = (path: string) => path.includes("transport=frame");
/** Asking for a stream's state, and nothing else about it. */
const isQuestion = (path: string) => /^\/streams\/[^/]+\?at=/.test(path);

describeInBrowser("the client, when a heartbeat is missed", (suite) => {
  let page: Page;

  beforeEach(async () => {
    page = await suite.newPage();
  });

  /** Every frame's first piece comes through, and nothing after it. */
  const start = async (answer: Fault = "pass", heartbeatMs = HEARTBEAT_MS) => {
    const server = await startTestServer({ pages: TEST_PAGES, heartbeatMs });
    const rule = (path: string) => (isFrame(path) ? "stuck" : isQuestion(path) ? answer : "pass");
    const proxy = await startFaultyProxy(server.url, rule);
    await page.goto(`${proxy.url}/client.html`);
    const stream = await PageStream.open(
      page,
      `{ channels: "news", client: "panel", retryMs: 300, silentMs: Infinity }`,
    );
    await stream.untilOpenBy("frame");
    const questions = () => proxy.requests.filter(isQuestion).length;
    return { server, proxy, stream, questions };
  };

  it("keeps a stream that the server has given nothing more, and asks at each heartbeat", async () => {
    const { stream, questions } = await start();
    await eventually(10_000, () => questions() >= 4, "four questions");
    expect(await stream.states()).to.deep.equal(["connecting", "open"]);
  });

  it("does not ask while heartbeats come", async () => {
    // It asks when one is late by a fifth, which the machine must not cause.
    const heartbeatMs = 5 * HEARTBEAT_MS;
    const { server, proxy, questions } = await start("pass", heartbeatMs);
    proxy.rule(() => "pass");
    await page.reload();
    const stream = await PageStream.open(page, { channels: "news" });
    await stream.untilOpenBy("frame");
    const before = questions();
    await new Promise((resolve) => setTimeout(resolve, 3 * heartbeatMs));
    await publishJson(server.url, "news", 1);
    await stream.untilMessages(1);
    expect(questions()).to.equal(before);
    expect(await stream.states()).to.deep.equal(["connecting", "open"]);
  });

  it("polls when the server has given what did not come", async () => {
    const { server, stream } = await start();
    await publishJson(server.url, "news", "held back");
    await stream.untilMessages(1, 5_000);
    expect(await stream.data()).to.deep.equal(["held back"]);
    expect(await stream.states()).to.deep.equal([
      ...["connecting", "open", "connecting silent", "open"],
    ]);
    await eventually(5_000, () => server.hub.openStreams === 1, "the frame's stream to be closed");
  });

  it("ends as it is told when the stream was closed for good", async () => {
    const { server, stream } = await start();
    await fetch(`${server.url}/clients/panel/close`, {
      method: "POST",
      headers: { Authorization: `Bearer ${server.adminToken}` },
    });
    await stream.untilState("closed", 5_000);
    const closes = await stream.told("onclose");
    const cursor = await stream.cursor();
    expect(closes).to.deep.equal([
      { type: "close", reason: "admin", reconnect: false, retryMs: 0, cursor },
    ]);
  });

  const answers: readonly (readonly [string, Fault])[] = [
    ["a cut connection", "cut"],
    ["a proxy's 502", { status: 502, body: "<h1>Bad gateway</h1>" }],
  ];
  for (const [what, answer] of answers) {
    it(`takes ${what} for a server that is away`, async () => {
      const { stream } = await start(answer);
      await eventually(
        5_000,
        async () => (await stream.states()).includes("lost cut"),
        "the loss of the stream",
      );
    });
  }

  const others: readonly (readonly [string, Fault])[] = [
    ["a proxy's 403", { status: 403, body: "<h1>Forbidden</h1>" }],
    ["a login page", { status: 200, body: "<h1>Log in</h1>" }],
    ["no answer yet", "ignore"],
    [
      "a worker that hangs",
      {
        status: 503,
        type: "application/problem+json",
        body: '{"code":"FF_WORKER_SILENT","status":503,"detail":"Try again"}',
      },
    ],
  ];
  for (const [what, answer] of others) {
    it(`learns nothing from ${what}`, async () => {
      const { stream, questions } = await start(answer);
      const count = answer === "ignore" ? 1 : 3;
      await eventually(10_000, () => questions() >= count, `${count} questions`);
      await new Promise((resolve) => setTimeout(resolve, HEARTBEAT_MS));
      expect(await stream.states()).to.deep.equal(["connecting", "open"]);
    });
  }
});
