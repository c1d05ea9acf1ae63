import { expect } from "chai";
import type { BrowserContext, Page } from "playwright-core";
import { publishJson } from "../support/raw-http.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { launchChromium, recordRequests } from "./chromium.ts";

/** Short, so that a test can wait for twice of it. */
const RETRY_MS = 300;

describe("the pages in Chromium", function () {
  this.timeout(60_000);
  let browser: BrowserContext;
  let page: Page;

  before(async () => {
    browser = await launchChromium();
  });
  after(async () => {
    await browser.close();
    removeTemporaryDirectories();
  });
  beforeEach(async () => {
    page = await browser.newPage();
  });
  afterEach(async () => {
    await page.close();
    await stopServers();
  });

  const text = async (id: string) => (await page.textContent(`#${id}`)) ?? "";
  const untilState = (state: string) =>
    eventually(10_000, async () => (await text("state")).startsWith(state), `the state "${state}"`);
  const untilCount = (count: number, ms = 10_000) =>
    eventually(
      ms,
      async () => (await text("count")) === String(count),
      `${count} messages on the page`,
    );
  const shoot = async (name: string) => {
    const directory = process.env["SCREENSHOTS"];
    if (directory !== undefined) await page.screenshot({ path: `${directory}/${name}.png` });
  };

  it("opens, shows what is sent, closes through the control frame for good, and reopens", async () => {
    const server = await startTestServer();
    await page.goto(`${server.url}/?retryMs=${RETRY_MS}`);
    await untilState("open");
    expect(server.hub.openStreams).to.equal(1);

    await page.fill("#msg", "hello </script><b>there</b>");
    await page.click("#send");
    await untilCount(1);
    expect(await text("messages")).to.contain("hello </script><b>there</b>");
    await shoot("index-open");

    const requests = recordRequests(page);
    await page.click("#close");
    await untilState("closed by you: will not reconnect");
    expect(server.hub.openStreams).to.equal(0);
    expect(requests).to.have.lengthOf(1);
    expect(requests[0]).to.match(/^POST \/streams\/.+\/close$/);
    await page.waitForTimeout(2 * RETRY_MS);
    expect(requests, "requests after the close").to.have.lengthOf(1);
    await shoot("index-closed");

    const missed = await publishJson(server.url, "news", "while it was closed");
    await page.click("#reopen");
    await untilState("open");
    await untilCount(2);
    expect(await text("messages")).to.contain(missed);
  });

  it("says that it is lost when the server drains, and comes back by itself", async () => {
    const first = await startTestServer({ retryMs: RETRY_MS });
    await page.goto(`${first.url}/?retryMs=${RETRY_MS}`);
    await untilState("open");
    await stopServers();
    await eventually(
      10_000,
      async () => /^(lost: retrying in|connecting)/.test(await text("state")),
      "lost",
    );
    await shoot("index-lost");
    await startTestServer({ port: Number(new URL(first.url).port) });
    await untilState("open");
  });

  it("puts a message back that could not be sent, and says so", async () => {
    const server = await startTestServer({ publishesPerSecond: 1 });
    await page.goto(`${server.url}/`);
    await untilState("open");
    await page.fill("#msg", "first");
    await page.click("#send");
    await page.fill("#msg", "second");
    await page.click("#send");
    await eventually(
      5_000,
      async () => /^Not sent: .*FF_PUBLISH_RATE/.test(await text("note")),
      "a note",
    );
    expect(await page.inputValue("#msg")).to.equal("second");
    await untilCount(1);
  });

  it("shows the last 20 door events, and after a reload goes on without losing or doubling one", async () => {
    const { url } = await startTestServer();
    const door = (vid: number) => ({
      vid,
      doorno: `N-${vid % 9}`,
      rfsim: "0C5E91A2",
      optime: "2026-11-22 10:11:12",
      ynopen: vid % 5 === 0 ? "N" : "Y",
    });
    let vid = 0;
    const publishDoors = async (count: number) => {
      for (let i = 0; i < count; i++) await publishJson(url, "doors", door(++vid));
    };
    const shown = async () =>
      (await page.locator("#events tr td:first-child").allTextContents()).map(Number).reverse();
    await publishDoors(30);
    await page.goto(`${url}/doors.html`);
    await untilCount(20);
    await publishDoors(5);
    await untilCount(25);
    await shoot("doors");

    await page.goto("about:blank");
    await publishDoors(7);
    await Promise.all([page.goto(`${url}/doors.html`), publishDoors(3)]);
    await untilCount(35);
    const numbers = Array.from({ length: 35 }, (_, i) => i + 11);
    expect(await shown()).to.deep.equal(numbers);
    for (let reload = 0; reload < 3; reload++) {
      await Promise.all([page.reload(), publishDoors(4)]);
      await untilCount(35 + 4 * (reload + 1));
    }
    expect(await shown()).to.deep.equal(Array.from({ length: 47 }, (_, i) => i + 11));
  });

  it("keeps fewer than 50 script nodes in the display document after 5,000 messages", async () => {
    const server = await startTestServer();
    await page.goto(`${server.url}/?channel=busy`);
    await untilState("open");
    for (let batch = 0; batch < 5; batch++) {
      const lines = Array.from({ length: 1_000 }, (_, i) => JSON.stringify({ batch, i }));
      await fetch(`${server.url}/channels/busy/messages`, {
        method: "POST",
        headers: { "Content-Type": "application/x-ndjson" },
        body: lines.join("\n"),
      });
    }
    await untilCount(5_000, 30_000);
    const frame = page.frames().find((candidate) => candidate.url().includes("/stream?"));
    expect(frame, "the display frame").to.not.equal(undefined);
    await eventually(
      5_000,
      async () =>
        ((await frame?.evaluate("document.getElementsByTagName('script').length")) as number) < 50,
      "fewer than 50 script nodes",
    );
  });

  it("opens the next frame before it lets a recycled one go, and misses and doubles nothing", async () => {
    const server = await startTestServer({ recycleBytes: 6_000 });
    await page.goto(`${server.url}/?channel=busy`);
    await untilState("open");
    // What a person would see: the state, at every change, and the number of frames in the page.
    await page.evaluate(`
      window.seen = [];
      new MutationObserver(function () {
        window.seen.push(document.getElementById("state").textContent + " " + document.getElementsByTagName("iframe").length);
      }).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
    `);
    for (let n = 0; n < 60; n++)
      await publishJson(server.url, "busy", { n, text: "x".repeat(500) });
    await untilCount(60);
    const rows = await page.locator("#messages td.data").allTextContents();
    const numbers = rows.map((row) => JSON.parse(row).n).reverse();
    expect(numbers).to.deep.equal(Array.from({ length: 60 }, (_, n) => n));
    const seen = (await page.evaluate("window.seen")) as string[];
    expect(
      seen.filter((state) => /^lost/.test(state)),
      "states",
    ).to.deep.equal([]);
    expect(
      seen.some((state) => / 2$/.test(state)),
      "two frames at a time",
    ).to.equal(true);
  });

  it("closes a stream from the control frame's own page without script", async () => {
    const server = await startTestServer();
    await page.goto(`${server.url}/`);
    await untilState("open");
    const stream = await text("stream");
    const plain = await browser.browser()?.newContext({ javaScriptEnabled: false });
    const control = plain === undefined ? await browser.newPage() : await plain.newPage();
    await control.goto(`${server.url}/control.html`);
    await control.fill("#stream", stream);
    await control.click("button");
    expect(await control.textContent("#state")).to.contain("open");
    await control.click("#close");
    await eventually(
      5_000,
      async () => (await control.textContent("#state"))?.includes("closed"),
      "closed",
    );
    await untilState("closed by you");
    await control.close();
  });

  it("refuses a page whose name was rebound to this machine", async () => {
    const { url, hub } = await startTestServer();
    const answer = await page.goto(`http://evil.example:${new URL(url).port}/`);
    expect(answer?.status()).to.equal(403);
    expect(await answer?.json()).to.have.property("code", "FF_HOST_REFUSED");
    expect(hub.openStreams).to.equal(0);
  });

  it("refuses a frame and a form of another site", async () => {
    const victim = await startTestServer();
    const evil = await startTestServer({ allowedHosts: ["evil.example"] });
    const evilUrl = `http://evil.example:${new URL(evil.url).port}`;
    await page.goto(`${evilUrl}/control.html`);
    const answers: string[] = [];
    page.on("response", (response) =>
      answers.push(`${response.status()} ${response.request().method()}`),
    );
    await page.evaluate(
      `(function (url) {
        var frame = document.createElement("iframe");
        frame.src = url + "/stream?channels=news";
        document.body.appendChild(frame);
        document.body.insertAdjacentHTML("beforeend",
          '<iframe name="away"></iframe><form id="attack" method="post" target="away" action="' + url +
          '/channels/news/messages"><input name="msg" value="forged"></form>');
        document.getElementById("attack").submit();
      })(${JSON.stringify(victim.url)})`,
    );
    await eventually(
      5_000,
      () => answers.includes("403 GET") && answers.includes("403 POST"),
      "two refusals",
    );
    expect(victim.hub.openStreams).to.equal(0);
    const { messages } = (await (await fetch(`${victim.url}/channels/news/messages`)).json()) as {
      messages: unknown[];
    };
    expect(messages).to.deep.equal([]);
  });
});
