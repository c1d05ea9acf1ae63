import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { ask } from "../support/request.ts";
import { startTestServer } from "../support/test-server.ts";
import { bearer, createSecretFile, type SecretFile, signToken } from "../support/tokens.ts";
import { eventually } from "../support/within.ts";
import { describeInBrowser } from "./browsers.ts";
import { PageStream, TEST_PAGES, TRANSPORTS } from "./client-page.ts";

const RIGHTS = { subscribe: ["news"], publish: ["news"], client: "kiosk-7" };

describeInBrowser("the client of a page that gives tokens", (suite) => {
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
  /** A page of another origin, and a way to open streams in it that are given these tokens. */
  const start = async () => {
    const pages = await startTestServer({ pages: TEST_PAGES, allowedHosts: ["pages.example"] });
    const origin = `http://pages.example:${new URL(pages.url).port}`;
    const server = await startTestServer({ allowedOrigins: [origin], secretFile: file.path });
    await page.goto(`${origin}/client.html`);
    const open = (tokens: readonly string[], options: object = {}) => {
      const url = `${server.url}/`;
      const all = JSON.stringify({ url, channels: "news", retryMs: 200, ...options });
      return PageStream.open(
        page,
        `(function (tokens) {
          return Object.assign(${all}, { token: function (done) {
            window.asked = (window.asked || 0) + 1;
            var isLast = tokens.length === 1;
            setTimeout(function () { done(isLast ? tokens[0] : tokens.shift()); }, 20);
          } });
        })(${JSON.stringify(tokens)})`,
      );
    };
    return { server, open };
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

  it("is served by every transport from another origin, renews before the token ends, and closes", async () => {
    const { server, open } = await start();
    const streams = new Map<string, PageStream>();
    for (const transport of TRANSPORTS)
      streams.set(transport, await open([await tokenFor(5), await tokenFor(600)], { transport }));
    for (const [transport, stream] of streams) await stream.untilOpenBy(transport);
    await publish(server.url, 1);
    for (const stream of streams.values()) await stream.untilMessages(1);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    await publish(server.url, 2);
    for (const [transport, stream] of streams) {
      await stream.untilMessages(2);
      expect(await stream.data(), transport).to.deep.equal([1, 2]);
      if (transport !== "poll")
        expect((await stream.told("onopen")).length, `connections by ${transport}`).to.equal(1);
      await stream.evaluate("void stream.ack()");
      await stream.close();
      await stream.untilState("closed");
      const [event] = await stream.told<{ reason: string }>("onclose");
      expect(event?.reason).to.equal("client");
    }
    expect(await asked()).to.equal(2 * TRANSPORTS.length);
    await eventually(3_000, () => server.hub.openStreams === 0, "no stream is left");
  });

  it("is refused for good when the page gives a wrong token, or none, without asking again and again", async () => {
    const { open } = await start();
    for (const token of ["a.b.c", ""]) {
      await page.evaluate("window.asked = 0");
      const stream = await open([token]);
      await stream.untilState("refused");
      const [error] = await stream.told<{ code: string }>("onerror");
      expect(error?.code).to.be.oneOf(["FF_TOKEN_INVALID", "FF_TOKEN_MISSING"]);
      expect(await asked()).to.be.at.most(2);
    }
  });

  it("leaves no stream behind when its page goes away", async () => {
    for (const transport of ["frame", "poll"] as const) {
      const { server, open } = await start();
      const stream = await open([await tokenFor(600)], { transport });
      await stream.untilOpenBy(transport);
      await page.goto("about:blank");
      await eventually(5_000, () => server.hub.openStreams === 0, `none by ${transport}`);
    }
  });
});

describeInBrowser("the client of a page with a cookie that is renewed", (suite) => {
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
