import { RedisBus } from "../../src/buses/redis-bus.ts";
import { describeBus } from "../contract/bus-contract.ts";
import { type RedisProcess, startRedis } from "../support/redis.ts";
import { startTcpProxy } from "../support/tcp-proxy.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";

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
        const bus = await RedisBus.start({ url, prefix, onError: () => {} });
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
});
