import { expect } from "chai";
import { RedisBus } from "../../src/buses/redis-bus.ts";
import { RedisNodes } from "../../src/buses/redis-nodes.ts";
import type { Peer } from "../../src/core/bus.ts";
import type { Receipt } from "../../src/core/summaries.ts";
import { describeBus } from "../contract/bus-contract.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import { closeTcpProxies, startTcpProxy } from "../support/tcp-proxy.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { eventually } from "../support/within.ts";

const RECEIPT_MS = 1_500;

let redis: RedisProcess;
let systems = 0;

// Not for the whole process: other files stop every Redis after each of their tests.
describe("with a Redis", () => {
  before(async () => {
    redis = await startRedis();
  });
  after(async () => {
    await redis.stop();
    removeTemporaryDirectories();
  });

  describeBus("of nodes and their Redis", async () => {
    const prefix = `bus-${++systems}:`;
    const undo: (() => Promise<void>)[] = [];
    return {
      async join() {
        // Each node has a network of its own, which a test can stop.
        const proxy = await startTcpProxy(redis.port);
        const url = `redis://127.0.0.1:${proxy.port}`;
        const bus = new RedisBus(
          await RedisNodes.start({ url, prefix, onError: () => {} }),
          RECEIPT_MS,
        );
        undo.push(async () => {
          await bus.close();
          await proxy.close();
        });
        return { bus, hang: () => proxy.freeze(), die: () => void proxy.close() };
      },
      async stop() {
        for (const step of undo) await step();
      },
    };
  });

  it("asks the node that an id names first, and the others only if it does not have it", async () => {
    const join = async () => {
      const nodes = await RedisNodes.start({ url: redis.url, prefix: "home:", onError: () => {} });
      const bus = new RedisBus(nodes, RECEIPT_MS);
      const asked: string[] = [];
      let answer: boolean | null = null;
      const acknowledge = async (stream: string) => {
        asked.push(stream);
        return answer;
      };
      bus.listen({ acknowledge } as Partial<Peer> as Peer);
      const has = () => {
        answer = true;
      };
      return { name: nodes.name, bus, asked, has };
    };
    const [one, home, other] = [await join(), await join(), await join()];
    try {
      home.has();
      const stream = `${home.name}.random`;
      expect((await one.bus.find("acknowledge", stream, "e.1")).found).to.equal(true);
      expect([home.asked, other.asked]).to.deep.equal([[stream], []]);
      const moved = `${other.name}.random`;
      expect((await one.bus.find("acknowledge", moved, "e.1")).found).to.equal(true);
      expect(home.asked).to.deep.equal([stream, moved]);
      expect(other.asked[0]).to.equal(moved);
      const gone = "nGone.random";
      expect((await other.bus.find("acknowledge", gone, "e.1")).found).to.equal(true);
    } finally {
      for (const { bus } of [one, home, other]) await bus.close();
    }
  });

  it("does not say that a stream is unknown while its node may have lost its connection only", async () => {
    const proxy = await startTcpProxy(redis.port);
    const start = async (port: number) => {
      const url = `redis://127.0.0.1:${port}`;
      const nodes = await RedisNodes.start({ url, prefix: "cut:", onError: () => {} });
      const bus = new RedisBus(nodes, RECEIPT_MS);
      bus.listen({ acknowledge: async () => null } as Partial<Peer> as Peer);
      return { name: nodes.name, bus };
    };
    const [one, other] = [await start(redis.port), await start(proxy.port)];
    try {
      const find = () => one.bus.find("acknowledge", `${other.name}.stream`, "e.1");
      expect(await find()).to.deep.equal({ found: null, silent: 0 });
      await proxy.close();
      await eventually(5_000, async () => (await find()).silent === 1, "that it is missed");
      const again = await startTcpProxy(redis.port);
      const ending = await start(again.port);
      const ask = () => one.bus.find("acknowledge", `${ending.name}.stream`, "e.1");
      expect(await ask()).to.deep.equal({ found: null, silent: 0 });
      await ending.bus.close();
      await eventually(5_000, async () => (await ask()).silent === 0, "that it has ended");
    } finally {
      await one.bus.close();
      await other.bus.close();
      await closeTcpProxies();
    }
  });

  it("finds a stream that comes home, or to the node that asks, while it is searched for", async () => {
    const join = async () => {
      const nodes = await RedisNodes.start({
        url: redis.url,
        prefix: "moving:",
        onError: () => {},
      });
      const bus = new RedisBus(nodes, RECEIPT_MS);
      const answers: (boolean | null)[] = [];
      const acknowledge = async () => answers.shift() ?? null;
      bus.listen({ acknowledge } as Partial<Peer> as Peer);
      return { stream: `${nodes.name}.random`, bus, answers };
    };
    const [one, home, other] = [await join(), await join(), await join()];
    try {
      // As the stream goes from the other node to its home after that was asked.
      home.answers.push(null, true);
      const found = { found: true, silent: 0 };
      expect(await one.bus.find("acknowledge", home.stream, "e.1")).to.deep.equal(found);
      // And as it comes to the node that asks, which has looked before.
      one.answers.push(true);
      expect(await one.bus.find("acknowledge", home.stream, "e.1")).to.deep.equal(found);
    } finally {
      for (const { bus } of [one, home, other]) await bus.close();
    }
  });

  it("waits no more for a node whose machine is lost, though Redis still has its connection", async function () {
    this.timeout(40_000);
    const prefix = "lost:";
    const proxy = await startTcpProxy(redis.port);
    const start = async (port: number) => {
      const url = `redis://127.0.0.1:${port}`;
      const bus = new RedisBus(
        await RedisNodes.start({ url, prefix, onError: () => {} }),
        RECEIPT_MS,
      );
      bus.listen({ endAll: async () => 0 } as Partial<Peer> as Peer);
      return bus;
    };
    const [one, lost] = [await start(redis.port), await start(proxy.port)];
    try {
      const silent = async () => (await one.ask("endAll", { client: "panel" }, null)).silent;
      await eventually(5_000, async () => (await silent()) === 0, "both");
      proxy.freeze();
      expect(await silent()).to.equal(1);
      await eventually(20_000, async () => (await silent()) === 0, "that it is given up");
      const began = performance.now();
      expect(await silent()).to.equal(0);
      expect(performance.now() - began, "ms").to.be.below(1_000);
    } finally {
      await one.close();
      await lost.close();
      await proxy.close();
    }
  });

  it("knows for a while that a stream was closed before a node came", async () => {
    const receipt: Receipt = {
      stream: "nGone.random",
      closed: true,
      reason: "client",
      cursor: "e.1",
      acked: null,
      messages: 1,
      bytes: 2,
      openMs: 3,
    };
    const owner = { client: null, subject: "alice" };
    const join = async () => {
      const nodes = await RedisNodes.start({
        url: redis.url,
        prefix: "closed:",
        onError: () => {},
      });
      const bus = new RedisBus(nodes, RECEIPT_MS);
      let known: Receipt | null = null;
      const peer: Partial<Peer> = {
        noticeClosed: (ended, whose) => {
          expect(whose).to.deep.equal(owner);
          known = ended;
        },
        close: async () => known,
      };
      bus.listen(peer as Peer);
      return bus;
    };
    const first = await join();
    first.tell("noticeClosed", receipt, owner);
    const asked = await first.ask("endAll", { client: "nobody" }, null); // it has been sent by now
    expect(asked.silent).to.equal(0);
    await first.close();
    const later = await join();
    try {
      const find = (stream: string) => later.find("close", stream, "client", null);
      expect(await find("nGone.other")).to.deep.equal({ found: null, silent: 0 });
      expect(await find(receipt.stream)).to.deep.equal({ found: receipt, silent: 0 });
      const isForgotten = async () =>
        (await redis.command("EXISTS", `{closed:}bus:closed:${receipt.stream}`)) === 0;
      await eventually(5_000, isForgotten, "that Redis forgets it");
    } finally {
      await later.close();
    }
  });
});
