import { expect } from "chai";
import { createOneClient } from "../../src/redis/redis-client.ts";
import { parseRedisUrl, type RedisTarget } from "../../src/redis/redis-url.ts";

/** More than a busy machine needs for all of them; with a class each they would take seconds. */
const MAX_MS = 200;

describe("a client of one Redis", () => {
  it("is made in no time, whatever its address, so that attempts to connect hold up nobody", () => {
    const { addresses, ...rest } = parseRedisUrl("redis://user:word@127.0.0.1:1/3") as RedisTarget;
    const from = performance.now();
    for (let port = 1; port <= 20; port++)
      createOneClient({ addresses, ...rest }, { host: "127.0.0.1", port }, 1_000);
    expect(performance.now() - from, "ms for 20").to.be.below(MAX_MS);
  });
});
