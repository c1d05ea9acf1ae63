import { expect } from "chai";
import { ask } from "../support/request.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { bearer, createSecretFile, type SecretFile, signToken } from "../support/tokens.ts";
import {
  destroyClients,
  FRAME,
  NDJSON,
  openTransport,
  POLL,
  untilEvents,
  WEBSOCKET,
} from "../support/transport-clients.ts";

const RIGHTS = { subscribe: ["doors.**"], client: "kiosk-7" };

describe("tickets", function () {
  this.timeout(30_000);
  let file: SecretFile;

  beforeEach(() => {
    file = createSecretFile();
  });
  afterEach(async () => {
    destroyClients();
    await stopServers();
    killProcesses();
    removeTemporaryDirectories();
  });

  const start = async () => (await startTestServer({ secretFile: file.path })).url;
  const tokenFor = (claims: object = {}) =>
    signToken({ foreverframe: RIGHTS, ...claims }, file.secret);
  const post = (url: string, token: string, channels: unknown = "doors.**") =>
    ask(url, "POST", "/tickets", {
      headers: { "Content-Type": "application/json", ...bearer(token) },
      body: JSON.stringify({ channels }),
    });
  const ticketOf = async (url: string, token: string, channels = "doors.**"): Promise<string> =>
    (await post(url, token, channels)).json.ticket;
  const poll = (url: string, query: string, headers = {}) =>
    ask(url, "GET", `/stream?transport=poll&wait=0&${query}`, { headers });

  for (const fixture of [FRAME, NDJSON, POLL, WEBSOCKET]) {
    it(`open one stream without a token, by ${fixture.name}, under the client of the token`, async () => {
      const { url, adminToken } = await startTestServer({ secretFile: file.path });
      const ticket = await ticketOf(url, await tokenFor());
      const query = `channels=doors.north&ticket=${ticket}`;
      await openTransport(fixture, url, query);
      const { json } = await ask(url, "GET", "/streams", { headers: bearer(adminToken) });
      expect(json.streams[0]).to.include({ client: "kiosk-7", transport: fixture.transport });
      const again = await poll(url, query);
      expect(again.headers["www-authenticate"]).to.equal('Bearer error="invalid_token"');
      expect([again.status, again.json.code]).to.deep.equal([401, "FF_TICKET_INVALID"]);
    });
  }

  it("say how long they are good, and are never the same", async () => {
    const url = await start();
    const token = await tokenFor();
    const { status, json } = await post(url, token);
    expect(status).to.equal(201);
    expect(json).to.have.all.keys("ticket", "expiresMs");
    expect(json.expiresMs).to.equal(30_000);
    const all = await Promise.all(Array.from({ length: 100 }, () => ticketOf(url, token)));
    expect(new Set(all).size).to.equal(100);
  });

  it("allow what they were issued for: these selectors, this client, and nothing but a stream", async () => {
    const url = await start();
    const token = await tokenFor();
    const status = async (query: string, channels = "doors.*") =>
      (await poll(url, `${query}&ticket=${await ticketOf(url, token, channels)}`)).status;
    expect(await status("channels=doors.a")).to.equal(200);
    expect(await status("channels=doors.**")).to.equal(403);
    expect(await status("channels=windows.a")).to.equal(403);
    expect(await status("channels=doors.a&client=kiosk-7")).to.equal(200);
    expect(await status("channels=doors.a&client=kiosk-8")).to.equal(403);
    const ticket = await ticketOf(url, token);
    const publish = await ask(url, "POST", `/channels/doors.a/messages?ticket=${ticket}`, {
      headers: { "Content-Type": "application/json" },
      body: "1",
    });
    expect([publish.status, publish.json.code]).to.deep.equal([401, "FF_TOKEN_MISSING"]);
    const refused = await post(url, token, "windows.**");
    expect([refused.status, refused.json.code]).to.deep.equal([403, "FF_FORBIDDEN"]);
  });

  it("of a token that names no client name none either, and take over nobody's streams", async () => {
    const url = await start();
    const nameless = await tokenFor({ foreverframe: { subscribe: ["doors.lobby"] } });
    const owner = await openTransport(NDJSON, url, "channels=doors.*", bearer(await tokenFor()));
    const byTicket = async (query: string) =>
      poll(
        url,
        `channels=doors.lobby&ticket=${await ticketOf(url, nameless, "doors.lobby")}${query}`,
      );
    expect((await byTicket("&client=kiosk-7")).status).to.equal(403);
    const own = await byTicket("");
    expect(own.status).to.equal(200);
    const { status } = await byTicket(`&client=kiosk-7&takeover=1&earlier=${own.json.stream}`);
    expect([status, owner.events.at(-1)?.type]).to.deep.equal([403, "open"]);
  });

  it("end with the token that they were issued for", async () => {
    const url = await start();
    const exp = Math.floor(Date.now() / 1_000) + 3;
    const ticket = await ticketOf(url, await tokenFor({ exp }));
    const client = await openTransport(NDJSON, url, `channels=doors.a&ticket=${ticket}`);
    await untilEvents(client, (events) => events.at(-1)?.type === "close", "its end");
    expect(client.events.at(-1)).to.include({ reason: "expired" });
    expect(Date.now() - exp * 1_000, "ms late").to.be.within(-1_100, 500);
  });

  it("are refused beside a token, which may be another's", async () => {
    const url = await start();
    const token = await tokenFor();
    for (const headers of [bearer(token), { Cookie: `foreverframe_token=${token}` }]) {
      const query = `channels=doors.a&ticket=${await ticketOf(url, token)}`;
      const { status, json } = await poll(url, query, headers);
      expect([status, json.code]).to.deep.equal([400, "FF_REQUEST_INVALID"]);
    }
  });

  it("are refused for what is none, whatever it looks like", async () => {
    const url = await start();
    for (const ticket of [
      "x",
      "a".repeat(32),
      "%00",
      "..%2f..",
      "a".repeat(5_000),
      "%F0%9F%98%80",
    ]) {
      const { status, json } = await poll(url, `channels=doors.a&ticket=${ticket}`);
      expect([status, json.code], ticket.slice(0, 20)).to.deep.equal([401, "FF_TICKET_INVALID"]);
    }
    const twice = await poll(url, "channels=doors.a&ticket=a&ticket=b");
    expect(twice.status).to.equal(400);
  });

  it("need a token, and a body that says what for", async () => {
    const url = await start();
    const headers = { "Content-Type": "application/json" };
    const body = '{"channels":"doors.a"}';
    const missing = await ask(url, "POST", "/tickets", { headers, body });
    expect([missing.status, missing.json.code]).to.deep.equal([401, "FF_TOKEN_MISSING"]);
    const token = await tokenFor();
    for (const channels of [{}, 1, ["doors.a"], "", "a..b", null]) {
      const { status, json } = await post(url, token, channels);
      expect(status, String(channels)).to.equal(400);
      expect(json.code).to.be.oneOf(["FF_BODY_INVALID", "FF_SELECTOR_INVALID"]);
    }
  });

  it("that wait to be used have a limit for one holder, which others do not feel", async () => {
    const url = await start();
    const [greedy, modest] = [await tokenFor({ sub: "greedy" }), await tokenFor({ sub: "modest" })];
    const statuses: number[] = [];
    for (let n = 0; n < 1_010; n += 10) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => post(url, greedy)));
      statuses.push(...answers.map(({ status }) => status));
    }
    expect(statuses.filter((status) => status === 201).length).to.equal(1_000);
    const { status, json } = await post(url, greedy);
    expect([status, json.code]).to.deep.equal([429, "FF_TICKETS_TOO_MANY"]);
    expect((await post(url, modest)).status).to.equal(201);
  });

  it("are good once among all workers, whichever issued them", async () => {
    const { url } = await startServeProcess([
      ...["--workers", "3", "--data", createTemporaryDirectory()],
      ...["--secret-file", file.path, "--admin-token", "a-token-for-tests"],
    ]);
    const token = await tokenFor();
    for (let round = 0; round < 5; round++) {
      const ticket = await ticketOf(url, token);
      const query = `channels=doors.a&ticket=${ticket}`;
      const answers = await Promise.all(Array.from({ length: 12 }, () => poll(url, query)));
      const good = answers.filter(({ status }) => status === 200);
      expect(good.length, `round ${round}`).to.equal(1);
      expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200, 401]));
    }
    for (let n = 0; n < 12; n++) {
      const query = `channels=doors.a&ticket=${await ticketOf(url, token)}`;
      expect((await poll(url, query)).status, `ticket ${n}`).to.equal(200);
    }
  });
});
