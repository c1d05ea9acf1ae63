import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { UnsecuredJWT } from "jose";
import { pino } from "pino";
import type { RunningServer } from "../../src/server.ts";
import { startServer } from "../../src/server.ts";
import { defaultConfig } from "../../src/settings/config.ts";
import type { Config } from "../../src/settings/settings.ts";
import { ask } from "../support/request.ts";
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

const now = () => Math.floor(Date.now() / 1_000);
const RIGHTS = { subscribe: ["doors.**"], publish: ["doors.*"], client: "kiosk-7" };

describe("tokens", function () {
  this.timeout(20_000);
  let file: SecretFile;

  beforeEach(() => {
    file = createSecretFile();
  });
  afterEach(async () => {
    destroyClients();
    await stopServers();
    removeTemporaryDirectories();
  });

  const start = (overrides: Partial<Config> = {}) =>
    startTestServer({ secretFile: file.path, ...overrides });
  const tokenFor = (rights: object, claims: object = {}) =>
    signToken({ foreverframe: rights, ...claims }, file.secret);
  const poll = (url: string, channels: string, headers = {}) =>
    ask(url, "GET", `/stream?transport=poll&wait=0&channels=${channels}`, { headers });
  const publish = (url: string, channel: string, headers = {}) =>
    ask(url, "POST", `/channels/${channel}/messages`, {
      headers: { "Content-Type": "application/json", ...headers },
      body: "1",
    });

  describe("decide", () => {
    it("what may be subscribed to: what a granted selector covers, and nothing else", async () => {
      const { url } = await start();
      const token = await tokenFor(RIGHTS);
      for (const channels of ["doors.north", "doors.*", "doors.**", "doors.a,doors.b"])
        expect((await poll(url, channels, bearer(token))).status, channels).to.equal(200);
      for (const channels of ["doors", "**", "*", "*.north", "windows.a", "doors.a,windows.a"]) {
        const refused = await poll(url, channels, bearer(token));
        expect([refused.status, refused.json.code], channels).to.deep.equal([403, "FF_FORBIDDEN"]);
        expect(refused.headers["www-authenticate"]).to.equal('Bearer error="insufficient_scope"');
      }
      const read = async (channel: string) =>
        (await ask(url, "GET", `/channels/${channel}/messages`, { headers: bearer(token) })).status;
      expect([await read("doors.north"), await read("windows")]).to.deep.equal([200, 403]);
    });

    it("what may be published to, also in one request to many channels", async () => {
      const { url } = await start();
      const headers = bearer(await tokenFor(RIGHTS));
      expect((await publish(url, "doors.north", headers)).status).to.equal(201);
      expect((await publish(url, "doors.north.1", headers)).status).to.equal(403);
      const spread = (channels: readonly string[]) =>
        ask(url, "POST", "/messages", {
          headers: { "Content-Type": "application/json", ...headers },
          body: JSON.stringify({ channels, data: 1 }),
        });
      expect((await spread(["doors.a", "doors.b"])).status).to.equal(201);
      expect((await spread(["doors.a", "windows.b"])).status).to.equal(403);
      const subscriber = await tokenFor({ subscribe: ["doors.**"] });
      expect((await publish(url, "doors.north", bearer(subscriber))).status).to.equal(403);
    });

    it("what a client is called: a token names it, and a request can't take another name", async () => {
      const { url, adminToken } = await start();
      const headers = bearer(await tokenFor(RIGHTS));
      expect((await poll(url, "doors.a", headers)).status).to.equal(200);
      expect((await poll(url, "doors.a&client=kiosk-7", headers)).status).to.equal(200);
      expect((await poll(url, "doors.a&client=kiosk-8", headers)).status).to.equal(403);
      const nameless = bearer(await tokenFor({ subscribe: ["**"] }));
      expect((await poll(url, "doors.a&client=kiosk-7", nameless)).status).to.equal(403);
      const { json } = await ask(url, "GET", "/streams", { headers: bearer(adminToken) });
      expect(json.streams.map((one: { client: string }) => one.client)).to.deep.equal([
        "kiosk-7",
        "kiosk-7",
      ]);
    });

    it("whose streams may be closed by id", async () => {
      const { url } = await start();
      const headers = bearer(await tokenFor(RIGHTS));
      const close = async (stream: string, token: object) =>
        (
          await ask(url, "POST", `/streams/${stream}/close`, {
            headers: bearer(await tokenFor(token)),
          })
        ).status;
      const { json } = await poll(url, "doors.a", headers);
      expect(await close(json.stream, { client: "kiosk-8" })).to.equal(404);
      expect(await close(json.stream, { client: "kiosk-7" })).to.equal(200);
      const second = await poll(url, "doors.a", headers);
      expect(await close(second.json.stream, { admin: true })).to.equal(200);
    });

    it("who is an admin, by the header and never by a cookie", async () => {
      const { url, adminToken } = await start();
      const admin = await tokenFor({ admin: true });
      const status = async (headers: Record<string, string>) =>
        (await ask(url, "GET", "/streams", { headers })).status;
      expect(await status(bearer(admin))).to.equal(200);
      expect(await status(bearer(adminToken))).to.equal(200);
      expect(await status({ Cookie: `foreverframe_token=${admin}`, Origin: url })).to.equal(403);
      expect(await status(bearer(await tokenFor(RIGHTS)))).to.equal(403);
      expect(await status({})).to.equal(401);
      expect(await status(bearer("a.wrong.token"))).to.equal(401);
    });
  });

  describe("that come in a cookie", () => {
    it("are taken under each of its names, beside other cookies and beside Basic", async () => {
      const { url } = await start();
      const token = await tokenFor(RIGHTS);
      for (const name of [
        "foreverframe_token",
        "__Host-foreverframe_token",
        "__Secure-foreverframe_token",
      ]) {
        const headers = { Cookie: `a=b; ${name}=${token}; c=d`, Authorization: "Basic YTpi" };
        expect((await poll(url, "doors.a", headers)).status, name).to.equal(200);
      }
    });

    it("are refused twice, or beside one in the header", async () => {
      const { url } = await start();
      const token = await tokenFor(RIGHTS);
      for (const headers of [
        { Cookie: `foreverframe_token=${token}; foreverframe_token=${token}` },
        { Cookie: `foreverframe_token=${token}; __Host-foreverframe_token=x` },
        { Cookie: `foreverframe_token=${token}`, ...bearer(token) },
      ]) {
        const { status, json } = await poll(url, "doors.a", headers);
        expect([status, json.code]).to.deep.equal([400, "FF_REQUEST_INVALID"]);
      }
    });

    it("change nothing without a word about where the request comes from, and make no script", async () => {
      const { url } = await start({ jsonp: true });
      const cookie = { Cookie: `foreverframe_token=${await tokenFor(RIGHTS)}` };
      const refused = await publish(url, "doors.a", cookie);
      expect([refused.status, refused.json.code]).to.deep.equal([403, "FF_ORIGIN_REFUSED"]);
      expect((await publish(url, "doors.a", { ...cookie, Origin: url })).status).to.equal(201);
      const script = await poll(url, "doors.a&callback=take", { ...cookie, Referer: `${url}/` });
      expect(script.text).to.contain("FF_ORIGIN_REFUSED");
      expect((await poll(url, "doors.a", cookie)).status).to.equal(200);
    });
  });

  describe("that are wrong", () => {
    const wrong: Readonly<Record<string, (key: Uint8Array) => Promise<string> | string>> = {
      "no token at all": () => "x",
      "three dots": () => "..",
      "one that is signed by another key": () =>
        signToken({ foreverframe: RIGHTS }, new Uint8Array(32)),
      "one without a signature": () =>
        new UnsecuredJWT({ foreverframe: RIGHTS }).setExpirationTime("1h").encode(),
      "one by another algorithm": (key) =>
        signToken({ foreverframe: RIGHTS }, Buffer.concat([key, key]), { alg: "HS512" }),
      "one with a critical header": (key) =>
        signToken({ foreverframe: RIGHTS }, key, { alg: "HS256", crit: ["b64"], b64: true }),
      "one with a jku": (key) =>
        signToken({ foreverframe: RIGHTS }, key, { alg: "HS256", jku: "http://127.0.0.1:1/" }),
      "one with a jwk": (key) =>
        signToken({ foreverframe: RIGHTS }, key, { alg: "HS256", jwk: { kty: "oct" } }),
      "one without exp": (key) => signToken({ foreverframe: RIGHTS, exp: undefined }, key),
      "one with an exp that is text": (key) =>
        signToken({ foreverframe: RIGHTS, exp: "9999999999" }, key),
      "one that is not valid yet": (key) =>
        signToken({ foreverframe: RIGHTS, nbf: now() + 60 }, key),
      "one that was issued tomorrow": (key) =>
        signToken({ foreverframe: RIGHTS, iat: now() + 86_400 }, key),
      "a sub that is a number": (key) => signToken({ foreverframe: RIGHTS, sub: 7 }, key),
      "a jti with a line end": (key) => signToken({ foreverframe: RIGHTS, jti: "a\nb" }, key),
      "one without claims": (key) => signToken({}, key),
      "claims that are text": (key) => signToken({ foreverframe: "all" }, key),
      "claims that are a list": (key) => signToken({ foreverframe: [RIGHTS] }, key),
      "a selector that is none": (key) =>
        signToken({ foreverframe: { subscribe: ["doors.**", "a..b"] } }, key),
      "two selectors in one": (key) => signToken({ foreverframe: { subscribe: ["a,b"] } }, key),
      "a selector that is a number": (key) => signToken({ foreverframe: { publish: [1] } }, key),
      "10,000 selectors": (key) =>
        signToken({ foreverframe: { subscribe: Array(1_000).fill("a") } }, key),
      "admin that is text": (key) => signToken({ foreverframe: { admin: "true" } }, key),
      "an empty client": (key) => signToken({ foreverframe: { ...RIGHTS, client: "" } }, key),
      "one of 20 KB": (key) =>
        signToken({ foreverframe: RIGHTS, padding: "x".repeat(15_000) }, key),
    };
    for (const [what, make] of Object.entries(wrong)) {
      it(`are refused, and not repeated in the answer: ${what}`, async () => {
        const { url } = await start();
        const token = await make(file.secret);
        const { status, json, headers, text } = await poll(url, "doors.a", bearer(token));
        expect([status, json.code], text).to.deep.equal([401, "FF_TOKEN_INVALID"]);
        expect(headers["www-authenticate"]).to.equal('Bearer error="invalid_token"');
        if (token.length > 10) expect(text).to.not.contain(token.slice(0, 20));
      });
    }

    it("are refused as missing, and as expired, with codes of their own", async () => {
      const { url } = await start();
      const missing = await poll(url, "doors.a");
      expect([missing.status, missing.json.code]).to.deep.equal([401, "FF_TOKEN_MISSING"]);
      expect(missing.headers["www-authenticate"]).to.equal("Bearer");
      for (const exp of [now() - 1, now() - 86_400, 0]) {
        const expired = await poll(url, "doors.a", bearer(await tokenFor(RIGHTS, { exp })));
        expect([expired.status, expired.json.code]).to.deep.equal([401, "FF_TOKEN_EXPIRED"]);
      }
    });

    it("are heard by a page whose frame brings none", async () => {
      const { url } = await start();
      const { status, text } = await ask(url, "GET", "/stream?channels=doors.a", {
        headers: { Accept: "text/html" },
      });
      expect(status).to.equal(401);
      expect(text).to.contain("FF_TOKEN_MISSING").and.to.contain("parent.push");
    });
  });

  describe("that end", () => {
    for (const fixture of [FRAME, NDJSON, POLL, SSE, WEBSOCKET]) {
      it(`end a stream by ${fixture.name} with "expired"`, async () => {
        const { url } = await start();
        const exp = now() + 3;
        const token = await tokenFor(RIGHTS, { exp });
        const client = await openTransport(fixture, url, "channels=doors.a", bearer(token));
        await untilEvents(client, (all) => all.at(-1)?.type === "close", "its end");
        const late = Date.now() - exp * 1_000;
        expect(client.events.at(-1)).to.include({ reason: "expired" });
        expect(late, "ms").to.be.within(-1_100, 500);
      });
    }
  });

  describe("of a JWK set", () => {
    const settings = { secretFile: "", issuer: "https://login.example", audience: "push" };
    const CLAIMS = { foreverframe: RIGHTS, iss: settings.issuer, aud: ["other", "push"] };

    for (const alg of ["RS256", "ES256", "EdDSA"]) {
      it(`are taken when they are signed by its key, by ${alg}`, async () => {
        const { key, jwk } = await createKeyPair(alg, "one");
        const jwks = join(createTemporaryDirectory(), "jwks.json");
        writeFileSync(jwks, JSON.stringify({ keys: [jwk] }));
        const { url } = await start({ ...settings, jwks });
        const status = async (claims: object, header = {}) =>
          (
            await poll(
              url,
              "doors.a",
              bearer(await signToken({ ...claims }, key, { alg, kid: "one", ...header })),
            )
          ).status;
        expect(await status(CLAIMS)).to.equal(200);
        expect(await status({ ...CLAIMS, iss: "https://other.example" })).to.equal(401);
        expect(await status({ ...CLAIMS, aud: "other" })).to.equal(401);
        expect(await status({ foreverframe: RIGHTS })).to.equal(401);
        expect(await status(CLAIMS, { kid: "two" })).to.equal(401);
        // The public key as the secret of an HMAC: known to everybody.
        const forged = await signToken(CLAIMS, Buffer.from(JSON.stringify(jwk)), {
          alg: "HS256",
          kid: "one",
        });
        expect((await poll(url, "doors.a", bearer(forged))).status).to.equal(401);
      });
    }

    it("are taken by the keys known while its URL does not answer, and a flood of unknown keys asks it once", async () => {
      const [one, two] = [await createKeyPair("ES256", "one"), await createKeyPair("ES256", "two")];
      let keys: readonly unknown[] = [one.jwk];
      let isUp = true;
      let asked = 0;
      const issuer = createServer((_request, response) => {
        asked++;
        if (isUp) response.end(JSON.stringify({ keys }));
        else response.writeHead(500).end("down");
      });
      await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
      try {
        const jwks = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks`;
        const { url } = await start({ ...settings, jwks });
        const status = async ({ key }: typeof one, kid: string) =>
          (await poll(url, "doors.a", bearer(await signToken(CLAIMS, key, { alg: "ES256", kid }))))
            .status;
        expect(await status(one, "one")).to.equal(200);
        expect(asked).to.equal(1);
        isUp = false;
        keys = [two.jwk];
        // Within half a minute of the last look nothing is asked again, whatever is sent.
        const flood = await Promise.all(
          Array.from({ length: 50 }, (_, n) => status(two, `unknown-${n}`)),
        );
        expect(new Set(flood)).to.deep.equal(new Set([401]));
        expect(asked).to.equal(1);
        expect(await status(one, "one")).to.equal(200);
      } finally {
        issuer.closeAllConnections();
        issuer.close();
      }
    });

    it("can't be checked before its URL has answered: 503, not 401", async () => {
      const { key } = await createKeyPair("ES256", "one");
      const { url } = await start({ ...settings, jwks: "http://127.0.0.1:1/jwks" });
      const token = await signToken(CLAIMS, key, { alg: "ES256", kid: "one" });
      const { status, json } = await poll(url, "doors.a", bearer(token));
      expect([status, json.code]).to.deep.equal([503, "FF_AUTH_UNAVAILABLE"]);
    });
  });

  describe("in the configuration", () => {
    const startAt = async (overrides: Partial<Config>): Promise<RunningServer> =>
      startServer(
        defaultConfig({ port: 0, memory: true, ...overrides }),
        pino({ level: "silent" }),
      );
    const short = () => {
      const path = join(createTemporaryDirectory(), "short");
      writeFileSync(path, "x".repeat(31));
      return path;
    };
    const faults: readonly (readonly [string, () => Partial<Config>, RegExp])[] = [
      [
        "a secret that can be guessed",
        () => ({ secretFile: short() }),
        /has 31 bytes, .*openssl rand/,
      ],
      [
        "a file that is not there",
        () => ({ secretFile: "/nowhere/secret" }),
        /ENOENT.*openssl rand/,
      ],
      [
        "a secret and a JWK set",
        () => ({ secretFile: file.path, jwks: "x", issuer: "i", audience: "a" }),
        /leave one of both out/,
      ],
      ["a JWK set without an issuer", () => ({ jwks: "x" }), /--issuer and --audience/],
      [
        "a JWK set that is not there",
        () => ({ jwks: "/nowhere", issuer: "i", audience: "a" }),
        /--jwks is "\/nowhere"/,
      ],
      ["an issuer alone", () => ({ issuer: "i" }), /add --secret-file or --jwks/],
      ["everybody, and tokens", () => ({ secretFile: file.path, open: true }), /leave it out/],
      [
        "the network without tokens",
        () => ({ host: "0.0.0.0" }),
        /add --secret-file or --jwks.*or --open/,
      ],
    ];
    for (const [what, settings, sentence] of faults) {
      it(`stop the start: ${what}`, async () => {
        const error = await startAt(settings()).then(
          () => null,
          (fault: unknown) => fault,
        );
        expect(error).to.have.property("code", "FF_CONFIG_INVALID");
        expect(String(error)).to.match(sentence);
      });
    }

    it("let it listen beyond loopback", async () => {
      const { url } = await start({ host: "0.0.0.0" });
      expect((await poll(url, "doors.a", bearer(await tokenFor(RIGHTS)))).status).to.equal(200);
      expect((await poll(url, "doors.a")).status).to.equal(401);
    });
  });
});
