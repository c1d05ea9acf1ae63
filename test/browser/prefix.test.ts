import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { startMounted, stopMounted } from "../support/mounted-servers.ts";
import { startNginx, stopNginx } from "../support/nginx.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowser } from "./browsers.ts";

const RETRY_MS = 200;

/** Where a page of Foreverframe is below a prefix. */
interface Prefixed {
  readonly url: string;
  openStreams(): Promise<number>;
}

const PLACES: Readonly<Record<string, () => Promise<Prefixed>>> = {
  async "behind nginx, which strips the prefix"() {
    const { url, hub } = await startTestServer();
    const front = await startNginx(url, "/push/");
    return { url: `${front}/push`, openStreams: async () => hub.openStreams };
  },
  async "in Express"() {
    const { url, ff } = await startMounted("express");
    return { url, openStreams: async () => (await ff.streams()).length };
  },
  async "in Express behind nginx, which strips another prefix"() {
    const { url, ff } = await startMounted("express");
    const front = await startNginx(`${url}/`, "/app/events/");
    return { url: `${front}/app/events`, openStreams: async () => (await ff.streams()).length };
  },
  async "in Koa"() {
    const { url, ff } = await startMounted("koa");
    return { url, openStreams: async () => (await ff.streams()).length };
  },
  async "in Fastify"() {
    const { url, ff } = await startMounted("fastify");
    return { url, openStreams: async () => (await ff.streams()).length };
  },
};

describeInBrowser("the page for trying out, below a prefix", ({ newPage }) => {
  afterEach(async () => {
    await stopNginx();
    await stopServers();
    await stopMounted();
  });

  const untilState = (page: Page, state: string) =>
    eventually(
      10_000,
      async () => (await page.$eval("#state", (e) => e.textContent)) === state,
      `the state "${state}"`,
    );

  for (const [name, start] of Object.entries(PLACES)) {
    it(`works ${name}: on each transport, and closes for good`, async () => {
      const { url, openStreams } = await start();
      const page = await newPage();
      // Without its last slash, as somebody types it.
      await page.goto(`${url}?retryMs=${RETRY_MS}`);
      await untilState(page, "open");
      await page.type("#msg", "hello </script>");
      await page.click("#send");
      await page.waitForSelector("#messages tr");
      for (const transport of ["poll", "sse", "ws", "frame"]) {
        await page.select("#wanted", transport);
        await eventually(
          10_000,
          async () => (await page.$eval("#transport", (e) => e.textContent)) === transport,
          transport,
        );
        await untilState(page, "open");
      }
      expect(await page.$$eval("#messages td.data", (cells) => cells.length)).to.equal(1);
      await page.click("#close");
      await untilState(page, "closed by you: will not reconnect");
      await eventually(5_000, async () => (await openStreams()) === 0, "its end at the server");
      await page.goto(`${url}/control.html`);
      expect(await page.$("#state, form")).to.not.equal(null);
    });
  }
});
