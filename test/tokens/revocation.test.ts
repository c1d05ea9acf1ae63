import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import type { JWTHeaderParameters } from "jose";
import { ask } from "../support/request.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import {
  bearer,
  createKeyPair,
  createSecretFile,
  type SecretFile,
  signToken,
} from "../support/tokens.ts";
import {
  destroyClients,
  FRAME,
  NDJSON,
  openTransport,
  POLL,
  SSE,
  untilEvents,
  WEBSOCKET,
} from "../support/transport-clients.ts";
import { eventually } from "../support/within.ts";

const ADMIN = "a-token-for-tests-of-admins";
const RIGHTS = { subscribe: ["doors.**"], publish: ["doors.**"], client: "kiosk-7" };
const seconds = (from = 0) => Math.floor(Date.now() / 1_000) + from;

describe("a revocation", function () {
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

  const start = async () =>
    (await startTestServer({ secretFile: file.path, adminToken: ADMIN })).url;
  const tokenFor = (claims: object = {}) =>
    signToken(
      { sub: "alice", jti: "one", iat: seconds(-10), foreverframe: RIGHTS, ...claims },
      file.secret,
    );
  const poll = async (url: string, token: string) =>
    ask(url, "GET", "/stream?transport=poll&wait=0&channels=doors.a", { headers: bearer(token) });
  const revoke = (url: string, body: unknown, token = ADMIN) =>
    ask(url, "POST", "/revocations", {
      headers: { "Content-Type": "application/json", ...bearer(token) },
      body: JSON.stringify(body),
    });

  for (const fixture of [FRAME, NDJSON, POLL, SSE, WEBSOCKET]) {
    it(`ends the streams that it is about with "expired", by ${fixture.name}`, async () => {
      const url = await start();
      const other = bearer(await tokenFor({ sub: "bob", jti: "two" }));
      const stays = await openTransport(fixture, url, "channels=doors.a", other);
      const client = await openTransport(
        fixture,
        url,
        "channels=doors.a",
        bearer(await tokenFor()),
      );
      const { status, json } = await revoke(url, { sub: "alice" });
      expect(status).to.equal(201);
      expect(json).to.deep.include({ sub: "alice", ended: 1 });
      await untilEvents(client, (all) => all.at(-1)?.type === "close", "its end");
      expect(client.events.at(-1)).to.include({ reason: "expired" });
      expect(stays.ended).to.equal(false);
    });
  }

  it("refuses older tokens, by sub, jti and client, and takes newer ones", async () => {
    const url = await start();
    for (const [kind, value] of [
      ["sub", "alice"],
      ["jti", "one"],
      ["client", "kiosk-7"],
    ] as const) {
      const rights = { subscribe: ["doors.**"], ...(kind === "client" ? { client: value } : {}) };
      const names = kind === "client" ? {} : { [kind]: value };
      const sign = (claims: object) =>
        signToken({ foreverframe: rights, ...names, ...claims }, file.secret);
      const [old, dateless, young] = [
        await sign({ iat: seconds(-20) }),
        await sign({ iat: undefined }),
        await sign({ iat: seconds(-5) }),
      ];
      for (const token of [old, dateless, young])
        expect((await poll(url, token)).status, kind).to.equal(200);
      await revoke(url, { [kind]: value, before: Date.now() - 10_000 });
      for (const token of [old, dateless]) {
        const { status, json } = await poll(url, token);
        expect([status, json.code], kind).to.deep.equal([401, "FF_TOKEN_INVALID"]);
      }
      expect((await poll(url, young)).status, kind).to.equal(200);
      // An earlier time after that takes nothing back that is revoked already.
      await revoke(url, { [kind]: value, before: Date.now() - 60_000 });
      expect((await poll(url, old)).status, kind).to.equal(401);
    }
  });

  it("refuses also what tokens were exchanged for: tickets, and the renewal of streams", async () => {
    const url = await start();
    const token = await tokenFor();
    const ticket = await ask(url, "POST", "/tickets", {
      headers: { "Content-Type": "application/json", ...bearer(token) },
      body: '{"channels":"doors.a"}',
    });
    await revoke(url, { jti: "one" });
    const query = `/stream?transport=poll&wait=0&channels=doors.a&ticket=${ticket.json.ticket}`;
    const used = await ask(url, "GET", query);
    expect([used.status, used.json.code]).to.deep.equal([401, "FF_TICKET_INVALID"]);
  });

  it("is for admins, and says what is wrong with it", async () => {
    const url = await start();
    expect((await revoke(url, { sub: "alice" }, await tokenFor())).status).to.equal(403);
    expect((await revoke(url, { sub: "alice" }, "wrong")).status).to.equal(401);
    const admin = await tokenFor({ foreverframe: { admin: true } });
    expect((await revoke(url, { sub: "somebody" }, admin)).status).to.equal(201);
    for (const body of [
      {},
      [],
      1,
      { sub: "" },
      { sub: 1 },
      { sub: "a", jti: "b" },
      { sub: "x".repeat(129) },
      { sub: "a\nb" },
      { sub: "alice", before: "now" },
      { sub: "alice", before: -1 },
      { sub: "alice", before: Date.now() + 3_600_000 },
      { sub: "alice", until: "never" },
    ]) {
      const { status, json } = await revoke(url, body);
      expect([status, json.code], JSON.stringify(body)).to.deep.equal([400, "FF_BODY_INVALID"]);
    }
    expect((await poll(url, await tokenFor())).status).to.equal(200);
  });

  it("holds for all workers, and after a restart", async () => {
    const data = createTemporaryDirectory();
    const args = ["--data", data, "--secret-file", file.path, "--admin-token", ADMIN];
    const first = await startServeProcess(["--workers", "3", ...args]);
    const token = await tokenFor();
    const clients = [];
    for (let n = 0; n < 8; n++)
      clients.push(await openTransport(NDJSON, first.url, "channels=doors.a", bearer(token)));
    const { json } = await revoke(first.url, { sub: "alice" });
    expect(json.ended).to.equal(8);
    for (const client of clients)
      await untilEvents(client, (all) => all.at(-1)?.["reason"] === "expired", "its end");
    for (let n = 0; n < 12; n++) expect((await poll(first.url, token)).status).to.equal(401);
    first.process.kill("SIGKILL");
    await first.process.outcome;
    const second = await startServeProcess(args);
    expect((await poll(second.url, token)).status).to.equal(401);
    const newer = await tokenFor({ iat: seconds(1) });
    expect((await poll(second.url, newer)).status).to.equal(200);
  });

  it("counts what it ends, also where a worker finds it before it is told", async () => {
    const { url } = await startServeProcess([
      ...["--workers", "2", "--data", createTemporaryDirectory()],
      ...["--secret-file", file.path, "--admin-token", ADMIN],
      ...["--heartbeat-ms", "50"], // so that all look for revocations every 3 ms
    ]);
    for (let n = 0; n < 15; n++) {
      const token = await tokenFor({ sub: `somebody-${n}` });
      const open = () => openTransport(NDJSON, url, "channels=doors.a", bearer(token));
      await Promise.all([open(), open(), open()]);
      expect((await revoke(url, { sub: `somebody-${n}` })).json).to.include({ ended: 3 });
    }
  });

  it("ends also a stream that is just being opened", async () => {
    const url = await start();
    const tokens = await Promise.all(
      Array.from({ length: 40 }, (_, n) => tokenFor({ jti: `racing-${n}` })),
    );
    const opening = tokens.map((token) =>
      openTransport(NDJSON, url, "channels=doors.a", bearer(token)).catch(() => null),
    );
    await revoke(url, { sub: "alice" });
    await Promise.all(opening);
    const total = async () =>
      (await ask(url, "GET", "/streams", { headers: bearer(ADMIN) })).json.total;
    await eventually(3_000, async () => (await total()) === 0, "the end of all");
  });
});

describe("a key that is removed", function () {
  this.timeout(30_000);

  afterEach(async () => {
    destroyClients();
    await stopServers();
    removeTemporaryDirectories();
  });

  it("ends the streams of its tokens, with and without a kid", async () => {
    const [one, two] = [await createKeyPair("ES256", "one"), await createKeyPair("EdDSA", "two")];
    const jwks = join(createTemporaryDirectory(), "jwks.json");
    const write = (...keys: readonly unknown[]) => writeFileSync(jwks, JSON.stringify({ keys }));
    write(one.jwk, two.jwk);
    const issuer = "https://login.example";
    const { url } = await startTestServer({ jwks, issuer, audience: "push" });
    const sign = ({ key }: typeof one, header: JWTHeaderParameters) =>
      signToken({ foreverframe: { subscribe: ["**"] }, iss: issuer, aud: "push" }, key, header);
    const open = async (token: string) =>
      openTransport(NDJSON, url, "channels=doors.a", bearer(token));
    const tokens = [
      await sign(one, { alg: "ES256", kid: "one" }),
      await sign(one, { alg: "ES256" }),
    ];
    const gone = await Promise.all(tokens.map(open));
    const stays = await open(await sign(two, { alg: "EdDSA", kid: "two" }));
    write(two.jwk);
    for (const client of gone) {
      const isOver = () => client.events.at(-1)?.["reason"] === "expired";
      await eventually(15_000, isOver, "the end of its stream");
    }
    expect(stays.ended).to.equal(false);
    const path = "/stream?transport=poll&wait=0&channels=doors.a";
    for (const token of tokens)
      expect((await ask(url, "GET", path, { headers: bearer(token) })).status).to.equal(401);
  });
});
