import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { startHttp2Haproxy, stopHaproxy } from "../support/haproxy.ts";
import { startHttp2Nginx, stopNginx } from "../support/nginx.ts";
import { makeCertificate, trustTestCertificate } from "../support/test-certificate.ts";
import { startTestServer } from "../support/test-server.ts";
import { createSecretFile, type SecretFile, signToken } from "../support/tokens.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowsers } from "./browsers.ts";
import { PageStream, TEST_PAGES, TRANSPORTS } from "./client-page.ts";

/** What a page is shown by, over TLS. */
interface Front {
  readonly url: string;
  openStreams(): number;
}

/** How a page comes by its streams, and what the browser speaks there. */
interface FrontKind {
  readonly name: string;
  readonly protocol: string;
  start(secretFile: string): Promise<Front>;
}

const NGINX: FrontKind = {
  name: "nginx with HTTP/2",
  protocol: "h2",
  async start(secretFile) {
    const trustedProxies = ["127.0.0.1"];
    const { url, hub } = await startTestServer({ pages: TEST_PAGES, secretFile, trustedProxies });
    return { url: await startHttp2Nginx(url), openStreams: () => hub.openStreams };
  },
};

const FRONTS: readonly FrontKind[] = [
  {
    name: "the server's own TLS",
    protocol: "http/1.1",
    async start(secretFile) {
      const { url, hub } = await startTestServer({
        pages: TEST_PAGES,
        secretFile,
        ...makeCertificate(),
      });
      return { url, openStreams: () => hub.openStreams };
    },
  },
  NGINX,
  {
    name: "HAProxy with HTTP/2, and TLS behind it",
    protocol: "h2",
    async start(secretFile) {
      const { url, hub } = await startTestServer({
        pages: TEST_PAGES,
        secretFile,
        trustedProxies: ["127.0.0.1"],
        ...makeCertificate(),
      });
      return { url: await startHttp2Haproxy(url), openStreams: () => hub.openStreams };
    },
  },
];

describeInBrowsers("a page over TLS", (suite) => {
  let page: Page;
  let file: SecretFile;
  let distrust = () => {};

  before(() => {
    distrust = trustTestCertificate();
  });
  beforeEach(async () => {
    page = await suite.newPage();
    file = createSecretFile();
  });
  afterEach(async () => {
    await suite.browser.deleteCookie(...(await suite.browser.cookies()));
    await stopNginx();
    await stopHaproxy();
  });
  after(() => distrust());

  /** As a login's answer does, apart from HttpOnly. */
  const logIn = async () => {
    const rights = { subscribe: ["news"], publish: ["news"] };
    const exp = Math.floor(Date.now() / 1_000) + 60;
    const token = await signToken({ foreverframe: rights, exp }, file.secret);
    const cookie = `__Host-foreverframe_token=${token}; Secure; Path=/; SameSite=Lax`;
    await page.evaluate(`document.cookie = ${JSON.stringify(cookie)}`);
  };
  const publish = (data: number) =>
    page.evaluate(`
      fetch("channels/news/messages", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: "${data}",
      }).then((answer) => answer.status)`);

  for (const { name, protocol, start } of FRONTS) {
    it(`has its streams with a __Host- cookie by ${name}, on each transport`, async () => {
      const { url, openStreams } = await start(file.path);
      await page.goto(`${url}/client.html`);
      const spoken = await page.evaluate(
        `performance.getEntriesByType("navigation")[0].nextHopProtocol`,
      );
      expect(spoken).to.equal(protocol);
      await logIn();
      for (const [n, transport] of TRANSPORTS.entries()) {
        const stream = await PageStream.open(page, { channels: "news", transport });
        await stream.untilOpenBy(transport);
        expect(await publish(n)).to.equal(201);
        await stream.untilMessages(1);
        expect(await stream.data()).to.deep.equal([n]);
        await stream.close();
        await stream.untilState("closed");
        await eventually(5_000, () => openStreams() === 0, `the end by ${transport}`);
      }
    });
  }

  it("has more streams at once over HTTP/2 than a browser opens connections", async () => {
    const { url, openStreams } = await NGINX.start(file.path);
    await page.goto(`${url}/client.html`);
    await logIn();
    await page.evaluate(`
      window.told = 0;
      for (let n = 0; n < 20; n++)
        new EventSource("stream?channels=news&n=" + n).onmessage = () => { told++; };`);
    await eventually(10_000, () => openStreams() === 20, "20 streams");
    expect(await publish(1)).to.equal(201);
    await eventually(
      5_000,
      async () => (await page.evaluate("told")) === 20,
      "the message in each",
    );
  });
});
