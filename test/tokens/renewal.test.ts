import { expect } from "chai";
import { newMessage } from "../support/messages.ts";
import { RawConnection } from "../support/raw-http.ts";
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
  SSE,
  type TransportClient,
  type TransportFixture,
  untilEvents,
  WEBSOCKET,
} from "../support/transport-clients.ts";
import { eventually } from "../support/within.ts";

const RIGHTS = { subscribe: ["doors.**"], publish: ["doors.**"], client: "kiosk-7" };
const inSeconds = (s: number) => Math.floor(Date.now() / 1_000) + s;

describe("a token that ends", function () {
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
  const tokenFor = (claims: object = {}, rights: object = RIGHTS) =>
    signToken({ sub: "alice", foreverframe: rights, ...claims }, file.secret);
  const streamOf = ({ events }: TransportClient) => String(events[0]?.["stream"]);
  const renew = (url: string, stream: string, headers: Record<string, string>) =>
    ask(url, "POST", `/streams/${stream}/token`, { headers });

  it("is announced before, and renewed without a cut, by every transport", async () => {
    const url = await start();
    const headers = bearer(await tokenFor({ exp: inSeconds(4) }));
    const renewOne = async (fixture: TransportFixture) => {
      const client = await openTransport(fixture, url, "channels=doors.a", headers);
      await untilEvents(client, (all) => all.at(-1)?.type === "expiring", "the notice");
      expect(client.events.at(-1)?.["inMs"]).to.be.within(500, 2_600);
      const answer = await renew(url, streamOf(client), bearer(await tokenFor()));
      expect([answer.status, answer.json.stream]).to.deep.equal([200, streamOf(client)]);
      expect(answer.json.expiresInMs).to.be.within(3_500_000, 3_600_000);
      return client;
    };
    const clients = await Promise.all([FRAME, NDJSON, SSE, WEBSOCKET].map(renewOne));
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await ask(url, "POST", "/channels/doors.a/messages", {
      headers: { "Content-Type": "application/json", ...bearer(await tokenFor()) },
      body: "1",
    });
    for (const client of clients) {
      expect(client.ended).to.equal(false);
      await untilEvents(client, (all) => all.at(-1)?.type === "message", "a message after it");
    }
  });

  it("is announced a minute before, where it lasts for longer", async () => {
    const url = await start();
    const headers = bearer(await tokenFor({ exp: inSeconds(63) }));
    const client = await openTransport(NDJSON, url, "channels=doors.a", headers);
    await untilEvents(client, (all) => all.at(-1)?.type === "expiring", "the notice");
    expect(client.events.at(-1)?.["inMs"]).to.be.within(58_000, 60_200);
  });

  it("is renewed by a cookie, where the browser says where it comes from", async () => {
    const url = await start();
    const headers = { Cookie: `foreverframe_token=${await tokenFor()}` };
    const client = await openTransport(NDJSON, url, "channels=doors.a", headers);
    const refused = await renew(url, streamOf(client), headers);
    expect([refused.status, refused.json.code]).to.deep.equal([403, "FF_ORIGIN_REFUSED"]);
    const answer = await renew(url, streamOf(client), { ...headers, Origin: url });
    expect(answer.status).to.equal(200);
  });

  it("is not renewed by one of somebody else, by one that allows less, or by a wrong one", async () => {
    const url = await start();
    const exp = inSeconds(5);
    const headers = bearer(await tokenFor({ exp }));
    const client = await openTransport(NDJSON, url, "channels=doors.**", headers);
    const refusals: readonly (readonly [string, number, string])[] = [
      [await tokenFor({ sub: "mallory" }), 404, "FF_STREAM_UNKNOWN"],
      [await tokenFor({ sub: undefined }), 404, "FF_STREAM_UNKNOWN"],
      [await tokenFor({ sub: "mallory" }, { subscribe: ["a"] }), 404, "FF_STREAM_UNKNOWN"],
      [await tokenFor({}, { ...RIGHTS, client: "kiosk-8" }), 404, "FF_STREAM_UNKNOWN"],
      [await tokenFor({}, { ...RIGHTS, subscribe: ["doors.*"] }), 403, "FF_FORBIDDEN"],
      [await tokenFor({ exp: inSeconds(-5) }), 401, "FF_TOKEN_EXPIRED"],
      ["a.b.c", 401, "FF_TOKEN_INVALID"],
    ];
    for (const [token, status, code] of refusals) {
      const answer = await renew(url, streamOf(client), bearer(token));
      expect([answer.status, answer.json.code]).to.deep.equal([status, code]);
    }
    for (const stream of [streamOf(client), "n1.unknown"])
      expect((await renew(url, stream, {})).json.code).to.equal("FF_TOKEN_MISSING");
    const unknown = await renew(url, "n1.unknown", bearer(await tokenFor()));
    expect([unknown.status, unknown.json.code]).to.deep.equal([404, "FF_STREAM_UNKNOWN"]);
    await untilEvents(client, (all) => all.at(-1)?.type === "close", "its end");
    expect(client.events.at(-1)).to.include({ reason: "expired" });
    expect(Date.now() - exp * 1_000, "ms late").to.be.within(-1_100, 1_000);
  });

  it("ends a stream whose client reads nothing, at the same second", async () => {
    const { url, adminToken, log } = await startTestServer({
      secretFile: file.path,
      stallMs: 60_000,
    });
    const exp = inSeconds(4);
    const headers = bearer(await tokenFor({ exp }));
    const client = await openTransport(NDJSON, url, "channels=doors.a", headers);
    client.stall();
    // All at once: a hundred requests take longer than the token where the machine is busy.
    const large = newMessage("doors.a", JSON.stringify("x".repeat(60_000)));
    await log.append({ messages: Array.from({ length: 100 }, () => large) });
    const total = async () =>
      (await ask(url, "GET", "/streams", { headers: bearer(adminToken) })).json.total;
    expect(await total()).to.equal(1);
    await eventually(6_000, async () => (await total()) === 0, "the end of the stalled stream");
    expect(Date.now() - exp * 1_000, "ms late").to.be.within(-1_100, 1_000);
  });

  it("takes one that ends in ten years, beyond what a timer can wait", async () => {
    const url = await start();
    const headers = bearer(await tokenFor({ exp: inSeconds(315_360_000) }));
    const client = await openTransport(NDJSON, url, "channels=doors.a", headers);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(client.events.map(({ type }) => type)).to.deep.equal(["open"]);
    expect(client.ended).to.equal(false);
  });

  it("is renewed on any worker", async () => {
    const { url } = await startServeProcess([
      ...["--workers", "3", "--data", createTemporaryDirectory(), "--secret-file", file.path],
    ]);
    const headers = bearer(await tokenFor({ exp: inSeconds(5) }));
    const client = await openTransport(NDJSON, url, "channels=doors.a", headers);
    const answers = await Promise.all(
      Array.from({ length: 6 }, async () => renew(url, streamOf(client), bearer(await tokenFor()))),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(6).fill(200));
    await new Promise((resolve) => setTimeout(resolve, 5_500));
    expect(client.ended).to.equal(false);
    expect(client.events.map(({ type }) => type)).to.not.include("close");
  });

  it("keeps no stream open that its client left half way through a renewal", async () => {
    const { url, adminToken } = await startTestServer({ secretFile: file.path });
    const client = await openTransport(
      NDJSON,
      url,
      "channels=doors.a",
      bearer(await tokenFor({ exp: inSeconds(30) })),
    );
    const connection = new RawConnection(url);
    connection.send(
      `POST /streams/${streamOf(client)}/token HTTP/1.1`,
      `Host: ${new URL(url).host}`,
      `Authorization: Bearer ${await tokenFor()}`,
      "Content-Length: 0",
    );
    connection.destroy();
    client.destroy();
    await eventually(
      5_000,
      async () =>
        (await ask(url, "GET", "/streams", { headers: bearer(adminToken) })).json.total === 0,
      "no stream",
    );
  });
});
