import { expect } from "chai";
import type { Config } from "../../src/settings/settings.ts";
import { type Application, startApplication, stopApplications } from "../support/application.ts";
import { ask } from "../support/request.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { bearer, createSecretFile, signToken } from "../support/tokens.ts";
import {
  destroyClients,
  NDJSON,
  openTransport,
  untilEvents,
} from "../support/transport-clients.ts";

const COOKIE = { Cookie: "PHPSESSID=abc" };

describe("--authorize-url", function () {
  this.timeout(30_000);
  let application: Application;

  afterEach(async () => {
    destroyClients();
    await stopServers();
    await stopApplications();
    removeTemporaryDirectories();
  });

  const start = async (respond: Application["respond"], overrides: Partial<Config> = {}) => {
    application = await startApplication(respond);
    const server = await startTestServer({ authorizeUrl: application.url, ...overrides });
    return server.url;
  };
  const poll = (url: string, query = "channels=doors.a", headers = {}, ms = 8_000) =>
    ask(url, "GET", `/stream?transport=poll&wait=0&${query}`, { headers, ms });
  const publish = (url: string, headers = {}) =>
    ask(url, "POST", "/channels/doors.a/messages", {
      headers: { "Content-Type": "application/json", ...headers },
      body: "1",
    });

  it("is asked with what the contract says, and decides", async () => {
    const url = await start(({ headers }) => ({ allow: headers.cookie === COOKIE.Cookie }));
    const query = "channels=doors.*,windows.a&client=panel";
    expect((await poll(url, query, COOKIE)).status).to.equal(200);
    expect(application.asked).to.deep.equal([
      {
        action: "subscribe",
        channels: ["doors.*", "windows.a"],
        client: "panel",
        address: "127.0.0.1",
        headers: { cookie: COOKIE.Cookie },
      },
    ]);
    const refused = await poll(url, query, { Authorization: "Bearer of-the-application" });
    expect([refused.status, refused.json.code]).to.deep.equal([403, "FF_FORBIDDEN"]);
    expect(application.asked[1]?.headers).to.deep.equal({
      authorization: "Bearer of-the-application",
    });
  });

  it("may name the client and the subject, and say how long", async () => {
    const url = await start(() => ({
      allow: true,
      client: "kiosk-7",
      subject: "alice",
      expiresInMs: 2_500,
    }));
    const began = Date.now();
    const client = await openTransport(NDJSON, url, "channels=doors.a&client=other", COOKIE);
    await untilEvents(client, (all) => all.at(-1)?.type === "close", "its end");
    expect(client.events.at(-1)).to.include({ reason: "expired" });
    expect(Date.now() - began).to.be.within(1_500, 4_000);
  });

  it("renews a stream by the same cookie", async () => {
    const url = await start(() => ({ allow: true, expiresInMs: 11_000, subject: "alice" }));
    const client = await openTransport(NDJSON, url, "channels=doors.a", COOKIE);
    const stream = String(client.events[0]?.["stream"]);
    const headers = { ...COOKIE, Origin: url };
    const renewed = await ask(url, "POST", `/streams/${stream}/token`, { headers });
    expect(renewed.status, renewed.text).to.equal(200);
    application.respond = () => ({ allow: true, subject: "mallory" });
    const other = { Cookie: "PHPSESSID=other", Origin: url };
    expect(
      (await ask(url, "POST", `/streams/${stream}/token`, { headers: other })).status,
    ).to.equal(404);
  });

  it("is asked once for equal requests at the same time, and again when they differ", async () => {
    const url = await start(async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return { allow: true };
    });
    await Promise.all(Array.from({ length: 50 }, () => poll(url, "channels=a", COOKIE)));
    expect(application.asked.length).to.equal(1);
    await Promise.all(
      Array.from({ length: 5 }, (_, n) => poll(url, "channels=a", { Cookie: `s=${n}` })),
    );
    expect(application.asked.length).to.equal(6);
  });

  it("is not asked again for as long as it said, and no longer; a refusal is not kept", async () => {
    let allow = true;
    const url = await start(() => ({ allow, expiresInMs: 1_000 }));
    for (let n = 0; n < 5; n++) await poll(url, "channels=a", COOKIE);
    expect(application.asked.length).to.equal(1);
    allow = false;
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect((await poll(url, "channels=a", COOKIE)).status).to.equal(403);
    expect((await poll(url, "channels=a", COOKIE)).status).to.equal(403);
    expect(application.asked.length).to.equal(3);
    allow = true;
    expect((await poll(url, "channels=a", COOKIE)).status).to.equal(200);
  });

  for (const [kind, value] of [
    ["sub", "ann"],
    ["client", "panel"],
  ]) {
    it(`is asked anew after a revocation by ${kind}: what it said before does not count`, async () => {
      application = await startApplication(() => ({ allow: true, subject: "ann" }));
      const { url, adminToken } = await startTestServer({ authorizeUrl: application.url });
      const query = "channels=doors.a&client=panel";
      const client = await openTransport(NDJSON, url, query, COOKIE);
      const { status, json } = await ask(url, "POST", "/revocations", {
        headers: { "Content-Type": "application/json", ...bearer(adminToken) },
        body: JSON.stringify({ [String(kind)]: value }),
      });
      expect([status, json.ended]).to.deep.equal([201, 1]);
      await untilEvents(client, (all) => all.at(-1)?.type === "close", "its end");
      application.respond = () => ({ allow: false });
      expect((await poll(url, query, COOKIE)).status).to.equal(403);
      application.respond = () => ({ allow: true, subject: "ann" });
      expect((await poll(url, query, COOKIE)).status, "signed in again").to.equal(200);
    });
  }

  it("that is down means 503 and not 403, soon without asking, and works again when it is back", async () => {
    const url = await start(() => ({ allow: true }));
    await application.stop();
    const { port } = new URL(application.url);
    for (let n = 0; n < 8; n++) {
      const { status, json, headers } = await poll(url, `channels=a${n}`, COOKIE);
      expect([status, json.code]).to.deep.equal([503, "FF_AUTH_UNAVAILABLE"]);
      expect(Number(headers["retry-after"])).to.be.above(0);
    }
    application = await startApplication(() => ({ allow: true }), Number(port));
    const early = await poll(url, "channels=b", COOKIE);
    expect([early.status, application.asked.length]).to.deep.equal([503, 0]);
    await new Promise((resolve) => setTimeout(resolve, 5_200));
    expect((await poll(url, "channels=b", COOKIE)).status).to.equal(200);
  });

  it("that never answers is given up after some seconds", async () => {
    const url = await start(() => undefined);
    const began = Date.now();
    const { status, json } = await poll(url, "channels=a", COOKIE);
    expect([status, json.code]).to.deep.equal([503, "FF_AUTH_UNAVAILABLE"]);
    expect(Date.now() - began).to.be.within(4_000, 7_500);
  });

  const odd: readonly (readonly [string, Application["respond"], number])[] = [
    ["403", (_, response) => void response.writeHead(403).end(), 403],
    ["401", (_, response) => void response.writeHead(401).end("sign in"), 403],
    ["404", (_, response) => void response.writeHead(404).end(), 403],
    [
      "a redirect to its login",
      (_, response) => void response.writeHead(302, { Location: "/login" }).end(),
      403,
    ],
    ["its login page", (_, response) => void response.end("<html>sign in</html>"), 403],
    ["JSON that says nothing", () => ({}), 403],
    ["a list", () => [true], 403],
    ["allow as text", () => ({ allow: "true" }), 403],
    ["a client that is none", () => ({ allow: true, client: "a\nb" }), 403],
    ["a time that is none", () => ({ allow: true, expiresInMs: "soon" }), 403],
    ["a time that is over", () => ({ allow: true, expiresInMs: 0 }), 403],
    ["500", (_, response) => void response.writeHead(500).end(), 503],
    ["429", (_, response) => void response.writeHead(429).end(), 503],
    ["an answer that breaks off", (_, response) => void response.destroy(), 503],
    [
      "an answer of 1 MB",
      (_, response) => void response.end(`{"allow":true,"x":"${"x".repeat(1e6)}"}`),
      503,
    ],
  ];
  for (const [what, respond, status] of odd) {
    it(`that answers ${what} allows nothing: ${status}`, async () => {
      const url = await start(respond);
      const answer = await poll(url, "channels=a", COOKIE);
      expect(answer.status, answer.text).to.equal(status);
    });
  }

  it("stays asked, though somebody's requests make it fail", async () => {
    const url = await start(({ headers }, response) => {
      if (headers.cookie === COOKIE.Cookie) return { allow: true };
      response.writeHead(500).end();
      return undefined;
    });
    for (let n = 0; n < 20; n++) {
      expect((await poll(url, `channels=a${n}`, { Cookie: "broken" })).status).to.equal(503);
      expect((await poll(url, `channels=a${n}`, COOKIE)).status).to.equal(200);
    }
  });

  it("is believed for what changes something only where the browser says where it comes from", async () => {
    const url = await start(() => ({ allow: true }), { jsonp: true });
    const refused = await publish(url, COOKIE);
    expect([refused.status, refused.json.code]).to.deep.equal([403, "FF_ORIGIN_REFUSED"]);
    const basic = await publish(url, { Authorization: "Basic YTpi" });
    expect(basic.status).to.equal(403);
    expect((await publish(url, { ...COOKIE, Origin: url })).status).to.equal(201);
    expect((await publish(url, bearer("of-a-program"))).status).to.equal(201);
    const script = await poll(url, "channels=a&callback=take", { ...COOKIE, Referer: `${url}/` });
    expect(script.text).to.contain("FF_ORIGIN_REFUSED");
  });

  it("leaves requests with a token to that, where the server takes tokens too", async () => {
    const file = createSecretFile();
    const url = await start(() => ({ allow: false }), { secretFile: file.path });
    const token = await signToken({ foreverframe: { publish: ["doors.*"] } }, file.secret);
    expect((await publish(url, bearer(token))).status).to.equal(201);
    expect((await publish(url, bearer("a.b.c"))).status).to.equal(401);
    expect(application.asked.length).to.equal(0);
    expect((await poll(url, "channels=doors.a", COOKIE)).status).to.equal(403);
    expect(application.asked.length).to.equal(1);
  });

  it("is asked by so many requests at once only, and the rest is told to come again", async () => {
    const answers: (() => void)[] = [];
    const url = await start(
      () => new Promise((resolve) => answers.push(() => resolve({ allow: true }))),
    );
    const all = Array.from({ length: 1_200 }, (_, n) =>
      poll(url, `channels=a${n}`, COOKIE, 25_000).then(({ status }) => status),
    );
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(application.asked.length).to.be.at.most(32);
    const answering = setInterval(() => {
      for (const answer of answers.splice(0)) answer();
    }, 5);
    const statuses = await Promise.all(all);
    clearInterval(answering);
    expect(new Set(statuses)).to.deep.equal(new Set([200, 503]));
    expect(statuses.filter((status) => status === 200).length).to.be.at.least(1_000);
  });
});
