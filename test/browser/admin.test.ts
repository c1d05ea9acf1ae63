import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { createSecretFile } from "../support/tokens.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowser, shoot } from "./browsers.ts";

const TOKEN = "the-admin-token-of-this-test";
const SECRET_FREE = { adminToken: TOKEN };

describeInBrowser("the admin page", (suite) => {
  let page: Page;

  beforeEach(async () => {
    page = await suite.newPage();
  });
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  const signIn = async (url: string, token = TOKEN) => {
    await page.goto(`${url}/admin`);
    await page.waitForSelector("#token:focus");
    await page.type("#token", token);
    await page.keyboard.press("Enter");
  };
  const textOf = (selector: string) => page.$eval(selector, (found) => found.textContent ?? "");
  const untilShown = (selector: string, text: string | RegExp) =>
    eventually(
      15_000,
      async () => {
        const shown = await textOf(selector);
        return typeof text === "string" ? shown.includes(text) : text.test(shown);
      },
      () => `${text} in ${selector}`,
    );

  it("shows nothing to somebody with a wrong token, and says so", async () => {
    const { url } = await startTestServer(SECRET_FREE);
    await signIn(url, "a-wrong-token");
    await untilShown("#refused", "admin token");
    expect(await page.$("#signed-in[hidden]")).to.not.equal(null);
  });

  it("shows streams, channels and what ended; closes one stream by the keyboard", async () => {
    const { url, hub } = await startTestServer(SECRET_FREE);
    const panel = await openFrame(url, "channels=doors.*&client=panel-7");
    await openFrame(url, "channels=%3Cb%3Elog&client=%3Cimg%20src=x%3E");
    await publishJson(url, "doors.north", { vid: 7 });
    await signIn(url);
    await untilShown("#stream-rows", "panel-7");
    await untilShown("#stream-rows", "<img src=x>");
    await untilShown("#channel-rows", "doors.north");
    await untilShown("#server", process.versions.node);
    expect(await page.$$eval(".charts canvas", (all) => all.length)).to.equal(6);
    await page.focus("#stream-rows tr:first-child button");
    await page.keyboard.press("Enter");
    const events = await panel.connection.untilEvents(
      (all) => all.at(-1)?.type === "close",
      "close",
    );
    expect(events.at(-1)).to.include({ reason: "admin" });
    expect(hub.openStreams).to.equal(1);
    await untilShown("#ended-rows", "panel-7");
    await shoot(page, `${suite.kind.name}-admin`);
  });

  it("keeps the focus on a stream's button over looks and its close, while the figures go on", async () => {
    const { url, hub } = await startTestServer(SECRET_FREE);
    await openFrame(url, "channels=doors.*&client=panel-7");
    await openFrame(url, "channels=doors.*&client=panel-8");
    await signIn(url);
    await untilShown("#stream-rows", "panel-8");
    await page.focus("#stream-rows tr:first-child button");
    await openFrame(url, "channels=doors.*&client=panel-9");
    await publishJson(url, "doors.north", { vid: 7 });
    await untilShown("#stream-told", "1 more will show when you leave the list");
    await untilShown("#stream-rows tr:first-child td:nth-child(7)", "1");
    const focused = () => page.evaluate("document.activeElement.getAttribute('aria-label')");
    expect(await focused()).to.match(/^Close stream \d+ of panel-7$/);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#stream-rows tr.over", { timeout: 15_000 });
    expect(await focused()).to.match(/panel-7$/);
    await page.keyboard.press("Tab");
    expect(await focused()).to.match(/panel-8$/);
    expect(hub.openStreams).to.equal(2);
    await page.focus("#stream-filter [name=client]");
    await untilShown("#stream-rows", "panel-9");
    expect(await textOf("#stream-rows")).to.not.include("panel-7");
  });

  it("closes all streams of a channel with a word, publishes, tails by a frame, and explains", async () => {
    const { url } = await startTestServer({ ...SECRET_FREE, secretFile: createSecretFile().path });
    await signIn(url);
    await untilShown("#server", "0.1.0");
    await page.type("#tail input", "doors.**");
    await page.keyboard.press("Enter");
    await untilShown("#tail-state", "open, frame");
    await page.type("#publish [name=channel]", "doors.north");
    await page.type("#publish [name=data]", '{"text":"</script><b>hello</b>"}');
    await page.keyboard.press("Enter");
    await untilShown("#tail-rows", '{"text":"</script><b>hello</b>"}');
    await untilShown("#published", /published as \S+/);
    await page.type("#explain [name=client]", "panel-7");
    await page.focus("#explain button");
    await page.keyboard.press("Enter");
    await untilShown("#explanation", "client-unknown");
    await untilShown("#facts", "published to doors.north");
    await page.select("#close-many [name=kind]", "channels");
    await page.type("#close-many [name=name]", "doors.north");
    await page.type("#close-many [name=text]", "maintenance until 6");
    await page.keyboard.press("Enter");
    await untilShown("#closed-many", "1 stream closed");
    await untilShown("#tail-state", "closed");
  });

  it("is readable at 800 by 600 and on a phone: only its tables scroll sideways", async () => {
    const { url } = await startTestServer(SECRET_FREE);
    for (let n = 0; n < 30; n++)
      await openFrame(url, `channels=doors.${"x".repeat(80)}&client=c${n}`);
    for (const [width, height] of [
      [800, 600],
      [360, 640],
    ] as const) {
      await page.setViewport({ width, height });
      await page.goto("about:blank");
      await page.goto(`${url}/admin`);
      if ((await page.$("#token:focus")) !== null) await signIn(url);
      await untilShown("#stream-rows", "c29");
      const overflow = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      expect(overflow, `${width} px`).to.be.at.most(0);
      await shoot(page, `${suite.kind.name}-admin-${width}`);
    }
  });

  it("says in red why the log takes nothing, and when the server is away", async () => {
    const server = await startTestServer({ ...SECRET_FREE, maxLogBytes: 1_000, memory: true });
    for (let n = 0; n < 20; n++) {
      await fetch(`${server.url}/channels/a/messages`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify("x".repeat(200)),
      });
    }
    await signIn(server.url);
    await untilShown("#trouble", "log");
    await shoot(page, `${suite.kind.name}-admin-trouble`);
    await server.drain();
    await untilShown("#refused", "can't be reached");
  });

  it("says that its figures are old when the server does not answer any more", async () => {
    const { url } = await startTestServer(SECRET_FREE);
    page = await suite.freshPage();
    await page.evaluateOnNewDocument(() => {
      const wait = AbortSignal.timeout.bind(AbortSignal);
      AbortSignal.timeout = (ms) => wait(ms / 20);
    });
    await signIn(url);
    await untilShown("#server", process.versions.node);
    await page.setRequestInterception(true);
    page.on("request", () => {}); // and none is passed on
    await untilShown("#refused", "what is shown is old");
  });
});
