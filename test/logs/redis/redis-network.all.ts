import { expect } from "chai";
import type { MessageLog } from "../../../src/core/log.ts";
import { dataOf } from "../../contract/log-under-test.ts";
import { type RedisProcess, startRedis, stopRedis } from "../../support/redis.ts";
import {
  append,
  appendAgain,
  closeLogs,
  codeOf,
  openLogAt,
  read,
} from "../../support/redis-log.ts";
import { closeTcpProxies, startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";
import { removeTemporaryDirectories } from "../../support/temporary-directory.ts";
import { eventually } from "../../support/within.ts";

describe("the Redis log behind a network that fails", function () {
  this.timeout(40_000);
  let redis: RedisProcess;
  afterEach(async () => {
    await closeLogs();
    await closeTcpProxies();
    await stopRedis();
    removeTemporaryDirectories();
  });
  let proxy: TcpProxy;
  let log: MessageLog;

  beforeEach(async () => {
    redis = await startRedis();
    proxy = await startTcpProxy(redis.port);
    log = await openLogAt(`redis://127.0.0.1:${proxy.port}`);
  });

  it("never answers an append whose answer was cut, and finds it by its key", async () => {
    await append(log, "a", "0");
    for (const bytes of [0, 1, 7, 20]) {
      proxy.cutAfter(bytes);
      const key = `key ${bytes}`;
      expect(await codeOf(append(log, "a", String(bytes), key))).to.equal("FF_LOG_UNAVAILABLE");
      proxy.cutAfter(null);
      await appendAgain(log, "a", String(bytes), key);
    }
    expect((await read(log, "a")).messages.map(dataOf)).to.deep.equal([0, 0, 1, 7, 20]);
    expect(log.epoch, "the same Redis").to.equal((await log.tip()).split(".")[0]);
  });

  it("hears at once that it is cut, and comes back by itself", async () => {
    expect(await log.health()).to.equal(null);
    proxy.cutAll();
    const inTrouble = async () => (await log.health()) !== null;
    await eventually(5_000, inTrouble, "trouble");
    await appendAgain(log, "a", "1");
    await eventually(15_000, async () => (await log.health()) === null, "the end of trouble");
  });

  it("gives up on a connection that says nothing more, and keeps 500 appends waiting no longer", async () => {
    proxy.freeze();
    const codes = await Promise.all(
      Array.from({ length: 500 }, (_, n) => codeOf(append(log, "a", String(n)))),
    );
    expect(new Set(codes)).to.deep.equal(new Set(["FF_LOG_UNAVAILABLE"]));
    expect(await log.health()).to.include({ code: "FF_LOG_UNAVAILABLE" });
    proxy.thaw();
    await appendAgain(log, "a", "1");
  });

  it("waits for a slow Redis, and refuses when it is too slow", async () => {
    const slow = redis.command("DEBUG", "SLEEP", "1");
    await append(log, "a", "1");
    await slow;
    const slower = redis.command("DEBUG", "SLEEP", "7").catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await codeOf(append(log, "a", "2", "k"))).to.equal("FF_LOG_UNAVAILABLE");
    await slower;
    const id = await appendAgain(log, "a", "2", "k");
    const { messages } = await read(log, "a");
    expect(messages.map(dataOf)).to.deep.equal([1, 2]);
    expect(messages.at(-1)?.id).to.equal(id);
  });
});
