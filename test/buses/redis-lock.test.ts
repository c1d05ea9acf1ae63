import { expect } from "chai";
import { RedisNodes } from "../../src/buses/redis-nodes.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { eventually } from "../support/within.ts";

const KEY = "{lock:}bus:lock:door";

describe("a lock in Redis", () => {
  let redis: RedisProcess;
  let nodes: RedisNodes;

  before(async () => {
    redis = await startRedis();
    nodes = await RedisNodes.start({ url: redis.url, prefix: "lock:", onError: () => {} });
  });
  beforeEach(() => redis.command("DEL", KEY));
  after(async () => {
    await nodes.close();
    await redis.stop();
    removeTemporaryDirectories();
  });

  it("is one holder's until it is released or silent", async () => {
    const [one, two] = [nodes.lock("door", "one", 500), nodes.lock("door", "two", 500)];
    expect([await one.hold(), await two.hold(), await one.hold()]).to.deep.equal([
      true,
      false,
      true,
    ]);
    await two.release(); // it is not its own
    expect(await two.hold()).to.equal(false);
    await one.release();
    expect(await two.hold()).to.equal(true);
    await eventually(3_000, () => one.hold(), "the end of a silent holder");
  });

  for (const [name, ...words] of [
    ["without an end", "SET", KEY, "by hand"],
    ["that ends in a day, as after the clock was ahead", "SET", KEY, "gone", "PX", "86400000"],
  ] as const) {
    it(`falls when it is one ${name}`, async () => {
      await redis.command(...words);
      const lock = nodes.lock("door", "one", 500);
      expect(await lock.hold()).to.equal(false);
      await eventually(3_000, () => lock.hold(), "the lock");
    });
  }

  it("is not held for less time because others ask for it", async () => {
    const [one, two] = [nodes.lock("door", "one", 5_000), nodes.lock("door", "two", 5_000)];
    await one.hold();
    for (let n = 0; n < 10; n++) await two.hold();
    expect(await redis.command("PTTL", KEY)).to.be.above(4_000);
  });
});
