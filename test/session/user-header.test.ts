import { expect } from "chai";
import { startServer } from "../../src/server.ts";
import { defaultConfig } from "../../src/settings/config.ts";
import type { Config } from "../../src/settings/settings.ts";
import { startApplication, stopApplications } from "../support/application.ts";
import { ask } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

describe("--user-header", () => {
  afterEach(async () => {
    await stopServers();
    await stopApplications();
  });

  const start = async (overrides: Partial<Config> = {}) =>
    (
      await startTestServer({
        userHeader: "X-Remote-User",
        trustedProxies: ["127.0.0.1"],
        ...overrides,
      })
    ).url;
  const poll = (url: string, headers: Record<string, string | string[]> = {}, query = "") =>
    ask(url, "GET", `/stream?transport=poll&wait=0&channels=doors.a${query}`, { headers });
  const ALICE = { "X-Remote-User": "alice" };

  it("lets those read whom a trusted proxy has signed in, and nobody else", async () => {
    const url = await start();
    expect((await poll(url, ALICE)).status).to.equal(200);
    expect((await poll(url, { "x-remote-user": "CN=Müller, O=Ward 3" })).status).to.equal(200);
    for (const headers of [{}, { "X-Remote-User": "" }, { "X-Remote-Users": "alice" }]) {
      const { status, json } = await poll(url, headers);
      expect([status, json.code]).to.deep.equal([401, "FF_TOKEN_MISSING"]);
    }
  });

  it("is not believed from elsewhere", async () => {
    const url = await start({ trustedProxies: ["10.0.0.1"] });
    expect((await poll(url, ALICE)).status).to.equal(401);
  });

  it("is refused twice, since one may be the client's own", async () => {
    const url = await start();
    const { status, json } = await poll(url, { "X-Remote-User": ["mallory", "alice"] });
    expect([status, json.code]).to.deep.equal([400, "FF_REQUEST_INVALID"]);
  });

  it("lets nobody publish or administer, and changes nothing without a source", async () => {
    const url = await start();
    const publish = (headers: object) =>
      ask(url, "POST", "/channels/doors.a/messages", {
        headers: { "Content-Type": "application/json", ...ALICE, ...headers },
        body: "1",
      });
    expect((await publish({})).json.code).to.equal("FF_ORIGIN_REFUSED");
    expect((await publish({ Origin: url })).json.code).to.equal("FF_FORBIDDEN");
    const list = await ask(url, "GET", "/streams", { headers: ALICE });
    expect(list.status).to.equal(403);
  });

  it("owns the streams of its user", async () => {
    const url = await start();
    const { json } = await poll(url, ALICE);
    const close = async (user: string) =>
      (
        await ask(url, "POST", `/streams/${json.stream}/close`, {
          headers: { "X-Remote-User": user, Origin: url },
        })
      ).status;
    expect(await close("bob")).to.equal(404);
    expect(await close("alice")).to.equal(200);
  });

  it("is told to the application, where that decides", async () => {
    const application = await startApplication(({ user }) => ({ allow: user === "alice" }));
    const url = await start({ authorizeUrl: application.url });
    expect((await poll(url, ALICE)).status).to.equal(200);
    expect((await poll(url, { "X-Remote-User": "bob" })).status).to.equal(403);
    expect((await poll(url)).status).to.equal(403);
    expect(application.asked.map(({ user }) => user)).to.deep.equal(["alice", "bob", undefined]);
  });

  for (const [what, settings, sentence] of [
    ["without a proxy", { userHeader: "X-Remote-User" }, /--trusted-proxies/],
    ["that is no name", { userHeader: "a b", trustedProxies: ["::1"] }, /name of a header/],
    ["beside --open", { userHeader: "X-U", trustedProxies: ["::1"], open: true }, /leave it out/],
    ["with a URL that is none", { authorizeUrl: "authorize.php" }, /give a URL/],
    ["with a password in the URL", { authorizeUrl: "http://a:b@127.0.0.1/" }, /password/],
  ] as const) {
    it(`stops the start ${what}`, async () => {
      const error = await (async () =>
        startServer(defaultConfig({ port: 0, memory: true, ...settings }), {} as never))().then(
        () => null,
        (fault: unknown) => fault,
      );
      expect(error).to.have.property("code", "FF_CONFIG_INVALID");
      expect(String(error)).to.match(sentence);
    });
  }
});
