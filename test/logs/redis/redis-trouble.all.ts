import { expect } from "chai";
import type { RedisLogOptions } from "../../../src/logs/redis/redis-log.ts";
import { dataOf } from "../../contract/log-under-test.ts";
import { ChangingRules } from "../../support/changing-rules.ts";
import { type RedisProcess, startRedis, stopRedis } from "../../support/redis.ts";
import { append, closeLogs, codeOf, openLogAt, read } from "../../support/redis-log.ts";
import { closeTcpProxies } from "../../support/tcp-proxy.ts";
import { removeTemporaryDirectories } from "../../support/temporary-directory.ts";
import { eventually } from "../../support/within.ts";

describe("the Redis log in trouble", function () {
  this.timeout(40_000);
  let redis: RedisProcess;
  const rules = new ChangingRules();

  const openLog = (more: Partial<RedisLogOptions> = {}) =>
    openLogAt(redis.url, { retention: rules, ...more });

  beforeEach(() => rules.keep({}));
  afterEach(async () => {
    await closeLogs();
    await closeTcpProxies();
    await stopRedis();
    removeTemporaryDirectories();
  });

  describe("whose keys somebody has touched", () => {
    beforeEach(async () => {
      redis = await startRedis();
    });

    it("goes on when its scripts were flushed", async () => {
      const log = await openLog();
      await append(log, "a", "1");
      await redis.command("SCRIPT", "FLUSH");
      await append(log, "a", "2");
      expect((await read(log, "a")).messages.map(dataOf)).to.deep.equal([1, 2]);
    });

    it("tells of a gap where a channel's key has vanished, and takes the channel anew", async () => {
      const log = await openLog();
      const start = await append(log, "b", "0");
      for (const data of ["1", "2"]) await append(log, "a", data);
      await redis.command("DEL", "{ff:}c:a");
      const lost = await read(log, "a", start);
      expect(lost.messages).to.deep.equal([]);
      expect(lost.gaps.map(({ channels, reason }) => [...channels, reason])).to.deep.equal([
        ["a", "expired"],
      ]);
      await append(log, "a", "3");
      for (const channels of ["a", "*"]) {
        const batch = await read(log, channels, start);
        expect(batch.messages.map(dataOf)).to.deep.equal([3]);
        expect(batch.gaps.length, channels).to.be.greaterThan(0);
      }
      expect((await read(log, "b", start)).gaps).to.deep.equal([]);
      while (await log.trim());
      expect(await redis.command("ZCARD", "{ff:}index"), "rows that are left").to.equal(2);
    });

    it("tells of a gap where messages of a channel were removed by hand, when it is appended to", async () => {
      const log = await openLog();
      const start = await append(log, "b", "0");
      for (const data of ["1", "2", "3"]) await append(log, "a", data);
      await redis.command("XTRIM", "{ff:}c:a", "MAXLEN", "=", "1");
      await append(log, "a", "4");
      const batch = await read(log, "a", start);
      expect(batch.messages.map(dataOf)).to.deep.equal([4]);
      expect(batch.gaps).to.have.lengthOf(1);
    });

    it("refuses a channel whose key has another type, and serves all others", async () => {
      const log = await openLog();
      await append(log, "b", "0");
      await redis.command("SET", "{ff:}c:a", "of another program");
      expect(await codeOf(append(log, "a", "1"))).to.equal("FF_LOG_UNAVAILABLE");
      await append(log, "b", "1");
      expect((await read(log, "**")).messages.map(dataOf)).to.deep.equal([0, 1]);
      expect(await redis.command("GET", "{ff:}c:a")).to.equal("of another program");
    });

    it("trims others while a channel that is due has a key of another type", async () => {
      rules.keep({ maxMessages: 1 });
      const log = await openLog();
      for (const channel of ["a", "b"]) for (const n of ["1", "2"]) await append(log, channel, n);
      await redis.command("SET", "{ff:}c:a", "of another program");
      for (let n = 0; n < 10 && (await log.trim()); n++);
      expect(await log.trim(), "no endless work").to.equal(false);
      expect((await read(log, "b")).messages.map(dataOf)).to.deep.equal([2]);
    });

    it("begins a new epoch where all keys have vanished, and sweeps up what is left", async () => {
      const log = await openLog();
      const before = await append(log, "a", "1");
      await redis.command("DEL", "{ff:}marks");
      const batch = await read(log, "a", before);
      expect(log.epoch > (before.split(".")[0] as string), "it rises").to.equal(true);
      expect(batch.gaps.map(({ reason, after }) => ({ reason, after }))).to.deep.equal([
        { reason: "epoch", after: before },
      ]);
      expect(batch.messages).to.deep.equal([]);
      await eventually(
        5_000,
        async () => (await redis.command("EXISTS", "{ff:}c:a")) === 0,
        "the sweep",
      );
      const id = await append(log, "a", "2");
      expect(id > before).to.equal(true);
      expect((await read(log, "a", batch.cursor)).messages.map(dataOf)).to.deep.equal([2]);
      await redis.command("FLUSHALL");
      expect((await read(log, "**", id)).gaps[0]?.reason).to.equal("epoch");
    });

    for (const key of ["index", "data", "records", "names"]) {
      it(`begins a new epoch where its ${key} key has vanished, and keeps revocations`, async () => {
        const log = await openLog();
        const { epoch } = log;
        await append(log, "a", "1");
        await log.revoke({ kind: "sub", value: "x", before: 1, until: null });
        await redis.command("DEL", `{ff:}${key}`);
        await append(log, "a", "2");
        expect(log.epoch > epoch).to.equal(true);
        expect((await read(log, "**")).messages.map(dataOf)).to.deep.equal([2]);
        expect(await log.revocations(0, 10)).to.have.lengthOf(1);
      });
    }
  });

  describe("whose Redis is full", () => {
    it("refuses with FF_LOG_FULL, stores nothing of it, and can still delete and trim", async () => {
      redis = await startRedis();
      const log = await openLog();
      const large = JSON.stringify("x".repeat(50_000));
      for (let n = 0; n < 20; n++) await append(log, n < 10 ? "a" : "b", large);
      const start = await append(log, "small", "1");
      await redis.command("CONFIG", "SET", "maxmemory", "1mb");
      expect(await codeOf(append(log, "c", large))).to.equal("FF_LOG_FULL");
      expect(
        await codeOf(log.revoke({ kind: "sub", value: "x", before: 1, until: null })),
      ).to.equal("FF_LOG_FULL");
      expect(await log.health()).to.include({ code: "FF_LOG_FULL" });
      expect(await log.tip(), "nothing was stored").to.equal(start);
      expect((await read(log, "small")).messages).to.have.lengthOf(1);
      expect(await log.deleteChannel("a")).to.equal(10);
      rules.keep({ maxMessages: 1 });
      while (await log.trim());
      expect((await read(log, "b")).messages).to.have.lengthOf(1);
      expect(log.epoch, "whole").to.equal(start.split(".")[0]);
      await redis.command("CONFIG", "SET", "maxmemory", "0");
      await append(log, "c", large);
    });
  });
});
