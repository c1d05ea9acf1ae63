import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { jwtVerify } from "jose";
import { nodeScheduler } from "../../src/process/node-scheduler.ts";
import { KeySet } from "../../src/tokens/key-set.ts";
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
});
