import { expect } from "chai";
import type { Config } from "../../src/settings/settings.ts";
import { type Application, startApplication, stopApplications } from "../support/application.ts";
import { closeConnections, RawConnection } from "../support/raw-http.ts";
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
import { eventually } from "../support/within.ts";

const COOKIE = { Cookie: "PHPSESSID=abc" };

describe("--authorize-url", function () {
  this.timeout(30_000);
  let application: Application;

  afterEach(async () => {
    destroyClients();
    closeConnections();
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

  describe("between callers", () => {
    const PROXY = { trustedProxies: ["127.0.0.1"] };
    const from = (address: string, Cookie = "s=1") => ({ Cookie, "X-Forwarded-For": address });
    /** A caller that asks as often as it can. */
    const flood = (url: string, count: number) =>
      Array.from({ length: count }, (_, n) =>
        poll(url, `channels=flood${n}`, from("203.0.113.1", "flood"), 25_000).then(
          ({ status }) => status,
          () => 0,
        ),
      );

    it("takes turns: who asks a lot waits behind itself, and loses its own places", async () => {
      const answers: (() => void)[] = [];
      const url = await start(
        () => new Promise((resolve) => answers.push(() => resolve({ allow: true }))),
        PROXY,
      );
      const flooding = flood(url, 1_200);
      await eventually(15_000, () => application.asked.length >= 24, "the first questions");
      const others = ["203.0.113.2", "203.0.113.3"].map((address) =>
        poll(url, "channels=a", from(address), 25_000),
      );
      await eventually(15_000, () => application.asked.length >= 26, "the others' questions");
      const early = application.asked.filter(({ address }) => address !== "203.0.113.1");
      expect([early.length, application.asked.length]).to.deep.equal([2, 26]);
      const answering = setInterval(() => {
        for (const answer of answers.splice(0)) answer();
      }, 5);
      for (const { status } of await Promise.all(others)) expect(status).to.equal(200);
      await Promise.all(flooding);
      clearInterval(answering);
    });

    it("stays asked by others, though it never answers one", async () => {
      const url = await start(
        ({ headers }) => (headers.cookie === "flood" ? undefined : { allow: true }),
        PROXY,
      );
      const flooding = flood(url, 40);
      await eventually(15_000, () => application.asked.length >= 24, "the questions that hang");
      const status = async (n: number) =>
        (await poll(url, `channels=a${n}`, from("203.0.113.2"), 3_000)).status;
      expect(await status(1), "meanwhile").to.equal(200);
      expect(new Set(await Promise.all(flooding))).to.deep.equal(new Set([503]));
      expect(await status(2), "after these have failed").to.equal(200);
      const before = application.asked.length;
      const again = await poll(url, "channels=b", from("203.0.113.1", "flood"));
      expect([again.status, application.asked.length], "soon").to.deep.equal([503, before]);
    });

    it("counts as down for all when it fails several", async () => {
      const url = await start(() => ({ allow: true }), PROXY);
      await application.stop();
      for (let n = 0; n < 5; n++) await poll(url, "channels=a", from(`203.0.113.${n % 3}`));
      application = await startApplication(
        () => ({ allow: true }),
        Number(new URL(application.url).port),
      );
      const other = await poll(url, "channels=a", from("203.0.113.9"));
      expect([other.status, application.asked.length]).to.deep.equal([503, 0]);
    });
  });

  it("is not asked for those who have left before their turn", async () => {
    const answers: (() => void)[] = [];
    const url = await start(
      () => new Promise((resolve) => answers.push(() => resolve({ allow: true }))),
    );
    const connections = Array.from({ length: 100 }, (_, n) => {
      const connection = new RawConnection(url);
      connection.socket.write(`GET /channels/c${n}/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
      return connection;
    });
    await eventually(5_000, () => application.asked.length === 24, "the first questions");
    for (const { socket } of connections) socket.destroy();
    const last = poll(url, "channels=last");
    await eventually(
      5_000,
      () => {
        for (const answer of answers.splice(0)) answer();
        return application.asked.some(({ channels }) => channels[0] === "last");
      },
      "the question of one who stays",
    );
    for (const answer of answers.splice(0)) answer();
    expect((await last).status).to.equal(200);
    expect(application.asked.length).to.be.below(50);
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

  it("lets nobody administer by a cookie", async () => {
    const url = await start(() => ({ allow: true }));
    const list = await ask(url, "GET", "/streams", { headers: { ...COOKIE, Origin: url } });
    expect([list.status, list.json.code]).to.deep.equal([403, "FF_FORBIDDEN"]);
    expect(application.asked.length).to.equal(0);
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
    let came = 0;
    for (const one of all) void one.then(() => came++);
    await eventually(15_000, () => came > 0, "a refusal");
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
