import { expect } from "chai";
import type { Page } from "puppeteer-core";
import { startTestServer } from "../support/test-server.ts";
import { createSecretFile, type SecretFile, signToken } from "../support/tokens.ts";
import { describeInBrowser } from "./browsers.ts";
import { PageStream, TEST_PAGES } from "./client-page.ts";

describeInBrowser("the client, where a token is needed", (suite) => {
  let page: Page;
  let file: SecretFile;

  beforeEach(async () => {
    page = await suite.newPage();
    file = createSecretFile();
  });

  const start = async () => {
    const server = await startTestServer({ pages: TEST_PAGES, secretFile: file.path });
    await page.goto(`${server.url}/client.html`);
    return server;
  };
  const tokenFor = (rights: object, livesS = 60) =>
    signToken({ foreverframe: rights, exp: Math.floor(Date.now() / 1_000) + livesS }, file.secret);
  /** As an application does at the login. */
  const logIn = async (url: string, token: string) =>
    suite.browser.setCookie({
      name: "foreverframe_token",
      value: token,
      domain: new URL(url).hostname,
      path: "/",
      httpOnly: true,
      sameSite: "Lax",
    });
  const logOut = async () => {
    await suite.browser.deleteCookie(...(await suite.browser.cookies()));
  };
  afterEach(logOut);

  // Each transport's end is tested without a browser.
  for (const transport of ["frame", "poll"] as const) {
    it(`streams by ${transport} with the cookie of a login, ends with it, and comes back after another`, async () => {
      const { url, hub } = await start();
      await logIn(url, await tokenFor({ subscribe: ["news"], client: "kiosk-7" }, 4));
      const stream = await PageStream.open(page, { channels: "news", transport, retryMs: 200 });
      await stream.untilState("open");
      const gate = await tokenFor({ publish: ["news"] });
      const publish = (data: number) =>
        fetch(`${url}/channels/news/messages`, {
          method: "POST",
          headers: { "Content-Type": "application/json", Authorization: `Bearer ${gate}` },
          body: String(data),
        });
      expect((await publish(1)).status).to.equal(201);
      await stream.untilMessages(1);
      await stream.untilState("closed");
      const [close] = await stream.told<{ reason: string }>("onclose");
      expect(close?.reason).to.equal("expired");
      expect(hub.openStreams).to.equal(0);
      await publish(2);

      await logIn(url, await tokenFor({ subscribe: ["news"], client: "kiosk-7" }));
      const after = await stream.cursor();
      const again = await PageStream.open(page, { channels: "news", transport, after });
      await again.untilMessages(1);
      expect(await again.data()).to.deep.equal([2]);
      await again.close();
      await again.untilState("closed");
      expect(hub.openStreams).to.equal(0);
    });
  }

  it("hears that it has no token, and that a token does not allow what it wants", async () => {
    const { url } = await start();
    const refusalOf = async (channels: string) => {
      const stream = await PageStream.open(page, { channels });
      await stream.untilState("refused");
      const [error] = await stream.told<{ code: string }>("onerror");
      return error?.code;
    };
    expect(await refusalOf("news")).to.equal("FF_TOKEN_MISSING");
    await logIn(url, await tokenFor({ subscribe: ["news"] }));
    expect(await refusalOf("doors")).to.equal("FF_FORBIDDEN");
    expect(await refusalOf("**")).to.equal("FF_FORBIDDEN");
  });
});
