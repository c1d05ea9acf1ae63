import { readdirSync, statSync, truncateSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import type { RedisLogOptions } from "../../../src/logs/redis/redis-log.ts";
import { dataOf } from "../../contract/log-under-test.ts";
import { newMessage } from "../../support/messages.ts";
import { KEEPS_ALL, type RedisProcess, startRedis, stopRedis } from "../../support/redis.ts";
import {
  append,
  appendAgain,
  closeLogs,
  codeOf,
  openLogAt,
  read,
} from "../../support/redis-log.ts";
import { closeTcpProxies } from "../../support/tcp-proxy.ts";
import { removeTemporaryDirectories } from "../../support/temporary-directory.ts";
import { eventually } from "../../support/within.ts";

describe("the Redis that a log is opened in", function () {
  this.timeout(40_000);
  let redis: RedisProcess;

  const openLog = (more: Partial<RedisLogOptions> = {}) => openLogAt(redis.url, more);
  const refusalOf = async (more: Partial<RedisLogOptions> = {}) => {
    const error = await openLog(more).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).to.have.property("code", "FF_LOG_UNAVAILABLE");
    return String(error);
  };
  const servers: Server[] = [];

  afterEach(async () => {
    await closeLogs();
    await closeTcpProxies();
    for (const server of servers.splice(0)) server.close();
    await stopRedis();
    removeTemporaryDirectories();
  });

  describe("at the start", () => {
    it("refuses a Redis that evicts, with the remedy", async () => {
      redis = await startRedis(["--maxmemory-policy", "allkeys-lru"]);
      expect(await refusalOf()).to.match(/maxmemory-policy "allkeys-lru".*set it to noeviction/);
    });

    it("refuses a wrong password, which it does not repeat", async () => {
      redis = await startRedis(["--requirepass", "right"]);
      const url = `redis://:wr0ngpass@127.0.0.1:${redis.port}`;
      const began = performance.now();
      const text = await refusalOf({ url });
      expect(performance.now() - began, "ms, without trying again").to.be.below(4_000);
      expect(text).to.match(/can't be opened \(.*WRONGPASS/);
      expect(text).to.not.include("wr0ngpass");
      const log = await openLog({ url: `redis://:right@127.0.0.1:${redis.port}/3` });
      await append(log, "a", "1");
    });

    it("refuses a replica", async () => {
      redis = await startRedis();
      const { port } = redis;
      redis = await startRedis(["--replicaof", "127.0.0.1", String(port)]);
      expect(await refusalOf()).to.match(/a replica.*address of its master/);
    });

    it("refuses a Redis that is too old", async () => {
      const info = "redis_version:6.0.16\r\nmaxmemory_policy:noeviction\r\n";
      const port = await answer(`$${info.length}\r\n${info}\r\n`);
      expect(await refusalOf({ url: `redis://127.0.0.1:${port}` })).to.match(
        /version "6.0.16": use 7.0 or newer/,
      );
    });

    it("refuses what is not a Redis", async () => {
      const port = await answer("HTTP/1.1 400 Bad Request\r\n\r\n");
      await refusalOf({ url: `redis://127.0.0.1:${port}` });
    });

    it("waits some seconds for a Redis that is not there yet", async () => {
      redis = await startRedis();
      await redis.stop();
      const opening = openLog();
      await redis.start();
      await append(await opening, "a", "1");
    });

    it("says that there is none", async () => {
      redis = await startRedis();
      await redis.stop();
      expect(await refusalOf()).to.match(/127\.0\.0\.1:\d+ can't be opened .*: start Redis/);
    });

    /** A server that answers every command with this text. */
    async function answer(text: string): Promise<number> {
      const server = createServer((socket: Socket) => {
        socket.on("error", () => {});
        socket.on("data", (data) => {
          const commands = String(data).match(/\*\d+\r\n/g)?.length ?? 1;
          const isInfo = /\bINFO\b/.test(String(data)) || !text.startsWith("$");
          socket.write(isInfo ? text : "+OK\r\n".repeat(commands));
        });
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return (server.address() as AddressInfo).port;
    }
  });

  describe("whose Redis is started again", () => {
    it("begins a new epoch, as messages may be lost, and goes on in it", async () => {
      redis = await startRedis(["--appendonly", "yes", "--appendfsync", "everysec"]);
      const log = await openLog();
      const first = await append(log, "a", "1");
      const before = await append(log, "a", "2");
      await setTimeout(2_500); // with everysec, all is in the file by then
      await redis.stop();
      expect(await codeOf(append(log, "a", "lost"))).to.equal("FF_LOG_UNAVAILABLE");
      await redis.start();
      await appendAgain(log, "a", "3");
      expect(log.epoch > (before.split(".")[0] as string), "it rises").to.equal(true);
      for (const [after, wanted] of [
        [before, [3]],
        [first, [2, 3]],
      ] as const) {
        const { gaps, messages } = await read(log, "a", after);
        expect(gaps.map(({ reason }) => reason)).to.deep.equal(["epoch"]);
        expect(messages.map(dataOf), "what that cursor had not seen").to.deep.equal(wanted);
      }
    });

    for (const [what, settings, trustRestart] of [
      ["whose disk has all that was answered", KEEPS_ALL, false],
      ["that is trusted", ["--appendonly", "yes", "--appendfsync", "everysec"], true],
    ] as const) {
      it(`goes on in its epoch with a Redis ${what}`, async () => {
        redis = await startRedis(settings);
        const log = await openLog({ trustRestart });
        const before = await append(log, "a", "1", "key");
        if (trustRestart) await setTimeout(2_500); // with everysec, all is on the disk by then
        await redis.stop();
        await redis.start();
        const later = await appendAgain(log, "a", "2");
        expect(later.split(".")[0]).to.equal(before.split(".")[0]);
        expect(await append(log, "a", "1", "key")).to.equal(before);
        const { gaps, messages } = await read(log, "a");
        expect(gaps).to.deep.equal([]);
        expect(messages.map(dataOf)).to.deep.equal([1, 2]);
      });
    }

    it("goes on in its epoch though it is asked while it reads its file", async () => {
      // Redis answers some questions meanwhile, every 1,024 commands, each of which takes 0.3 ms.
      redis = await startRedis([...KEEPS_ALL, "--key-load-delay", "300"]);
      const log = await openLog();
      const messages = Array.from({ length: 200 }, () => newMessage("a", "1"));
      for (let n = 0; n < 20; n++) await log.append({ messages });
      const { epoch } = log;
      for (let n = 0; n < 3; n++) {
        await redis.stop();
        await redis.start();
        await appendAgain(log, "a", "2");
        expect(log.epoch).to.equal(epoch);
      }
    });

    it("loses nothing by a second restart after a crash that has cut an append", async () => {
      redis = await startRedis(KEEPS_ALL);
      const log = await openLog();
      await append(log, "a", "1");
      await append(log, "a", '"cut"');
      await redis.stop();
      await cutAof(redis, 60);
      await redis.start();
      const before = await appendAgain(log, "a", "2");
      await eventually(10_000, () => isRewritten(redis), "the rewrite of the file");
      await redis.stop();
      await redis.start();
      const later = await appendAgain(log, "a", "3");
      expect(later.split(".")[0]).to.equal(before.split(".")[0]);
      const { gaps, messages } = await read(log, "a");
      expect(gaps).to.deep.equal([]);
      expect(messages.map(dataOf)).to.deep.equal([1, 2, 3]);
    });

    /** Cut the end off the file that a Redis that is stopped appends to. */
    async function cutAof({ directory }: RedisProcess, bytes: number): Promise<void> {
      const folder = join(directory, "appendonlydir");
      const [name = ""] = readdirSync(folder).filter((file) => file.endsWith(".incr.aof"));
      const file = join(folder, name);
      truncateSync(file, statSync(file).size - bytes);
    }

    /** Whether it has another file than that with which it was started first. */
    function isRewritten({ directory }: RedisProcess): boolean {
      const names = readdirSync(join(directory, "appendonlydir"));
      return !names.includes("appendonly.aof.1.base.rdb");
    }

    it("begins a new epoch with a replica that has taken its place", async () => {
      const master = await startRedis(KEEPS_ALL);
      const log = await openLogAt(master.url);
      await append(log, "a", "1");
      redis = await startRedis([...KEEPS_ALL, "--replicaof", "127.0.0.1", String(master.port)]);
      // A Redis that runs for as little as a second or two may just have been started again.
      const isOld = async () => {
        const [, uptime] =
          /uptime_in_seconds:(\d+)/.exec(String(await redis.command("INFO"))) ?? [];
        return Number(uptime) >= 3;
      };
      await eventually(10_000, isOld, "its age");
      const before = await append(log, "a", "2");
      const isCopied = async () => (await redis.command("XLEN", "{ff:}c:a")) === 2;
      await eventually(10_000, isCopied, "the copy");
      await log.close();
      await master.stop();
      await redis.command("REPLICAOF", "NO", "ONE");
      const other = await openLog();
      expect(other.epoch > (before.split(".")[0] as string)).to.equal(true);
      expect((await read(other, "a")).messages.map(dataOf)).to.deep.equal([1, 2]);
    });
  });
});
