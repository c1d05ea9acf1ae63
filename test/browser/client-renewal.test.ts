import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { ask } from "../support/request.ts";
import { startTestServer } from "../support/test-server.ts";
import { bearer, createSecretFile, type SecretFile, signToken } from "../support/tokens.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowsers } from "./browsers.ts";
import { PageStream, TEST_PAGES, TRANSPORTS } from "./client-page.ts";

const RIGHTS = { subscribe: ["news"], publish: ["news"], client: "kiosk-7" };

describeInBrowsers("the client of a page that gives tokens", (suite) => {
  let page: Page;
  let file: SecretFile;

  beforeEach(async () => {
    page = await suite.newPage();
    file = createSecretFile();
  });

  const tokenFor = (livesS: number, claims: object = {}) =>
    signToken(
      {
        sub: "alice",
        foreverframe: RIGHTS,
        exp: Math.floor(Date.now() / 1_000) + livesS,
        ...claims,
      },
      file.secret,
    );
  /** A page of another origin, which gives one token after the other. */
  const start = async (tokens: readonly string[], options: object = {}) => {
    const pages = await startTestServer({ pages: TEST_PAGES, allowedHosts: ["pages.example"] });
    const origin = `http://pages.example:${new URL(pages.url).port}`;
    const server = await startTestServer({ allowedOrigins: [origin], secretFile: file.path });
    await page.goto(`${origin}/client.html`);
    await page.evaluate(`window.tokens = ${JSON.stringify(tokens)}; window.asked = 0;`);
    const text = JSON.stringify({
      url: `${server.url}/`,
      channels: "news",
      retryMs: 200,
      ...options,
    });
    const stream = await PageStream.open(
      page,
      `Object.assign(${text}, { token: function (done) {
        window.asked++;
        var isLast = window.tokens.length === 1;
        setTimeout(function () { done(isLast ? window.tokens[0] : window.tokens.shift()); }, 20);
      } })`,
    );
    return { server, stream };
  };
  const publish = async (url: string, data: number) => {
    const headers = { "Content-Type": "application/json", ...bearer(await tokenFor(60)) };
    const answer = await ask(url, "POST", "/channels/news/messages", {
      headers,
      body: String(data),
    });
    expect(answer.status, answer.text).to.equal(201);
  };
  const asked = async () => Number(await page.evaluate("window.asked"));

  for (const transport of TRANSPORTS) {
    it(`is served by ${transport} from another origin, renews before the token ends, and closes`, async () => {
      const { server, stream } = await start([await tokenFor(4), await tokenFor(600)], {
        transport,
      });
      await stream.untilOpenBy(transport);
      await publish(server.url, 1);
      await stream.untilMessages(1);
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      await publish(server.url, 2);
      await stream.untilMessages(2);
      expect(await stream.data()).to.deep.equal([1, 2]);
      expect(await asked()).to.equal(2);
      if (transport !== "poll")
        expect((await stream.told("onopen")).length, "connections").to.equal(1);
      await stream.evaluate("void stream.ack()");
      await stream.close();
      await stream.untilState("closed");
      const [event] = await stream.told<{ reason: string }>("onclose");
      expect(event?.reason).to.equal("client");
      await eventually(3_000, () => server.hub.openStreams === 0, "no stream is left");
    });
  }

  it("is refused for good when the page gives a wrong token, or none, without asking again and again", async () => {
    for (const token of ["a.b.c", ""]) {
      const { stream } = await start([token]);
      await stream.untilState("refused");
      const [error] = await stream.told<{ code: string }>("onerror");
      expect(error?.code).to.be.oneOf(["FF_TOKEN_INVALID", "FF_TOKEN_MISSING"]);
      expect(await asked()).to.be.at.most(2);
    }
  });

  it("leaves no stream behind when its page goes away", async () => {
    for (const transport of ["frame", "poll"] as const) {
      const { server, stream } = await start([await tokenFor(600)], { transport });
      await stream.untilOpenBy(transport);
      await page.goto("about:blank");
      await eventually(5_000, () => server.hub.openStreams === 0, `none by ${transport}`);
    }
  });
});

describeInBrowsers("the client of a page with a cookie that is renewed", (suite) => {
  it("goes on without a cut, and without a word from the page", async () => {
    const page = await suite.newPage();
    const { path, secret } = createSecretFile();
    const server = await startTestServer({ pages: TEST_PAGES, secretFile: path });
    await page.goto(`${server.url}/client.html`);
    const logIn = async (livesS: number) => {
      const exp = Math.floor(Date.now() / 1_000) + livesS;
      const value = await signToken({ sub: "alice", foreverframe: RIGHTS, exp }, secret);
      const domain = new URL(server.url).hostname;
      const name = "foreverframe_token";
      const rest = { path: "/", httpOnly: true, sameSite: "Strict" } as const;
      await suite.browser.setCookie({ name, value, domain, ...rest });
    };
    await logIn(6);
    const stream = await PageStream.open(page, { channels: "news", retryMs: 200 });
    await stream.untilOpenBy("frame");
    await logIn(600);
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    expect(await stream.state()).to.equal("open");
    expect((await stream.told("onopen")).length).to.equal(1);
    await suite.browser.deleteCookie(...(await suite.browser.cookies()));
  });
});
