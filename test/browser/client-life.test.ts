import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { publishJson } from "../support/raw-http.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowsers, recordRequests } from "./browsers.ts";
import { PageStream, TEST_PAGES, TRANSPORTS } from "./client-page.ts";

/** Short, so that a test can wait for it. */
const RETRY_MS = 200;

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);

describeInBrowsers("the client", (suite) => {
  let page: Page;

  beforeEach(async () => {
    page = await suite.newPage();
  });

  const start = async (overrides = {}) => {
    const server = await startTestServer({ pages: TEST_PAGES, ...overrides });
    await page.goto(`${server.url}/client.html`);
    return server;
  };
  const publishBatch = (url: string, values: readonly unknown[]) =>
    fetch(`${url}/channels/news/messages`, {
      method: "POST",
      headers: { "Content-Type": "application/x-ndjson" },
      body: values.map((value) => JSON.stringify(value)).join("\n"),
    });

  for (const transport of TRANSPORTS) {
    describe(`by ${transport}`, () => {
      it("tells the page what an admin says with the close, as text", async () => {
        const { url, adminToken } = await start();
        const stream = await PageStream.open(page, { channels: "news", transport });
        await stream.untilState("open");
        const text = "</script><b>bis 6\u2028 Uhr";
        await fetch(`${url}/channels/news/close`, {
          method: "POST",
          headers: { Authorization: `Bearer ${adminToken}`, "Content-Type": "application/json" },
          body: JSON.stringify({ text }),
        });
        await stream.untilState("closed");
        const [event] = await stream.told("onclose");
        expect(event).to.include({ reason: "admin", reconnect: false, text });
      });

      it("opens, delivers in order, and closes for good", async () => {
        const { url, hub } = await start();
        const stream = await PageStream.open(page, {
          channels: ["news", "doors.*"],
          transport,
          retryMs: RETRY_MS,
        });
        await stream.untilState("open");
        expect(await stream.transport()).to.equal(transport);
        expect(await stream.evaluate("stream.stream")).to.match(/^n1\./);
        await publishJson(url, "news", { text: "</script>\u2028\n𝄞", n: 1 });
        const last = await publishJson(url, "doors.north", [1, null, "two"]);
        await stream.untilMessages(2);
        expect(await stream.data()).to.deep.equal([
          { text: "</script>\u2028\n𝄞", n: 1 },
          [1, null, "two"],
        ]);
        expect(await stream.cursor()).to.equal(last);
        expect(await stream.told("onopen")).to.have.lengthOf(1);

        await stream.close();
        await stream.untilState("closed");
        expect(hub.openStreams).to.equal(0);
        const requests = recordRequests(page);
        await new Promise((resolve) => setTimeout(resolve, 3 * RETRY_MS));
        expect(requests, "requests after the close").to.deep.equal([]);
        const closes = await stream.told("onclose");
        expect(closes).to.deep.equal([
          { type: "close", reason: "client", reconnect: false, retryMs: 0, cursor: last },
        ]);
        expect(await stream.states()).to.deep.equal([
          "connecting",
          "open",
          "closing",
          "closed client",
        ]);
      });

      it("starts with the last messages, and tells what it may have missed", async () => {
        const { url } = await start();
        await publishBatch(url, numbers(10));
        const stream = await PageStream.open(page, { channels: "news", transport, last: 3 });
        await stream.untilMessages(3);
        const other = await PageStream.open(page, {
          channels: "news",
          transport,
          after: "1abcdefghi.0000000000000",
        });
        await other.untilMessages(10);
        expect(await stream.data()).to.deep.equal([7, 8, 9]);
        expect(await other.data()).to.deep.equal(numbers(10));
        expect(await stream.told("ongap")).to.deep.equal([]);
        const [gap] = await other.told<{ reason: string }>("ongap");
        expect(gap?.reason).to.equal("epoch");
      });

      it("starts with the last of each channel, says when it has them, and resumes with the latest only", async () => {
        const { url } = await start();
        const channels = ["a.x", "a.y", "a.x", "a.y"];
        for (const [n, channel] of channels.entries()) await publishJson(url, channel, n);
        const stream = await PageStream.open(page, { channels: "a.*", transport, each: 1 });
        await eventually(5_000, async () => (await stream.told("onlive")).length > 0, "live");
        const cursor = await stream.cursor();
        expect(await stream.data()).to.deep.equal([2, 3]);
        expect(await stream.told("onlive")).to.deep.equal([{ type: "live", cursor }]);
        for (const [n, channel] of channels.entries()) await publishJson(url, channel, 4 + n);
        await stream.untilMessages(6);
        const options = { channels: "a.*", transport, after: cursor, latest: true };
        const latest = await PageStream.open(page, options);
        await eventually(5_000, async () => (await latest.told("onlive")).length > 0, "live");
        expect(await latest.data()).to.deep.equal([6, 7]);
      });

      it("goes on from its cursor when the server was cut and has started anew", async () => {
        const data = createTemporaryDirectory();
        const first = await start({ memory: false, data, retryMs: RETRY_MS });
        const port = Number(new URL(first.url).port);
        const stream = await PageStream.open(page, {
          channels: "news",
          transport,
          retryMs: RETRY_MS,
        });
        await stream.untilState("open");
        await publishBatch(first.url, numbers(5));
        await stream.untilMessages(5);
        await stopServers();
        await eventually(
          10_000,
          async () => (await stream.states()).some((state) => state.startsWith("lost")),
          "lost",
        );
        const second = await startTestServer({ memory: false, data, port });
        await publishBatch(second.url, numbers(5, 5));
        await stream.untilMessages(10);
        expect(await stream.data()).to.deep.equal(numbers(10));
        expect(await stream.told("ongap")).to.deep.equal([]);
      });

      it("takes 1,000 messages in one burst, each once and in order", async () => {
        const { url } = await start();
        const stream = await PageStream.open(page, { channels: "news", transport });
        await stream.untilState("open");
        await publishBatch(url, numbers(1_000));
        await stream.untilMessages(1_000);
        expect(await stream.data()).to.deep.equal(numbers(1_000));
      });

      it("hears that an operator has closed it, and does not come back", async () => {
        const { url, adminToken, hub } = await start();
        const stream = await PageStream.open(page, {
          channels: "news",
          transport,
          client: "panel 7",
          retryMs: RETRY_MS,
        });
        await stream.untilState("open");
        await fetch(`${url}/clients/panel%207/close`, {
          method: "POST",
          headers: { Authorization: `Bearer ${adminToken}` },
        });
        await stream.untilState("closed");
        const [closed] = await stream.told<{ reason: string }>("onclose");
        expect(closed?.reason).to.equal("admin");
        await new Promise((resolve) => setTimeout(resolve, 2 * RETRY_MS));
        expect(hub.openStreams).to.equal(0);
      });

      it("says what it was refused for", async () => {
        const { hub } = await start();
        const stream = await PageStream.open(page, {
          channels: "a..b",
          transport,
          retryMs: RETRY_MS,
        });
        // A browser tells a script of a WebSocket or an EventSource no more than that it failed.
        const canTell = transport !== "sse" && transport !== "ws";
        await stream.untilState(canTell ? "refused" : "lost");
        const errors = await stream.told<{ code: string; detail: string }>("onerror");
        if (canTell) expect(errors[0]?.code).to.equal("FF_SELECTOR_INVALID");
        expect(hub.openStreams).to.equal(0);
        await stream.close();
      });
    });
  }
});
