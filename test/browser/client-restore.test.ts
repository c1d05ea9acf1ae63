import { cpSync, rmSync } from "node:fs";
import { expect } from "chai";
import { freePort } from "../support/free-port.ts";
import { publishJson } from "../support/raw-http.ts";
import { createTemporaryDirectory } from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowsers } from "./browsers.ts";
import { PageStream, TEST_PAGES } from "./client-page.ts";

const DAY_MS = 86_400_000;

describeInBrowsers("the client, when the log was put back from a backup", (suite) => {
  const realNow = Date.now;
  afterEach(() => {
    Date.now = realNow;
  });

  /**
   * The message that the backup lacks was published by a clock that was ahead, so that what follows
   * has ids below it.
   */
  const putBack = async (open: (url: string) => Promise<readonly PageStream[]>) => {
    const settings = {
      pages: TEST_PAGES,
      memory: false,
      data: createTemporaryDirectory(),
      port: await freePort(),
    };
    const backup = createTemporaryDirectory();
    const first = await startTestServer(settings);
    await publishJson(first.url, "news", "first");
    await stopServers();
    cpSync(settings.data, backup, { recursive: true });

    Date.now = () => realNow() + DAY_MS;
    const ahead = await startTestServer(settings);
    Date.now = realNow; // the server keeps the clock that it was started with
    const streams = await open(ahead.url);
    await publishJson(ahead.url, "news", "lost");
    for (const stream of streams) await stream.untilMessages(1);
    await stopServers();
    rmSync(settings.data, { recursive: true });
    cpSync(backup, settings.data, { recursive: true });
    const { url } = await startTestServer(settings);
    return { url, streams };
  };

  for (const transport of ["frame", "poll"] as const) {
    it(`is told of a gap by ${transport}, and shows what is published afterwards`, async () => {
      const page = await suite.newPage();
      const { url, streams } = await putBack(async (server) => {
        await page.goto(`${server}/client.html`);
        const stream = await PageStream.open(page, { channels: "news", transport, retryMs: 200 });
        await stream.untilState("open");
        return [stream];
      });
      const [stream] = streams;
      if (stream === undefined) throw new Error("there is no stream");
      const told = async () => (await stream.told<{ reason: string }>("ongap")).length > 0;
      await eventually(15_000, told, "the gap");
      const id = await publishJson(url, "news", "after");
      await stream.untilMessages(2);
      expect(await stream.data()).to.deep.equal(["lost", "after"]);
      await eventually(5_000, async () => (await stream.cursor()) === id, "the new cursor");
      const gaps = await stream.told<{ reason: string }>("ongap");
      expect(gaps.map(({ reason }) => reason)).to.deep.equal(["epoch"]);
    });
  }

  const shareInThreeTabs = async (setUp = "") => {
    const { url, streams } = await putBack(async (server) => {
      const opened: PageStream[] = [];
      for (let tab = 0; tab < 3; tab++) {
        const page = await (setUp === "" ? suite.newPage() : suite.freshPage());
        if (setUp !== "") await page.evaluateOnNewDocument(setUp);
        await page.goto(`${server}/client.html`);
        const stream = await PageStream.open(page, { channels: "news", share: true, retryMs: 200 });
        await stream.untilState("open");
        opened.push(stream);
      }
      return opened;
    });
    for (const stream of streams) {
      const told = async () => (await stream.told("ongap")).length > 0;
      await eventually(15_000, told, "the gap");
    }
    await publishJson(url, "news", "after");
    for (const stream of streams) {
      await stream.untilMessages(2);
      expect(await stream.data()).to.deep.equal(["lost", "after"]);
    }
  };

  it("shows it in every tab that shares the stream", () => shareInThreeTabs());

  it("shows it also in a tab that did not hear of the gap from the tab that holds the stream", () =>
    shareInThreeTabs(`(() => {
      const { set } = Object.getOwnPropertyDescriptor(BroadcastChannel.prototype, "onmessage");
      Object.defineProperty(BroadcastChannel.prototype, "onmessage", {
        set(hear) {
          set.call(this, (told) => {
            if (told.data.event?.type !== "gap") hear(told);
          });
        },
      });
    })()`));
});
