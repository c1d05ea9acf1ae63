import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { describeInChromium } from "../browser/browsers.ts";
import { PageStream } from "../browser/client-page.ts";
import {
  closeMeddlingProxies,
  type Meddling,
  startMeddlingProxy,
} from "../support/meddling-proxy.ts";
import { measureAuto } from "../support/middleboxes/measure-auto.ts";
import { noticesAtOnce } from "../support/middleboxes/measure-gone.ts";
import { measureWire } from "../support/middleboxes/measure-wire.ts";
import type { Middlebox } from "../support/middleboxes/middlebox.ts";
import { directPath } from "../support/middleboxes/path.ts";
import { startSite } from "../support/middleboxes/site.ts";
import { publishJson } from "../support/raw-http.ts";
import { stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

/** Few bytes, of which many are parts of characters. */
const LOAD = [1, "ÄÖ € \u{1d11e} \u2028", "€".repeat(300), { "</script>": "é" }, 5];

/** A proxy that is a middlebox, and tells whom it stands for. */
const boxOf = (meddling: Meddling): Middlebox => ({
  name: "a proxy",
  configuration: JSON.stringify(meddling),
  side: "server",
  isTrusted: true,
  start: async (server) => directPath(await startMeddlingProxy(server, meddling)),
});

/** What a proxy does, and what the client ends on behind it. */
const AUTO: readonly (readonly [string, Meddling, "frame" | "poll"])[] = [
  ["passes on one byte at a time", { pieceBytes: 1 }, "frame"],
  ["cuts characters in two", { isSplitting: true }, "frame"],
  ["changes Host, and takes a prefix off", { isRenaming: true, prefix: "/push" }, "frame"],
  ["holds each answer until its end", { isHolding: true }, "poll"],
  ["holds each message until the next one comes", { isOneBehind: true }, "poll"],
  ["stalls after the first event", { stallBytes: 2_500 }, "poll"],
  [
    "adds a policy against scripts in documents",
    { adds: { "Content-Security-Policy": "script-src 'self'" } },
    "poll",
  ],
  ["compresses", { isCompressing: true }, "poll"],
];

describeInChromium("the client behind a proxy", (suite) => {
  let page: Page;

  beforeEach(async () => {
    page = await suite.newPage();
  });
  afterEach(closeMeddlingProxies);

  for (const [what, meddling, transport] of AUTO) {
    it(`ends on ${transport}, says so and loses nothing where the proxy ${what}`, async () => {
      // Where a frame comes through, nothing is waited for, and single bytes take their time.
      const isGood = transport === "frame";
      // Heartbeats within a second would push on what is held until the next piece.
      const isQuiet = isGood || meddling.isOneBehind === true;
      const site = await startSite(boxOf(meddling), isQuiet ? "quiet" : "often");
      const options = { load: LOAD, silentMs: isGood ? 30_000 : 4_000 };
      expect(await measureAuto(suite.browser, site, options)).to.equal(transport);
    });
  }

  it("comes back and loses nothing where the proxy cuts what is idle", async () => {
    const { server, path } = await startSite(boxOf({ cutIdleMs: 300 }), "often");
    await page.goto(`${path.url}/client.html`);
    const stream = await PageStream.open(page, { channels: "doors", retryMs: 100 });
    const cuts = async () =>
      (await stream.states()).filter((state) => state.startsWith("lost")).length;
    for (const n of [1, 2, 3]) {
      await eventually(20_000, async () => (await cuts()) >= n, `cut ${n}`);
      await publishJson(server.url, "doors", n);
    }
    await stream.untilMessages(3);
    expect(await stream.data()).to.deep.equal([1, 2, 3]);
  });

  for (const transport of ["sse", "ndjson"] as const) {
    it(`reads ${transport} that comes by single bytes`, async () => {
      const { server, path } = await startSite(boxOf({ pieceBytes: 1 }), "quiet");
      await page.goto(`${path.url}/client.html`);
      const stream = await PageStream.open(page, { channels: "doors", transport });
      await stream.untilOpenBy(transport);
      for (const data of LOAD) await publishJson(server.url, "doors", data);
      await stream.untilMessages(LOAD.length);
      expect(await stream.data()).to.deep.equal(LOAD);
    });
  }
});

describe("a measurement of a middlebox", function () {
  this.timeout(60_000);
  afterEach(async () => {
    await closeMeddlingProxies();
    await stopServers();
  });

  for (const [what, meddling, cells] of [
    ["holds answers back", { isHolding: true }, { message: "held", close: "held" }],
    ["is one message behind", { isOneBehind: true }, { message: "with the next" }],
    ["is late", { lateMs: 250 }, { message: "late", close: "at once" }],
    ["passes all on", {}, { message: "at once", close: "at once", webSocket: "refused" }],
  ] as const) {
    it(`finds that a proxy ${what}`, async () => {
      const site = await startSite(boxOf(meddling), "quiet");
      const usual = { calls: "taken", address: "its own", polls: "at once" };
      expect(await measureWire(site)).to.include({ ...usual, ...cells });
      expect(await noticesAtOnce(site)).to.equal(true);
    });
  }

  it("finds that a message is lost", async () => {
    const site = await startSite(boxOf({ stallBytes: 12_000 }), "quiet");
    const failed = await measureWire(site).catch((error: Error) => error.message);
    expect(failed).to.match(/to deeply equal/);
  });
});
