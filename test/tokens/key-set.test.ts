import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { jwtVerify } from "jose";
import { nodeScheduler } from "../../src/process/node-scheduler.ts";
import { type KeyNews, KeySet } from "../../src/tokens/key-set.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { createKeyPair, signToken } from "../support/tokens.ts";
import { within } from "../support/within.ts";

describe("a key set", () => {
  afterEach(removeTemporaryDirectories);

  it("is read again for an unknown key and in between, takes keys and drops them, and keeps what it has when it can't be read", async () => {
    const [one, two] = [await createKeyPair("ES256", "one"), await createKeyPair("ES256", "two")];
    const path = join(createTemporaryDirectory(), "jwks.json");
    const write = (...keys: readonly unknown[]) => writeFileSync(path, JSON.stringify({ keys }));
    const lines: string[] = [];
    const note = (_about: object, text: string) => void lines.push(text);
    let now = 0;
    let removals = 0;
    let onTimer = () => {};
    write(one.jwk);
    const keys = await KeySet.open(path, {
      scheduler: {
        ...nodeScheduler,
        monotonicMs: () => now,
        every: (_ms, run) => {
          onTimer = run;
          return () => {};
        },
      },
      logger: { debug: note, info: note, warn: note, error: note },
      news: null,
      onRemoved: () => void removals++,
    });
    const takes = async (kid: string, { key }: typeof one) =>
      jwtVerify(await signToken({}, key, { alg: "ES256", kid }), keys.find).then(
        () => true,
        () => false,
      );
    expect([await takes("one", one), await takes("two", two)]).to.deep.equal([true, false]);
    write(two.jwk);
    now += 29_000;
    expect(await takes("two", two), "soon after a look").to.equal(false);
    now += 2_000;
    expect(await takes("two", two), "later").to.equal(true);
    expect(await takes("one", one), "a key that was removed").to.equal(false);
    writeFileSync(path, "{");
    onTimer();
    now += 31_000;
    expect(await takes("unknown", one)).to.equal(false);
    expect(await takes("two", two), "while it can't be read").to.equal(true);
    expect(lines).to.deep.equal(["keys of tokens can't be read: those known before stay"]);
    write(one.jwk);
    now += 31_000;
    expect(await takes("one", one)).to.equal(true);
    expect(lines.at(-1)).to.equal("keys of tokens can be read again");
    expect(removals, "times that a key was not there any more").to.equal(2);
    keys.close();
  });

  it("knows a key that it has found by what it is, when another has taken its place under the same name", async () => {
    const [old, next] = [await createKeyPair("ES256", "one"), await createKeyPair("ES256", "one")];
    const path = join(createTemporaryDirectory(), "jwks.json");
    const write = (...keys: readonly unknown[]) => writeFileSync(path, JSON.stringify({ keys }));
    let readAgain = () => {};
    let whenRemoved = () => {};
    const removed = new Promise<void>((resolve) => {
      whenRemoved = resolve;
    });
    const note = () => {};
    const other = await createKeyPair("ES384", "other");
    write(other.jwk, old.jwk);
    const keys = await KeySet.open(path, {
      scheduler: {
        ...nodeScheduler,
        every: (_ms, run) => {
          readAgain = run;
          return () => {};
        },
      },
      logger: { debug: note, info: note, warn: note, error: note },
      news: null,
      onRemoved: () => whenRemoved(),
    });
    const token = await signToken({}, old.key, { alg: "ES256" });
    // As if the keys were read between the look for the key and the end of the check by it
    const { key } = await jwtVerify(token, keys.find);
    write(other.jwk, next.jwk);
    readAgain();
    await within(5_000, removed, "the removal");
    const id = keys.idOf(key);
    expect(id).to.be.a("string");
    expect(keys.has(String(id))).to.equal(false);
    const now = await jwtVerify(await signToken({}, next.key, { alg: "ES256" }), keys.find);
    expect(keys.has(String(keys.idOf(now.key)))).to.equal(true);
  });

  it("says which keys can't be used, once", async () => {
    const one = await createKeyPair("ES256", "one");
    const path = join(createTemporaryDirectory(), "jwks.json");
    const lines: object[] = [];
    let readAgain = () => {};
    const note = () => {};
    writeFileSync(path, JSON.stringify({ keys: [one.jwk, { kty: "EC", kid: "broken" }] }));
    const keys = await KeySet.open(path, {
      scheduler: {
        ...nodeScheduler,
        every: (_ms, run) => {
          readAgain = run;
          return () => {};
        },
      },
      logger: { debug: note, info: note, warn: (about) => void lines.push(about), error: note },
      news: null,
      onRemoved: note,
    });
    readAgain();
    const token = await signToken({}, one.key, { alg: "ES256", kid: "one" });
    await jwtVerify(token, keys.find);
    expect(lines).to.deep.equal([{ kids: ["broken"], count: 1 }]);
  });

  describe("of one of several workers", () => {
    let jwks = "";
    let asked = 0;
    let published: readonly unknown[] = [];
    let whenAnswered: Promise<void> = Promise.resolve();
    let now = 0;
    let sets: KeySet[] = [];
    const issuer = createServer(async (_request, response) => {
      asked++;
      await whenAnswered;
      response.end(JSON.stringify({ keys: published }));
    });

    before(async () => {
      await new Promise<void>((resolve) => issuer.listen(0, "127.0.0.1", resolve));
      jwks = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks`;
    });
    beforeEach(() => {
      whenAnswered = Promise.resolve();
      now = 0;
    });
    afterEach(() => {
      for (const keys of sets) keys.close();
      sets = [];
    });
    after(() => {
      issuer.closeAllConnections();
      issuer.close();
    });

    it("has its keys asked for once for all of them, also while others wait for the answer", async () => {
      const [one, two] = [await createKeyPair("ES256", "one"), await createKeyPair("ES256", "two")];
      published = [one.jwk];
      const news = createNews(3);
      for (const own of news) sets.push(await open(own));
      expect(await accepted(one, "one")).to.deep.equal([true, true, true]);
      published = [one.jwk, two.jwk];
      asked = 0;
      now += 31_000;
      let answer = () => {};
      whenAnswered = new Promise((resolve) => {
        answer = resolve;
      });
      const answers = accepted(two, "two");
      setTimeout(answer, 50);
      expect(await answers).to.deep.equal([true, true, true]);
      await Promise.all(Array.from({ length: 20 }, (_, n) => accepted(two, `unknown ${n}`)));
      expect(asked).to.equal(1);
    });

    it("gives up waiting for another one that asks and is never heard again", async () => {
      const one = await createKeyPair("ES256", "one");
      published = [];
      const [own, dead] = createNews(2);
      sets.push(await open(own as KeyNews));
      published = [one.jwk];
      asked = 0;
      dead?.tell(null);
      expect(await accepted(one, "one")).to.deep.equal([false]);
      now += 31_000;
      expect(await accepted(one, "one")).to.deep.equal([true]);
      expect(asked).to.equal(1);
    });

    function accepted(
      { key }: Awaited<ReturnType<typeof createKeyPair>>,
      kid: string,
    ): Promise<readonly boolean[]> {
      return Promise.all(
        sets.map(async (keys) =>
          jwtVerify(await signToken({}, key, { alg: "ES256", kid }), keys.find).then(
            () => true,
            () => false,
          ),
        ),
      );
    }

    function open(news: KeyNews): Promise<KeySet> {
      const note = () => {};
      const after = (_ms: number, run: () => void) => void setTimeout(run, 100);
      return KeySet.open(jwks, {
        scheduler: { ...nodeScheduler, monotonicMs: () => now, after },
        logger: { debug: note, info: note, warn: note, error: note },
        news,
        onRemoved: note,
      });
    }
  });
});

/** What several workers have to tell each other. */
function createNews(count: number): readonly KeyNews[] {
  const ears: ((text: string | null) => void)[] = [];
  return Array.from({ length: count }, (_, own) => ({
    tell: (text) => {
      for (const [other, hear] of ears.entries()) if (other !== own) hear?.(text);
    },
    listen: (hear) => {
      ears[own] = hear;
    },
  }));
}
