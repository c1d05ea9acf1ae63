import { expect } from "chai";
import { LeasedDuties } from "../../src/buses/leased-duties.ts";
import { RedisNodes } from "../../src/buses/redis-nodes.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import { closeTcpProxies, startTcpProxy } from "../support/tcp-proxy.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { eventually } from "../support/within.ts";

describe("duties by a lease", function () {
  this.timeout(40_000);
  let redis: RedisProcess;
  let prefixes = 0;
  let prefix = "";
  const undo: (() => void)[] = [];

  before(async () => {
    redis = await startRedis();
  });
  beforeEach(() => {
    prefix = `duties-${++prefixes}:`;
  });
  afterEach(async () => {
    for (const step of undo.splice(0)) step();
    await closeTcpProxies();
  });
  after(async () => {
    await redis.stop();
    removeTemporaryDirectories();
  });

  /** A node with one duty, and how often that was begun and ended. */
  const join = async () => {
    const proxy = await startTcpProxy(redis.port);
    const url = `redis://127.0.0.1:${proxy.port}`;
    const nodes = await RedisNodes.start({ url, prefix, onError: () => {} });
    const duties = new LeasedDuties(nodes);
    const counts = { begun: 0, ended: 0 };
    const add = () =>
      duties.add(() => {
        counts.begun++;
        return { stop: async () => void counts.ended++ };
      });
    add();
    undo.push(() => {
      void duties.stop();
      void nodes.close();
    });
    const isOn = () => counts.begun > counts.ended;
    return { proxy, duties, counts, add, isOn };
  };

  it("are one node's at a time, also those that are added later", async () => {
    const nodes = [await join(), await join(), await join()];
    await eventually(5_000, () => nodes.some(({ isOn }) => isOn()), "one that has them");
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const busy = nodes.filter(({ isOn }) => isOn());
    expect(busy).to.have.lengthOf(1);
    for (const { add } of nodes) add();
    expect(nodes.map(({ counts }) => counts.begun).toSorted()).to.deep.equal([0, 0, 2]);
  });

  it("go to another node at once when theirs stops in order", async () => {
    const [one, two] = [await join(), await join()];
    await eventually(5_000, () => one.isOn() !== two.isOn(), "one that has them");
    const [busy, idle] = one.isOn() ? [one, two] : [two, one];
    await busy.duties.stop();
    expect(busy.counts).to.deep.equal({ begun: 1, ended: 1 });
    await eventually(3_000, idle.isOn, "the other");
  });

  it("go to another node within 10 s when theirs is cut off, which ends them first", async () => {
    const [one, two] = [await join(), await join()];
    await eventually(5_000, () => one.isOn() !== two.isOn(), "one that has them");
    const [busy, idle] = one.isOn() ? [one, two] : [two, one];
    busy.proxy.freeze();
    let both = false;
    await eventually(
      10_000,
      () => {
        both ||= busy.isOn() && idle.isOn();
        return idle.isOn();
      },
      "the other",
    );
    expect(both, "both at a time").to.equal(false);
    expect(busy.isOn()).to.equal(false);
  });
});
