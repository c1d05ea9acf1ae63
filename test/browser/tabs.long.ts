import { expect } from "chai";
import type { Page } from "puppeteer-core";
import type { RunningServer } from "../../src/server.ts";
import { publishNumbers } from "../support/limits/publish-numbers.ts";
import { startTestServer } from "../support/test-server.ts";
import { eventually, within } from "../support/within.ts";
import { describeInChromium } from "./browsers.ts";
import { TEST_PAGES } from "./client-page.ts";

/** Connections that a browser opens to one host. */
const CONNECTIONS = 6;

/** Until a page that could load would have, in ms. */
const LOAD_MS = 3_000;

/** Longest for all tabs to hear of something, in ms. */
const HEARD_MS = 20_000;

describeInChromium("many tabs", (suite) => {
  let server: RunningServer;

  beforeEach(async () => {
    server = await startTestServer({ pages: TEST_PAGES });
  });

  const openTab = async (isShared: boolean) => {
    const page = await suite.freshPage();
    await page.goto(`${server.url}/limits.html`);
    await page.evaluate(`limits.open("auto", ${isShared})`);
    await untilTrue(page, `limits.stream.state === "open"`);
    return page;
  };
  const openTabs = async (count: number, isShared: boolean) => {
    const tabs: Page[] = [];
    for (let n = 0; n < count; n++) tabs.push(await openTab(isShared));
    return tabs;
  };
  const untilTrue = (page: Page, expression: string) =>
    eventually(HEARD_MS, async () => Boolean(await page.evaluate(expression)), expression);
  const expectNumbers = async (tabs: readonly Page[], count: number) => {
    for (const page of tabs) {
      await untilTrue(page, `limits.received >= ${count}`);
      expect(await page.evaluate("[limits.received, limits.wrong]")).to.deep.equal([count, 0]);
    }
  };

  it("of which each has a stream of its own hear everything, and take all the connections there are", async () => {
    const tabs = await openTabs(CONNECTIONS, false);
    await publishNumbers(server.url, 0, 500);
    await expectNumbers(tabs, 500);
    expect(server.hub.openStreams).to.equal(CONNECTIONS);

    const seventh = await suite.freshPage();
    const loaded = seventh.goto(`${server.url}/limits.html`, { timeout: 60_000 });
    const isLate = await within(LOAD_MS, loaded, "the page").then(
      () => false,
      () => true,
    );
    expect(isLate, "a page waits for a connection").to.equal(true);

    const [first, ...others] = tabs;
    await first?.evaluate("limits.stream.close()");
    await within(HEARD_MS, loaded, "the page after a close");
    if (first !== undefined) await untilTrue(first, `limits.stream.state === "closed"`);
    await eventually(HEARD_MS, () => server.hub.openStreams === CONNECTIONS - 1, "one stream less");
    await publishNumbers(server.url, 500, 500);
    await expectNumbers(others, 1_000);
  });

  it("that share a stream hear everything, and leave the connections to others", async () => {
    const tabs = await openTabs(2 * CONNECTIONS, true);
    await eventually(HEARD_MS, () => server.hub.openStreams === 1, "one stream for all");
    for (let n = 0; n < 10; n++) {
      await publishNumbers(server.url, n * 100, 100);
      await expectNumbers(tabs, (n + 1) * 100);
    }
    const another = await suite.freshPage();
    await within(LOAD_MS, another.goto(`${server.url}/limits.html`), "another page");
    const [holder] = await Promise.all(
      tabs.map(async (page) => ((await page.evaluate("limits.stream.stream")) ? page : null)),
    ).then((found) => found.filter((page) => page !== null));
    await holder?.close();
    const others = tabs.filter((page) => page !== holder);
    await publishNumbers(server.url, 1_000, 100);
    await expectNumbers(others, 1_100);
    expect(others).to.have.lengthOf(2 * CONNECTIONS - 1);
  });
});
