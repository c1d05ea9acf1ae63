import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { publishJson } from "../support/raw-http.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowsers, recordRequests, shoot, textOf, untilText } from "./browsers.ts";
import { TEST_PAGES } from "./client-page.ts";

/** Short, so that a test can wait for twice of it. */
const RETRY_MS = 300;

describeInBrowsers("the pages", (suite) => {
  let page: Page;

  beforeEach(async () => {
    page = await suite.newPage();
  });

  const text = (id: string) => textOf(page, id);
  const untilState = (state: string) => untilText(page, "state", state);
  const untilCount = (count: number, ms = 10_000) =>
    eventually(
      ms,
      async () => (await text("count")) === String(count),
      `${count} messages on the page`,
    );
  const texts = (selector: string) =>
    page.$$eval(selector, (cells) => cells.map((cell) => cell.textContent ?? ""));

  it("opens, shows what is sent, closes through the control frame for good, and reopens", async () => {
    const server = await startTestServer();
    await page.goto(`${server.url}/?retryMs=${RETRY_MS}`);
    await untilState("open");
    expect(server.hub.openStreams).to.equal(1);

    await page.type("#msg", "hello </script><b>there</b>");
    await page.click("#send");
    await untilCount(1);
    expect(await text("messages")).to.contain("hello </script><b>there</b>");
    await shoot(page, `${suite.kind.name}-index-open`);

    const requests = recordRequests(page);
    await page.click("#close");
    await untilState("closed by you: will not reconnect");
    expect(server.hub.openStreams).to.equal(0);
    expect(requests).to.have.lengthOf(1);
    expect(requests[0]).to.match(/^POST \/streams\/.+\/close$/);
    await new Promise((resolve) => setTimeout(resolve, 2 * RETRY_MS));
    expect(requests, "requests after the close").to.have.lengthOf(1);
    await shoot(page, `${suite.kind.name}-index-closed`);

    const missed = await publishJson(server.url, "news", "while it was closed");
    await page.click("#reopen");
    await untilState("open");
    await untilCount(2);
    expect(await text("messages")).to.contain(missed);
  });

  it("changes to the transport that is chosen, and misses and doubles nothing", async () => {
    const server = await startTestServer();
    await page.goto(`${server.url}/`);
    await untilState("open");
    let sent = 0;
    for (const transport of ["poll", "sse", "ndjson", "ws", "frame"]) {
      await publishJson(server.url, "news", sent++);
      await page.select("#wanted", transport);
      await publishJson(server.url, "news", sent++);
      await untilText(page, "transport", transport);
      await untilState("open");
    }
    await untilCount(sent);
    const shown = (await texts("#messages td.data")).map(Number).reverse();
    expect(shown).to.deep.equal(Array.from({ length: sent }, (_, n) => n));
    expect(await text("delay")).to.match(/^Delay: -?\d+ ms, at most \d+ ms/);
    expect(await text("connects")).to.equal("6");
    expect(await text("gaps")).to.equal("0");
    expect(server.hub.openStreams).to.equal(1);
    await shoot(page, `${suite.kind.name}-index-chosen`);
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
    await shoot(page, `${suite.kind.name}-index-lost`);
    await startTestServer({ port: Number(new URL(first.url).port) });
    await untilState("open");
  });

  it("puts a message back that could not be sent, and says so", async () => {
    const server = await startTestServer({ publishesPerSecond: 1 });
    await page.goto(`${server.url}/`);
    await untilState("open");
    await page.type("#msg", "first");
    await page.click("#send");
    await page.type("#msg", "second");
    await page.click("#send");
    await eventually(
      5_000,
      async () => /^Not sent: .*FF_PUBLISH_RATE/.test(await text("note")),
      "a note",
    );
    expect(await page.evaluate('document.getElementById("msg").value')).to.equal("second");
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
    const shown = async () => (await texts("#events tr td:first-child")).map(Number).reverse();
    await publishDoors(30);
    await page.goto(`${url}/doors.html`);
    await untilCount(20);
    await publishDoors(5);
    await untilCount(25);
    await shoot(page, `${suite.kind.name}-doors`);

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

  it("shows one row a door with its last event, and the same after a reload", async () => {
    const { url } = await startTestServer();
    const publishDoor = (name: string, vid: number) =>
      publishJson(url, `doors.${name}`, { vid, doorno: name, optime: "10:11:12", ynopen: "Y" });
    const rows = async (count: number, expected: readonly string[]) => {
      const shown = () => texts("#doors tr td:first-child, #doors tr td:nth-child(2)");
      await eventually(
        5_000,
        async () => (await shown()).join() === expected.join(),
        () => `the rows ${expected.join()}`,
      );
      expect(await texts("#doorCount")).to.deep.equal([String(count)]);
    };
    for (const [index, name] of ["south", "north", "south"].entries())
      await publishDoor(name, index);
    await page.goto(`${url}/doors.html?view=doors`);
    await rows(2, ["doors.north", "1", "doors.south", "2"]);
    await publishDoor("east", 3);
    await publishDoor("north", 4);
    const all = ["doors.east", "3", "doors.north", "4", "doors.south", "2"];
    await rows(3, all);
    await page.reload();
    await rows(3, all);
  });

  it("keeps fewer than 50 script nodes in the display document after 5,000 messages", async () => {
    const server = await startTestServer({ retainMessages: 10_000 });
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
    const scripts = `document.querySelector("iframe").contentWindow.document.getElementsByTagName("script").length`;
    await eventually(
      5_000,
      async () => Number(await page.evaluate(scripts)) < 50,
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
    const rows = await texts("#messages td.data");
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

  it("closes a stream from the control frame on the page that opened it", async () => {
    const server = await startTestServer();
    await page.goto(`${server.url}/control.html`);
    await untilState("open");
    const frame = await page.waitForSelector("iframe.control");
    const control = await frame?.contentFrame();
    await (await control?.waitForSelector("#close"))?.click();
    await untilState("closed by you: will not reconnect");
    await shoot(page, `${suite.kind.name}-control`);
    expect(server.hub.openStreams).to.equal(0);
    await page.click("#open");
    await untilState("open");
  });

  it("closes a stream from the control frame's own page, which needs no script", async () => {
    const server = await startTestServer();
    await page.goto(`${server.url}/`);
    await untilState("open");
    const stream = await text("stream");
    const control = await suite.freshPage();
    // Firefox's driver can't switch it off.
    if (suite.kind.name === "Chromium") await control.setJavaScriptEnabled(false);
    await control.goto(`${server.url}/control?stream=${stream}`);
    await untilText(control, "state", "This stream is open");
    await control.click("#close");
    await untilText(control, "state", "This stream is closed");
    await untilState("closed by you");
  });

  it("refuses a page whose name was rebound to this machine", async () => {
    const { url, hub } = await startTestServer();
    const answer = await page.goto(`http://evil.example:${new URL(url).port}/`);
    expect(answer?.status()).to.equal(403);
    expect(await page.evaluate("document.body.textContent")).to.contain("FF_HOST_REFUSED");
    expect(hub.openStreams).to.equal(0);
  });

  it("refuses a frame and a form of another site", async () => {
    const victim = await startTestServer();
    const evil = await startTestServer({ allowedHosts: ["evil.example"], pages: TEST_PAGES });
    const evilUrl = `http://evil.example:${new URL(evil.url).port}`;
    await page.goto(`${evilUrl}/client.html`);
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
