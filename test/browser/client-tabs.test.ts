import { expect } from "chai";
import type { Page } from "puppeteer-core";
import type { RunningServer } from "../../src/server.ts";
import { publishJson } from "../support/raw-http.ts";
import { startTestServer } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowsers } from "./browsers.ts";
import { PageStream, TEST_PAGES } from "./client-page.ts";

/** Within this time another tab has to hold the stream, in ms. */
const TAKEOVER_MS = 3_000;

/** At first several tabs may hold one each; on a busy machine that lasts. */
const SETTLE_MS = 30_000;

interface Tab {
  readonly page: Page;
  readonly stream: PageStream;
}

describeInBrowsers("one stream for all tabs", (suite) => {
  let server: RunningServer;
  let sent = 0;

  beforeEach(async () => {
    server = await startTestServer({ pages: TEST_PAGES });
    sent = 0;
  });

  const openTab = async (
    options = {},
    setUp = "",
    newPage = setUp === "" ? suite.newPage : suite.freshPage,
  ): Promise<Tab> => {
    const page = await newPage();
    if (setUp !== "") await page.evaluateOnNewDocument(setUp);
    await page.goto(`${server.url}/client.html`);
    const stream = await PageStream.open(page, {
      channels: "news",
      share: true,
      retryMs: 200,
      ...options,
    });
    await stream.untilState("open");
    return { page, stream };
  };
  /** In front of the others, which are hidden from now on. */
  const openInFront = () => openTab({}, "", suite.wholePage);
  const publish = async (count: number) => {
    for (let i = 0; i < count; i++) await publishJson(server.url, "news", sent++);
  };
  const isHolder = async ({ stream }: Tab) => (await stream.evaluate("stream.stream")) !== null;
  const holders = async (tabs: readonly Tab[]) => {
    const holding = await Promise.all(tabs.map(isHolder));
    return tabs.filter((_, i) => holding[i]);
  };
  const untilOneHolds = (tabs: readonly Tab[], ms = TAKEOVER_MS) =>
    eventually(
      ms,
      async () => {
        const [holder, ...others] = await holders(tabs);
        if (others.length > 0 || server.hub.openStreams !== 1) return false;
        return holder;
      },
      "one tab that holds the stream",
    );
  const expectAll = async (tabs: readonly Tab[], from: number) => {
    const wanted = Array.from({ length: sent - from }, (_, i) => from + i);
    for (const { stream } of tabs) {
      await stream.untilMessages(wanted.length);
      expect(await stream.data()).to.deep.equal(wanted);
    }
  };

  it("is one connection for ten tabs, and each hears everything", async function () {
    this.timeout(90_000);
    const tabs: Tab[] = [];
    for (let i = 0; i < 10; i++) tabs.push(await openTab());
    await publish(50);
    await expectAll(tabs, 0);
    await untilOneHolds(tabs, SETTLE_MS);
    await eventually(
      10_000,
      async () => {
        const all = await Promise.all(tabs.map(({ stream }) => stream.transport()));
        return (
          all.filter((transport) => transport === "shared").length === 9 && all.includes("frame")
        );
      },
      "one tab with a frame, and nine that share it",
    );
    await publish(50);
    await expectAll(tabs, 0);
    expect(server.hub.openStreams).to.equal(1);
  });

  it("goes on in another tab within 3 s when its holder is closed, and none misses or doubles a message", async () => {
    const tabs = [await openTab(), await openTab(), await openTab()];
    const holder = await untilOneHolds(tabs, SETTLE_MS);
    await publish(3);
    await expectAll(tabs, 0);
    const others = tabs.filter((tab) => tab !== holder);
    await Promise.all([holder.page.close(), publish(20)]);
    await untilOneHolds(others);
    await publish(3);
    await expectAll(others, 0);
  });

  it("goes on within 3 s when its holder dies without a word", async () => {
    const tabs = [await openTab(), await openTab()];
    const holder = await untilOneHolds(tabs, SETTLE_MS);
    const [other] = tabs.filter((tab) => tab !== holder);
    if (other === undefined) throw new Error("there is no other tab");
    await other.page.bringToFront();
    // As in a crash: nothing of it runs any more, and its connection is gone.
    await holder.page.evaluate(`(() => {
      for (let id = setInterval(() => {}); id > 0; id--) { clearTimeout(id); clearInterval(id); }
      BroadcastChannel.prototype.postMessage = () => {};
      for (const frame of document.querySelectorAll("iframe")) frame.remove();
    })()`);
    await publish(5);
    await eventually(TAKEOVER_MS, () => isHolder(other), "the other tab to hold the stream");
    await publish(5);
    await expectAll([other], 0);
  });

  it("is held by a tab that is visible", async () => {
    const first = await openInFront();
    const second = await openInFront();
    await eventually(TAKEOVER_MS, () => isHolder(second), "the tab in front to hold it");
    await publish(2);
    await first.page.bringToFront();
    await eventually(TAKEOVER_MS, () => isHolder(first), "the tab in front to hold it");
    await publish(2);
    await untilOneHolds([first, second]);
    await expectAll([first, second], 0);
  });

  it("starts each tab where it asked to start", async () => {
    await publish(5);
    const last = await openTab({ last: 2 });
    const all = await openTab({ after: "earliest" });
    const now = await openTab();
    await publish(1);
    await last.stream.untilMessages(3);
    await all.stream.untilMessages(6);
    await now.stream.untilMessages(1);
    expect(await last.stream.data()).to.deep.equal([3, 4, 5]);
    expect(await all.stream.data()).to.deep.equal([0, 1, 2, 3, 4, 5]);
    expect(await now.stream.data()).to.deep.equal([5]);
    await untilOneHolds([last, all, now]);
  });

  it("takes a burst of 1,000 messages to every tab", async () => {
    const tabs = [await openTab(), await openTab()];
    await untilOneHolds(tabs, SETTLE_MS);
    sent = 1_000;
    await fetch(`${server.url}/channels/news/messages`, {
      method: "POST",
      headers: { "Content-Type": "application/x-ndjson" },
      body: Array.from({ length: 1_000 }, (_, i) => i).join("\n"),
    });
    await expectAll(tabs, 0);
  });

  it("ends for one tab by its close(), and for all when the server ends it", async () => {
    const tabs = [await openTab(), await openTab(), await openTab()];
    const holder = await untilOneHolds(tabs, SETTLE_MS);
    await holder.stream.close();
    await holder.stream.untilState("closed");
    const others = tabs.filter((tab) => tab !== holder);
    await untilOneHolds(others);
    await publish(2);
    await expectAll(others, 0);
    await fetch(`${server.url}/channels/news/close`, {
      method: "POST",
      headers: { Authorization: `Bearer ${server.adminToken}` },
    });
    for (const { stream } of others) {
      await stream.untilState("closed");
      const [event] = await stream.told<{ reason: string }>("onclose");
      expect(event?.reason).to.equal("admin");
    }
    await new Promise((resolve) => setTimeout(resolve, TAKEOVER_MS));
    expect(server.hub.openStreams).to.equal(0);
  });

  it("needs no BroadcastChannel where there are storage events", async () => {
    const setUp = "delete window.BroadcastChannel;";
    const tabs = [await openTab({}, setUp), await openTab({}, setUp), await openTab({}, setUp)];
    const holder = await untilOneHolds(tabs, SETTLE_MS);
    await publish(20);
    await expectAll(tabs, 0);
    const others = tabs.filter((tab) => tab !== holder);
    await Promise.all([holder.page.close(), publish(5)]);
    await untilOneHolds(others);
    await expectAll(others, 0);
  });

  it("is a stream of its own where a page may not say a word to others", async () => {
    // As in a page without an origin, in some browsers.
    const setUp = `BroadcastChannel.prototype.postMessage = () => {
      throw new DOMException("Denied", "SecurityError");
    };`;
    const tabs = [await openTab({}, setUp), await openTab({}, setUp)];
    expect(server.hub.openStreams).to.equal(2);
    await publish(3);
    await expectAll(tabs, 0);
  });

  for (const [medium, setUp] of [
    ["BroadcastChannel", ""],
    ["storage events", "delete window.BroadcastChannel;"],
  ] as const) {
    it(`stays where it is while nothing happens, by ${medium}`, async () => {
      const tabs = [await openTab({}, setUp), await openTab({}, setUp)];
      await untilOneHolds(tabs, SETTLE_MS);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const states = async () => Promise.all(tabs.map(({ stream }) => stream.states()));
      const before = await states();
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      expect(await states()).to.deep.equal(before);
      await publish(1);
      await untilOneHolds(tabs);
    });
  }

  it("is of its own for tabs that want other channels, or have other names", async () => {
    await openTab();
    await openTab({ channels: "doors" });
    await openTab({ channels: "a b", client: "c" });
    await openTab({ channels: "a", client: "b c" });
    expect(server.hub.openStreams).to.equal(4);
  });

  it("is not ended for all by what one tab asks for", async () => {
    const good = await openTab();
    const page = await suite.newPage();
    await page.goto(`${server.url}/client.html`);
    const bad = await PageStream.open(page, {
      channels: "news",
      share: true,
      after: "no cursor!",
      retryMs: 200,
    });
    await bad.untilState("refused");
    const [error] = await bad.told<{ code: string }>("onerror");
    expect(error?.code).to.equal("FF_CURSOR_INVALID");
    await publish(2);
    await expectAll([good], 0);
    await eventually(5_000, () => isHolder(good), "the good one to hold the stream");
  });

  it("is closed by a holder that is hidden for that tab, and stays so", async () => {
    const hidden = await openInFront();
    await untilOneHolds([hidden], 10_000);
    const front = await openInFront();
    await hidden.stream.close();
    await hidden.stream.untilState("closed");
    await publish(3);
    await expectAll([front], 0);
    expect(await hidden.stream.state()).to.equal("closed");
    await eventually(TAKEOVER_MS, () => isHolder(front), "the other to hold it");
  });
});
