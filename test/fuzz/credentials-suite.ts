import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import type { JWTPayload } from "jose";
import { pino } from "pino";
import { selectorFault } from "../../src/core/channel-name.ts";
import { isClientName } from "../../src/core/client-name.ts";
import { bearerToken } from "../../src/http/credentials.ts";
import { Guesses } from "../../src/http/guesses.ts";
import { nodeScheduler } from "../../src/process/node-scheduler.ts";
import { authorizeByTokens } from "../../src/tokens/token-authorization.ts";
import { readRights, type TokenRights } from "../../src/tokens/token-rights.ts";
import { TokenVerifier } from "../../src/tokens/token-verifier.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { createSecretFile } from "../support/tokens.ts";
import { hostileText, jsonValue, nearly, oddText, selectorText } from "./arbitraries.ts";
import { attempt, attemptLater, type Runs } from "./attempt.ts";
import { createContext } from "./koa-context.ts";

/** Characters of a head, and of a token. */
const MAX_HEAD = 32_000;
const MAX_TOKEN = 8_192;

const OPTIONS = { news: null, scheduler: nodeScheduler, logger: pino({ level: "silent" }) };

const time = fc.oneof(
  fc.constantFrom(0, -1, 1e9, 4e9, 1e15, 1e300, 1.7e308, 4_000_000_000.5),
  jsonValue,
);
const selectors = fc.oneof(
  { weight: 3, arbitrary: fc.array(nearly(selectorText), { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.array(jsonValue, { maxLength: 300, size: "max" }) },
  { weight: 1, arbitrary: fc.constantFrom(256, 257).map((count) => Array(count).fill("a")) },
  { weight: 1, arbitrary: jsonValue },
);
const rights = fc.record(
  {
    subscribe: selectors,
    publish: selectors,
    admin: fc.oneof(fc.boolean(), jsonValue),
    client: fc.oneof(fc.constant("kiosk-7"), oddText, jsonValue),
  },
  { requiredKeys: [] },
);
const claims: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record(
        {
          nbf: time,
          iat: time,
          iss: jsonValue,
          aud: jsonValue,
          sub: jsonValue,
          foreverframe: fc.oneof(
            { weight: 4, arbitrary: rights },
            { weight: 1, arbitrary: jsonValue },
          ),
        },
        { requiredKeys: ["foreverframe"] },
      )
      .chain((others) =>
        fc
          .oneof(
            { weight: 3, arbitrary: fc.constant<unknown>(4e9) },
            { weight: 1, arbitrary: time },
          )
          .map((exp) => ({ exp, ...others })),
      ),
  },
  { weight: 1, arbitrary: jsonValue },
);

const header: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ alg: "HS256" }) },
  {
    weight: 2,
    arbitrary: fc.record(
      {
        alg: fc.oneof(fc.constantFrom("HS256", "none", "RS256", "HS512", "hs256"), jsonValue),
        kid: jsonValue,
        typ: jsonValue,
        crit: fc.oneof(fc.constantFrom(["b64"], ["exp"], []), jsonValue),
        b64: fc.oneof(fc.boolean(), jsonValue),
        zip: jsonValue,
        jku: jsonValue,
        jwk: jsonValue,
      },
      { requiredKeys: ["alg"] },
    ),
  },
  { weight: 1, arbitrary: jsonValue },
);

/** So many wrong tokens as a run sends. */
const UNLIMITED = { perSecond: 1, atOnce: Number.POSITIVE_INFINITY };

const NO_RIGHTS: TokenRights = {
  expiresAt: 1,
  subscribe: [],
  publish: [],
  admin: false,
  client: null,
  principal: { subject: null, tokenId: null, issuedAt: 0, keyId: null },
};

const KEYS = {
  RS256: { kty: "RSA" },
  ES256: { kty: "EC", crv: "P-256" },
  EdDSA: { kty: "OKP", crv: "Ed25519" },
} as const;

function sign(head: string, payload: string, secret: Buffer): string {
  const signed = [head, payload].map((part) => Buffer.from(part).toString("base64url")).join(".");
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** A token that is taken allows no more than it says. */
function checkRights({ subscribe, publish, client, admin, expiresAt }: TokenRights, exp: unknown) {
  for (const selector of [...subscribe, ...publish]) expect(selectorFault(selector)).to.equal(null);
  for (const granted of [subscribe, publish]) expect(granted.length).to.be.at.most(256);
  if (client !== null) expect(isClientName(client)).to.equal(true);
  expect(admin).to.be.a("boolean");
  expect(expiresAt).to.equal(Number(exp) * 1_000);
}

/** What is held to tokens, and to how they come. */
export function describeCredentials({ light, heavy }: Runs): void {
  describe("credentials from outside", () => {
    let secret: Buffer;
    let verifier: TokenVerifier;

    before(async () => {
      const file = createSecretFile();
      secret = file.secret;
      const settings = { secretFile: file.path, jwks: "", issuer: "", audience: "" };
      verifier = await TokenVerifier.open(settings, OPTIONS, () => {});
    });
    after(removeTemporaryDirectories);

    const verify = (token: string) => attemptLater(() => verifier.verify(token));

    it("claims that are taken are rights as they should be", () => {
      fc.assert(
        fc.property(claims, (given) => {
          const payload = (typeof given === "object" && given !== null ? given : {}) as JWTPayload;
          const taken = attempt(() => readRights(payload, null));
          if (taken !== null) checkRights(taken.value, payload.exp);
        }),
        {
          numRuns: light,
          examples: [[{ exp: 4e9, foreverframe: { subscribe: [{ toString: 1, valueOf: 1 }] } }]],
        },
      );
    });

    it("a token that is signed as it should be is read or refused", async () => {
      await fc.assert(
        fc.asyncProperty(header, claims, async (head, payload) => {
          const token = sign(JSON.stringify(head), JSON.stringify(payload), secret);
          const taken = await verify(token);
          if (taken === null) return;
          checkRights(taken.value, (payload as JWTPayload).exp);
          expect(taken.value.expiresAt).to.be.above(Date.now() - 60_000);
          expect(head).to.include({ alg: "HS256" });
          expect(head).to.not.have.any.keys("jku", "jwk", "crit");
        }),
        { numRuns: light },
      );
    });

    it("a token that is not the one that was signed says the same, or is refused", async () => {
      const payload = JSON.stringify({ exp: 4e9, foreverframe: { subscribe: ["a"] } });
      const token = sign('{"alg":"HS256"}', payload, secret);
      const [, signed = ""] = token.split(".");
      await fc.assert(
        fc.asyncProperty(fc.oneof(nearly(fc.constant(token)), oddText), async (text) => {
          const taken = await verify(text);
          if (taken === null) return;
          expect(text.split(".")[1]?.replaceAll("=", "")).to.equal(signed);
          expect(taken.value.subscribe).to.deep.equal(["a"]);
        }),
        { numRuns: light },
      );
    });

    it("a bearer's token is found, and it alone", () => {
      fc.assert(
        fc.property(
          fc.oneof(oddText, fc.string()),
          nearly(fc.constant("Bearer x")),
          (text, odd) => {
            const isToken = /^\S+$/.test(text);
            const found = bearerToken({ authorization: `bearer  ${text} ` });
            if (isToken) expect(found).to.equal(text);
            else if (found !== null) expect(text.trim()).to.equal(found);
            expect([null, ...odd.split(/ +/)]).to.include(bearerToken({ authorization: odd }));
          },
        ),
        { numRuns: light },
      );
    });

    it("a cookie's token is one that its header has", async () => {
      const pair = fc.tuple(
        nearly(fc.constantFrom("foreverframe_token", "__Host-foreverframe_token", "x")),
        fc.oneof(fc.constantFrom("=", " = "), oddText),
        oddText,
      );
      const cookies = fc
        .tuple(fc.array(pair, { maxLength: 3 }), fc.constantFrom(";", "; ", ","))
        .map(([pairs, between]) => pairs.map((parts) => parts.join("")).join(between));
      const question = { action: "publish", channels: ["a"], client: null } as const;
      await fc.assert(
        fc.asyncProperty(cookies, async (cookie) => {
          const seen: string[] = [];
          const authorize = authorizeByTokens({
            verifier: {
              recall: () => null,
              verify: async (token: string) => {
                seen.push(token);
                return { ...NO_RIGHTS, publish: ["a"] };
              },
            },
            guesses: new Guesses(UNLIMITED, () => 0),
            now: () => 0,
          });
          const { req } = createContext("/", { cookie, origin: "http://localhost" });
          const taken = await attemptLater(async () => authorize(req, question));
          if (taken === null) return;
          const [token = ""] = seen;
          expect(cookie).to.include("foreverframe_token");
          expect(cookie).to.include(token);
          expect(token).to.not.include(";");
        }),
        { numRuns: light },
      );
    });

    it("keys that are not what they should be refuse a token in one sentence", async () => {
      const algorithm = fc.constantFrom("RS256", "ES256", "EdDSA");
      const number = fc.constantFrom("AQAB", "AA", "", "x".repeat(342), "x".repeat(43));
      const member = fc.oneof(
        { weight: 4, arbitrary: fc.option(nearly(number)) },
        { weight: 1, arbitrary: jsonValue },
      );
      const key = algorithm.chain((alg) =>
        fc
          .record({ n: member, e: member, x: member, y: member })
          .map((members) => Object.entries(members).filter(([, value]) => value !== null))
          .map((members) => ({ ...KEYS[alg], kid: "k", ...Object.fromEntries(members) })),
      );
      const sets = fc.oneof(
        fc.array(key, { maxLength: 3 }).map((keys) => JSON.stringify({ keys })),
        jsonValue.map((keys) => JSON.stringify({ keys })),
        oddText,
      );
      const jwks = join(createTemporaryDirectory(), "keys");
      await fc.assert(
        fc.asyncProperty(sets, algorithm, async (set, alg) => {
          writeFileSync(jwks, set);
          const token = sign(JSON.stringify({ alg, kid: "k" }), '{"exp":4000000000}', secret);
          const taken = await attemptLater(async () => {
            const settings = { secretFile: "", jwks, issuer: "", audience: "" };
            const opened = await TokenVerifier.open(settings, OPTIONS, () => {});
            return opened?.verify(token).finally(() => opened.close());
          });
          expect(taken).to.equal(null);
        }),
        { numRuns: heavy },
      );
    });

    it("are read in no time, whatever they are", async () => {
      const guesses = new Guesses(UNLIMITED, () => 0);
      const authorize = authorizeByTokens({ verifier, guesses, now: Date.now });
      const question = { action: "publish", channels: ["a"], client: null } as const;
      const many = fc.oneof(
        hostileText(MAX_HEAD, ["foreverframe_token", "=", ";", " ", "Bearer "]),
        hostileText(100).map((text) => `foreverframe_token=${text};`.repeat(300)),
        hostileText(MAX_TOKEN, [".", "e30", "-", "_", "=", " "]).map((text) => `Bearer ${text}`),
        hostileText(MAX_TOKEN * 0.7, ["[", "{", '{"exp":', '"', "0"]).map(
          (text) => `Bearer ${sign('{"alg":"HS256"}', text, secret)}`,
        ),
      );
      await fc.assert(
        fc.asyncProperty(many, async (text) => {
          const { req } = createContext("/", { cookie: text, origin: "http://localhost" });
          await attemptLater(async () => authorize(req, question));
          req.headers.authorization = text;
          req.rawHeaders.push("Authorization", text);
          delete req.headers.cookie;
          await attemptLater(async () => authorize(req, question));
        }),
        { numRuns: light, endOnFailure: true },
      );
    });

    it("claims are read in no time, as many as there may be", async () => {
      const entry = fc.oneof(
        selectorText,
        jsonValue.map((value) => JSON.stringify(value)),
      );
      await fc.assert(
        fc.asyncProperty(entry, fc.boolean(), async (text, isText) => {
          const one = isText ? JSON.stringify(text) : text;
          const list = Array.from({ length: 256 }, () => one).join(",");
          const nested = `${"[".repeat(2_900)}${"]".repeat(2_900)}`;
          for (const subscribe of [`[${list}]`, nested]) {
            const payload = `{"exp":4000000000,"foreverframe":{"subscribe":${subscribe}}}`;
            await verify(sign('{"alg":"HS256"}', payload, secret));
          }
        }),
        { numRuns: heavy, endOnFailure: true },
      );
    });
  });
}
