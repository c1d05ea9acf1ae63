import { expect } from "chai";
import { RedisBus } from "../../src/buses/redis-bus.ts";
import { RedisNodes } from "../../src/buses/redis-nodes.ts";
import type { Peer } from "../../src/core/bus.ts";
import { listRequest } from "../../src/core/stream-list.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import { closeTcpProxies, startTcpProxy } from "../support/tcp-proxy.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { eventually } from "../support/within.ts";

/** What no node says, and what must not be called because of it. */
const JUNK: readonly unknown[] = [
  ...["", "text", null, 5, [1], {}, { type: "alive" }, { type: "alive", from: null }],
  { type: "alive", from: "x".repeat(1_000) },
  { type: "__proto__", from: "x" },
  ...[
    ...["none", "__proto__", "constructor", "toString", "endRevoked", "", null, ["noticeDeleted"]],
    ...["endAll", "close"], // which reject, and nobody would hear it
  ].map((notice) => ({ type: "tell", from: "x", notice, about: [null] })),
  { type: "tell", from: "x", notice: "noticeAppended" },
  { type: "tell", from: "x", notice: "noticeClosed", about: [null, null] }, // which throws
  ...["none", "__proto__", "valueOf", "noticeDeleted", null].map((question) => ({
    ...{ type: "ask", from: "x", id: 1, question, about: [] },
  })),
  { type: "ask", from: "x", id: {}, question: "close", about: [] },
  { type: "ask", from: { a: 1 }, id: 1, question: "close", about: [] },
  { type: "answer", from: "x" },
  { type: "answer", from: "x", id: 1, answer: true },
  { type: "answer", from: "x", id: 99_999, answer: true },
];

describe("nodes on a Redis", function () {
  this.timeout(30_000);
  let redis: RedisProcess;
  let prefixes = 0;
  let prefix = "";
  const buses: RedisBus[] = [];

  before(async () => {
    redis = await startRedis();
  });
  beforeEach(() => {
    prefix = `nodes-${++prefixes}:`;
  });
  afterEach(async () => {
    for (const bus of buses.splice(0)) await bus.close();
    await closeTcpProxies();
  });
  after(async () => {
    await redis.stop();
    removeTemporaryDirectories();
  });

  /** A node whose peer answers the same to everything, and what that was called with. */
  const join = async (port = redis.port, answer: unknown = true) => {
    const url = `redis://127.0.0.1:${port}`;
    const nodes = await RedisNodes.start({ url, prefix, onError: () => {} });
    const bus = new RedisBus(nodes, 60_000);
    buses.push(bus);
    const calls: unknown[][] = [];
    const peer = new Proxy({} as Peer, {
      get(_, method) {
        return (...about: unknown[]) => {
          calls.push([method, ...about]);
          if (method === "noticeClosed") throw new TypeError("null has no stream");
          return method === "endAll" ? Promise.reject(new Error("null")) : Promise.resolve(answer);
        };
      },
    });
    bus.listen(peer);
    return { name: nodes.name, number: nodes.number, bus, calls };
  };
  /** A node that has nothing. */
  const joinAsker = () => join(redis.port, null);
  const subscribers = async () => {
    const list = String(await redis.command("CLIENT", "LIST", "TYPE", "pubsub"));
    return list.match(/^id=\d+/gm);
  };
  /** Each has said that it is there since it knows of the others. */
  const meet = () => new Promise((resolve) => setTimeout(resolve, 1_200));

  it("do nothing that no node says, and hear on", async () => {
    const [one, two] = [await join(), await joinAsker()];
    const before = await subscribers();
    for (const junk of JUNK) {
      const text = typeof junk === "string" ? junk : JSON.stringify(junk);
      await redis.command("PUBLISH", `{${prefix}}bus`, text);
    }
    expect(await two.bus.find("acknowledge", "s", "e.1")).to.deep.include({ found: true });
    expect(one.calls).to.deep.equal([
      ["noticeClosed", null, null],
      ["acknowledge", "s", "e.1"],
    ]);
    expect(await subscribers()).to.deep.equal(before);
  });

  it("ask nobody for what is no id, and lock nothing for it", async () => {
    const [one, two] = [await joinAsker(), await join()];
    const odd = ["", "*", "{a}", "a:b", "n1.a b", "é", "x".repeat(1_000), "a\n"];
    for (const id of odd) {
      const nothing = { found: null, silent: 0 };
      expect(await one.bus.find("acknowledge", id, "e.1")).to.deep.equal(nothing);
      expect(await one.bus.find("giveAway", id, "a", null)).to.deep.equal(nothing);
    }
    expect(two.calls).to.deep.equal([]);
  });

  it("don't let a stream's name be that of another lock", async () => {
    const [one] = [await join(), await join()];
    await redis.command("SET", `{${prefix}}bus:lock:duties`, "a node", "PX", "60000");
    expect(await one.bus.find("giveAway", "duties", "a", null)).to.deep.include({ found: true });
  });

  it("ask one that has lost its subscription as soon as that is back", async () => {
    const [one, two] = [await joinAsker(), await join()];
    await meet();
    for (const id of [`${two.name}.random`, "s"]) {
      await redis.command("CLIENT", "KILL", "TYPE", "pubsub");
      expect(await one.bus.find("acknowledge", id, "e.1")).to.deep.include({ found: true });
    }
    await redis.command("CLIENT", "KILL", "TYPE", "pubsub");
    expect((await one.bus.ask("list", listRequest(0, 1))).answers).to.deep.equal([true]);
  });

  it("count one as silent that can't listen again, as long as it says that it is there", async () => {
    const proxy = await startTcpProxy(redis.port);
    const [one] = [await joinAsker(), await join(proxy.port)];
    await meet();
    proxy.refuse();
    await redis.command("CLIENT", "KILL", "TYPE", "pubsub");
    await meet();
    await eventually(
      5_000,
      async () => (await one.bus.ask("list", listRequest(0, 1))).silent === 1,
      "silence",
    );
    await proxy.close();
    await eventually(
      5_000,
      async () => (await one.bus.ask("list", listRequest(0, 1))).silent === 0,
      "its end",
    );
  });

  it("wait half a second once for one that was killed, and not at all for one that has left", async () => {
    const proxy = await startTcpProxy(redis.port);
    const [one, killed, left] = [await joinAsker(), await join(proxy.port), await join()];
    await meet();
    const took = async () => {
      const began = performance.now();
      expect(await one.bus.find("acknowledge", "s", "e.1")).to.deep.include({ silent: 0 });
      return performance.now() - began;
    };
    killed.bus.listen({ acknowledge: async () => null } as Partial<Peer> as Peer);
    await left.bus.close();
    expect(await took(), "ms").to.be.below(150);
    await proxy.close();
    expect(await took(), "ms").to.be.below(1_200);
    expect(await took(), "ms").to.be.below(150);
  });

  it("have numbers of their own, also after Redis has lost all", async () => {
    const before = [await join(), await join()];
    await redis.command("FLUSHALL");
    await eventually(5_000, () => redis.command("EXISTS", `{${prefix}}nodes`).then(Boolean), "it");
    await meet(); // each has said which is its own
    const numbers = [...before, await join(), await join()].map(({ number }) => number);
    expect(new Set(numbers)).to.have.lengthOf(4);
  });

  it("subscribe anew when the network has dropped a subscription without a word", async () => {
    const proxy = await startTcpProxy(redis.port);
    const [one, two] = [await joinAsker(), await join(proxy.port)];
    await meet();
    proxy.freezeThose("subscribe");
    expect((await one.bus.find("acknowledge", "s", "e.1")).silent).to.equal(1);
    const isFound = async () => (await one.bus.find("acknowledge", "s", "e.1")).found === true;
    await eventually(15_000, isFound, "a new subscription");
    expect(two.calls).to.deep.include(["acknowledge", "s", "e.1"]);
  });
});
