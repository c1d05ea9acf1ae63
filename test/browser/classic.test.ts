import { cpSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { startFaultyProxy } from "../support/faulty-proxy.ts";
import { PROTOTYPE_JS } from "../support/needs.mjs";
import { publishJson } from "../support/raw-http.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { startTestServer } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowsers, recordRequests, shoot, textOf, untilText } from "./browsers.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples/classic/", import.meta.url));
const JQUERY = createRequire(import.meta.url).resolve("jquery");

/** The examples with the real libraries beside them, as their README says. */
function preparePages(): string {
  const pages = createTemporaryDirectory();
  cpSync(EXAMPLES, pages, { recursive: true });
  cpSync(JQUERY, join(pages, "jquery.js"));
  cpSync(PROTOTYPE_JS, join(pages, "prototype.js"));
  return pages;
}

const door = (vid: number) => ({
  vid,
  doorno: `N-${vid}`,
  rfsim: "<b>0C5E91A2</b>",
  optime: "2026-11-22 10:11:12",
  ynopen: "Y",
});

describeInBrowsers("the classic pages", (suite) => {
  let page: Page;

  const open = async (name: string) => {
    page = await suite.newPage();
    const server = await startTestServer({ pages: preparePages() });
    const proxy = await startFaultyProxy(server.url);
    const prepare = async () => {
      await page.goto(`${proxy.url}/${name}`);
      await untilText(page, "state", "open");
    };
    return { server, proxy, prepare };
  };
  const rows = (selector: string) =>
    page.$$eval(selector, (cells) => cells.map((cell) => cell.textContent ?? "").reverse());
  const untilRows = (selector: string, count: number) =>
    eventually(10_000, async () => (await rows(selector)).length === count, `${count} rows`);

  it("long-poll.html shows messages with jQuery 1.x, and its Close button ends it at once and for good", async () => {
    const { server, prepare } = await open("long-poll.html");
    await prepare();
    expect(await page.evaluate("jQuery.fn.jquery")).to.match(/^1\./);
    await publishJson(server.url, "news", "one </script>");
    await publishJson(server.url, "news", "two");
    await untilRows("#messages div", 2);
    expect(await rows("#messages div")).to.deep.equal(["one </script>", "two"]);
    await page.click("#close");
    await untilText(page, "state", "closed (client)", 1_000);
    await shoot(page, `${suite.kind.name}-classic-long-poll`);
    // The page says so at the click, and not at the server's answer.
    await eventually(1_000, () => server.hub.openStreams === 0, "the end of the stream");
    const requests = recordRequests(page);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(requests).to.deep.equal([]);
  });

  it("long-poll.html honours an operator's stop", async () => {
    const { server, prepare } = await open("long-poll.html");
    await prepare();
    await fetch(`${server.url}/channels/news/close`, {
      method: "POST",
      headers: { Authorization: `Bearer ${server.adminToken}` },
    });
    await untilText(page, "state", "closed (admin)");
  });

  for (const [name, channel, selector] of [
    ["long-poll.html", "news", "#messages div"],
    ["doors.html", "doors", "#doors tr"],
  ] as const) {
    it(`${name} goes on 5 s after an error, and has lost nothing`, async () => {
      const { server, proxy, prepare } = await open(name);
      await prepare();
      proxy.rule(() => ({ status: 502, body: "<h1>Bad Gateway</h1>" }));
      proxy.cutAll();
      await untilText(page, "state", "no answer, trying again in 5 s");
      const at = performance.now();
      await publishJson(server.url, channel, door(1));
      proxy.rule(() => "pass");
      await untilRows(selector, 1);
      expect(performance.now() - at).to.be.within(3_000, 9_000);
      await untilText(page, "state", "open");
      await publishJson(server.url, channel, door(2));
      await untilRows(selector, 2);
    });
  }

  for (const [name, channel] of [
    ["long-poll.html", "news"],
    ["doors.html", "doors"],
  ] as const) {
    it(`${name} is closed for good while there is no answer, and shows what is no door`, async () => {
      const { server, proxy, prepare } = await open(name);
      await prepare();
      await publishJson(server.url, channel, null);
      await publishJson(server.url, channel, { vid: 1 });
      await eventually(
        5_000,
        async () => (await page.$$eval("tbody tr, #messages div", (all) => all.length)) === 2,
        "both messages",
      );
      proxy.rule(() => ({ status: 502, body: "<h1>Bad Gateway</h1>" }));
      proxy.cutAll();
      await untilText(page, "state", "no answer");
      await page.click("#close");
      await untilText(page, "state", "closed (client)");
      proxy.rule(() => "pass");
      const requests = recordRequests(page);
      await new Promise((resolve) => setTimeout(resolve, 5_500));
      expect(requests).to.deep.equal([]);
    });
  }

  it("doors.html fills its table with Prototype from a cursor, each event once", async () => {
    const { server, prepare } = await open("doors.html");
    for (let vid = 1; vid <= 25; vid++) await publishJson(server.url, "doors", door(vid));
    await prepare();
    expect(await page.evaluate("Prototype.Version")).to.match(/^1\./);
    for (let vid = 26; vid <= 30; vid++) await publishJson(server.url, "doors", door(vid));
    await untilRows("#doors tr", 25);
    const vids = (await rows("#doors td:first-child")).map(Number);
    expect(vids).to.deep.equal(Array.from({ length: 25 }, (_, i) => i + 6));
    expect(await page.$$eval("#doors b", (elements) => elements.length), "markup").to.equal(0);
    await shoot(page, `${suite.kind.name}-classic-doors`);
    await page.click("#close");
    await untilText(page, "state", "closed (client)", 1_000);
    expect(await textOf(page, "state")).to.equal("closed (client)");
  });
});
