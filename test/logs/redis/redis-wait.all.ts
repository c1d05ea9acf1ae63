import { expect } from "chai";
import { type MessageLog, originOf } from "../../../src/core/log.ts";
import { openRedisLog, type RedisLogOptions } from "../../../src/logs/redis/redis-log.ts";
import { describeLogContract, type LogFixture } from "../../contract/log-contract.ts";
import { dataOf } from "../../contract/log-under-test.ts";
import { describeSharedLog } from "../../contract/shared-log-contract.ts";
import { ChangingRules } from "../../support/changing-rules.ts";
import { type RedisProcess, startRedis, startReplica, stopRedis } from "../../support/redis.ts";
import {
  append,
  appendAgain,
  closeLogs,
  codeOf,
  openLogAt,
  read,
} from "../../support/redis-log.ts";
import { closeTcpProxies, startTcpProxy } from "../../support/tcp-proxy.ts";
import { removeTemporaryDirectories } from "../../support/temporary-directory.ts";
import { eventually } from "../../support/within.ts";

describe("with a Redis and its replica", () => {
  let master: RedisProcess;
  before(async () => {
    master = await startRedis();
    await startReplica(master);
  });
  after(async () => {
    await stopRedis();
    removeTemporaryDirectories();
  });

  const fixture: LogFixture = {
    open: (location, options) =>
      openRedisLog({
        ...options,
        url: master.url,
        prefix: `${location}:`,
        trustRestart: false,
        wait: 1,
        clock: "own",
      }),
  };
  describeLogContract("the Redis log that waits for a replica", fixture);
  describeSharedLog("the Redis log that waits for a replica", fixture);
});

describe("the Redis log that waits for replicas", function () {
  this.timeout(60_000);
  let master: RedisProcess;
  let replica: RedisProcess;
  const rules = new ChangingRules();

  const openLog = (more: Partial<RedisLogOptions> = {}) =>
    openLogAt(master.url, { wait: 1, retention: rules, ...more });
  const datas = async (log: MessageLog, after = originOf(log.epoch)) =>
    (await read(log, "a", after)).messages.map(dataOf);
  const shows = (log: MessageLog, count: number) =>
    eventually(10_000, async () => (await datas(log)).length === count, `${count} messages`);

  beforeEach(async () => {
    rules.keep({});
    master = await startRedis();
    replica = await startReplica(master);
  });
  afterEach(async () => {
    await closeLogs();
    await closeTcpProxies();
    await stopRedis();
    removeTemporaryDirectories();
  });

  it("refuses, and shows nobody, what replicas don't have, and shows it when they do", async () => {
    const [log, other] = [await openLog(), await openLog()];
    const start = await append(log, "a", "0");
    replica.signal("SIGSTOP");
    const refused = await append(log, "a", "1", "key").catch((error: unknown) => error);
    expect(refused).to.have.property("code", "FF_LOG_UNAVAILABLE");
    expect(String(refused)).to.match(/Too few replicas.*--redis-wait 1.*same Idempotency-Key/);
    expect(await codeOf(append(log, "a", "1", "key")), "a repeat").to.equal("FF_LOG_UNAVAILABLE");
    expect(await log.health()).to.include({ code: "FF_LOG_UNAVAILABLE" });
    for (const reader of [log, other]) {
      expect(await reader.tip()).to.equal(start);
      for (const channels of ["a", "**"])
        expect((await read(reader, channels)).messages.map(dataOf)).to.deep.equal([0]);
      expect((await reader.channels("", 10)).map(({ last }) => last)).to.deep.equal([start]);
    }
    replica.signal("SIGCONT");
    for (const reader of [log, other]) await shows(reader, 2); // and nobody has published
    const id = await append(log, "a", "1", "key");
    expect(id, "the first call's").to.equal(await other.tip());
    expect(await datas(log)).to.deep.equal([0, 1]);
    await eventually(15_000, async () => (await log.health()) === null, "the end of trouble");
  });

  it("shows what a server had written that has ended before replicas had it", async () => {
    const [log, other] = [await openLog(), await openLog()];
    replica.signal("SIGSTOP");
    expect(await codeOf(append(log, "a", "1"))).to.equal("FF_LOG_UNAVAILABLE");
    await log.close();
    replica.signal("SIGCONT");
    await shows(other, 1);
    // As if it had ended when replicas had it, but before it could say so
    await master.command("HSET", "{ff:}marks", "committed", "0000000000000");
    expect(await datas(other)).to.deep.equal([]);
    await shows(other, 1);
  });

  it("waits once for many", async () => {
    const log = await openLog();
    await Promise.all(Array.from({ length: 2_000 }, (_, n) => append(log, "a", String(n))));
    expect((await read(log, "**")).messages).to.have.lengthOf(1_000);
    const stats = String(await master.command("INFO", "COMMANDSTATS"));
    const [, calls] = /cmdstat_wait:calls=(\d+)/.exec(stats) ?? [];
    expect(Number(calls)).to.be.within(1, 400);
  });

  it("waits for deletes and revocations, too", async () => {
    const log = await openLog();
    await append(log, "a", "1");
    replica.signal("SIGSTOP");
    const revocation = { kind: "sub", value: "x", before: 1, until: null } as const;
    const codes = await Promise.all([log.deleteChannel("a"), log.revoke(revocation)].map(codeOf));
    expect(codes).to.deep.equal(["FF_LOG_UNAVAILABLE", "FF_LOG_UNAVAILABLE"]);
    replica.signal("SIGCONT");
    await log.revoke(revocation);
    expect(await log.deleteChannel("a")).to.equal(0);
  });

  it("tells once of messages that were removed before they were shown", async () => {
    const log = await openLog();
    rules.keep({ maxMessages: 1 });
    for (const data of ["1", "2"]) await append(log, "b", data);
    const start = await append(log, "a", "0");
    while (await log.trim());
    replica.signal("SIGSTOP");
    await Promise.all(["1", "2", "3"].map((data) => codeOf(append(log, "a", data))));
    while (await log.trim());
    for (const channels of ["a", "**"]) {
      const batch = await read(log, channels, start);
      expect(batch, "nothing yet").to.deep.include({ cursor: start, gaps: [], messages: [] });
    }
    for (const channels of ["a,b", "**"]) {
      const { gaps } = await read(log, channels);
      expect(gaps.flatMap((gap) => gap.channels)).to.have.members(["a", "b"]);
      for (const { upTo } of gaps) expect(upTo <= start, "no further than is shown").to.equal(true);
    }
    replica.signal("SIGCONT");
    for (const channels of ["a", "**"]) {
      const isThere = async () => (await read(log, channels, start)).messages.length > 0;
      await eventually(10_000, isThere, "the last");
      const { messages, gaps, cursor } = await read(log, channels, start);
      expect(messages.map(dataOf)).to.deep.equal([3]);
      expect(gaps.map(({ reason }) => reason)).to.deep.equal(["expired"]);
      expect((await read(log, channels, cursor)).gaps).to.deep.equal([]);
    }
  });

  it("never takes another Redis's replicas for those of the one that has the message", async () => {
    const proxy = await startTcpProxy(master.port);
    const log = await openLogAt(`redis://127.0.0.1:${proxy.port}`, { wait: 1 });
    await append(log, "a", "0");
    const before = log.epoch;
    replica.signal("SIGSTOP");
    const outcome = codeOf(append(log, "a", "lost"));
    const isThere = async () => (await master.command("XLEN", "{ff:}c:a")) === 2;
    await eventually(5_000, isThere, "the message");
    const next = await startRedis();
    await startReplica(next);
    proxy.retarget(next.port);
    proxy.cutAll();
    expect(await outcome).to.equal("FF_LOG_UNAVAILABLE");
    await appendAgain(log, "a", "1");
    expect(log.epoch > before).to.equal(true);
    expect(await datas(log)).to.deep.equal([1]);
  });

  it("is not opened by a server that waits for another number, until all others have ended", async () => {
    const log = await openLog();
    for (const wait of [0, 2]) {
      const refused = await openLog({ wait }).catch((error: unknown) => error);
      expect(String(refused)).to.match(/another server.*--redis-wait 1, and this one \d/i);
    }
    await append(log, "a", "1");
    await log.close();
    const other = await openLog({ wait: 0 });
    await append(other, "a", "2");
    await other.close();
    const again = await openLog();
    expect(await datas(again), "all that was promised without replicas").to.deep.equal([1, 2]);
    await append(again, "a", "3");
  });

  it("shows no less than before where the mark in Redis is older, as a replica's may be", async () => {
    const log = await openLog();
    const shown = await append(log, "a", "1");
    replica.signal("SIGSTOP");
    await master.command("HSET", "{ff:}marks", "committed", "0000000000000");
    await master.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    const showsAll = async () => (await log.tip().catch(() => "")) === shown;
    await eventually(4_000, showsAll, "the tip, though no replica answers");
    expect(await datas(log)).to.deep.equal([1]);
  });

  it("takes a replica that comes later, whichever connection is older", async () => {
    const lone = await startRedis();
    const log = await openLogAt(lone.url, { wait: 1 });
    await startReplica(lone); // which gives the master another replication id
    await appendAgain(log, "a", "0");
    const clients = String(await lone.command("CLIENT", "LIST"));
    const scripts = clients.split("\n").filter((line) => /cmd=(?:eval|wait)/.test(line));
    const ids = scripts.map((line) => Number(/^id=(\d+)/.exec(line)?.[1]));
    expect(ids).to.have.lengthOf(2);
    await lone.command("CLIENT", "KILL", "ID", String(Math.max(...ids))); // the one that waits
    await appendAgain(log, "a", "1");
  });

  it("goes on when the connection on which it waits is cut", async () => {
    const log = await openLog();
    for (let n = 0; n < 5; n++) {
      await append(log, "a", String(n));
      await master.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      await appendAgain(log, "a", `${n}00`);
    }
    expect(log.epoch).to.equal((await log.tip()).split(".")[0]);
  });
});
