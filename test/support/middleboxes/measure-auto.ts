import { expect } from "chai";
import type { Browser } from "puppeteer-core";
import { PageStream } from "../../browser/client-page.ts";
import { publishJson } from "../raw-http.ts";
import { eventually } from "../within.ts";
import { LOAD } from "./measure-wire.ts";
import type { Site } from "./site.ts";

/** Short, so that a test can wait for it: a frame has a quarter of this time to begin. */
const SILENT_MS = 8_000;

/** Longest for the way round a middlebox that holds frames back, in ms. */
const OPEN_MS = 20_000;

/**
 * Open the client in a browser, told nothing of what is before the server.
 *
 * @param site with heartbeats
 * @param options `load`: data of the messages that have to come; `silentMs` of the client
 * @returns the transport that it ends on, having said so; throws where a message is lost, doubled
 *   or out of order, or the close is not heard
 */
export async function measureAuto(
  browser: Browser,
  site: Site,
  { load = LOAD, silentMs = SILENT_MS } = {},
): Promise<"frame" | "poll"> {
  const { server, path } = site;
  const proxy =
    path.forwardProxy === null
      ? {}
      : { proxyServer: `http://${path.forwardProxy}`, proxyBypassList: ["<-loopback>"] };
  // One of its own, with nothing remembered of other paths.
  const context = await browser.createBrowserContext(proxy);
  try {
    const page = await context.newPage();
    await page.goto(`${path.url}/client.html`);
    const stream = await PageStream.open(page, { channels: "doors", retryMs: 200, silentMs });
    await stream.untilState("open", OPEN_MS);
    for (const data of load) await publishJson(server.url, "doors", data);
    await stream.untilMessages(load.length, OPEN_MS);
    expect(await stream.data()).to.deep.equal(load);
    // The client takes its time to test a frame's path, and remembers one that is good.
    const isTested = () =>
      page.evaluate(`localStorage.getItem("foreverframe.prompt " + location.origin) !== null`);
    const isSettled = async () => (await stream.transport()) === "poll" || (await isTested());
    await eventually(OPEN_MS, async () => Boolean(await isSettled()), "what the client ends on");
    const transport = await stream.transport();
    const states = await stream.states();
    if (transport === "frame") expect(states).to.deep.equal(["connecting", "open"]);
    else expect(states.join()).to.match(/connecting (silent|held)/);
    await stream.close();
    await stream.untilState("closed");
    return transport === "frame" ? "frame" : "poll";
  } finally {
    await context.close();
  }
}
