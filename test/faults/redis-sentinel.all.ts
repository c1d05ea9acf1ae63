import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { closeConnections, openFrame, publishJson, type WireEvent } from "../support/raw-http.ts";
import { hasInfo, stopRedis } from "../support/redis.ts";
import { type SentinelGroup, startSentinels, stopSentinels } from "../support/redis-sentinel.ts";
import { ask } from "../support/request.ts";
import { CliProcess, killProcesses, startServeProcess } from "../support/serve-process.ts";
import { closeTcpProxies, startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { eventually, within } from "../support/within.ts";

const PUBLISHERS = 3;

describe("two servers whose Redis has sentinels", function () {
  this.timeout(120_000);
  let group: SentinelGroup;
  let proxy: TcpProxy;

  const startGroup = () =>
    startSentinels([], async ({ port }) => {
      proxy = await startTcpProxy(port);
      return proxy.port;
    });
  /** From now on replicas get nothing more from the master. */
  const holdReplicas = async () => {
    // Sentinels lead them to the master itself, past the proxy, after some seconds.
    for (const replica of group.replicas) {
      await replica.command("REPLICAOF", "127.0.0.1", String(proxy.port));
      const isLinked = () => hasInfo(replica, "master_link_status:up");
      await eventually(10_000, isLinked, "the replica's link");
    }
    proxy.freeze();
  };

  afterEach(async () => {
    closeConnections();
    killProcesses();
    await stopSentinels();
    await closeTcpProxies();
    await stopRedis();
    removeTemporaryDirectories();
  });

  const serve = (...flags: readonly string[]) =>
    startServeProcess(["--log", group.url, "--heartbeat-ms", "1000", ...flags]);
  const publish = async (url: string, value: unknown, key: string) => {
    const { status } = await ask(url, "POST", "/channels/a/messages", {
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
      body: JSON.stringify(value),
      ms: 20_000,
    });
    return status;
  };
  const publishAgain = (url: string, value: string) =>
    eventually(40_000, async () => (await publish(url, value, value)) === 201, `${value} taken`);
  const dataOf = (events: readonly WireEvent[]) =>
    events.filter(({ type }) => type === "message").map(({ data }) => data);
  const hasData = (wanted: unknown) => (events: readonly WireEvent[]) =>
    dataOf(events).includes(wanted);

  it("tell every stream by a gap of a message that a failover has lost, and go on", async () => {
    group = await startGroup();
    const [one, two] = await Promise.all([serve(), serve()]);
    const streams = await Promise.all([one, two].map(({ url }) => openFrame(url, "channels=a")));
    await publishJson(one.url, "a", "kept");
    const isCopied = async () => (await group.replicas[0]?.command("XLEN", "{ff:}c:a")) === 1;
    await eventually(5_000, isCopied, "the copy");
    await holdReplicas();
    await publishJson(one.url, "a", "lost");
    for (const { connection } of streams) await connection.untilEvents(hasData("lost"), "lost");
    await group.master.stop();
    await group.untilFailover();
    await publishAgain(two.url, "next");
    for (const { connection } of streams) {
      const events = await connection.untilEvents(hasData("next"), "next", 10_000);
      const seen = events.map(({ type, data, reason }) => data ?? (type === "gap" ? reason : null));
      expect(seen.filter((each) => each !== null)).to.deep.equal(["kept", "lost", "epoch", "next"]);
    }
    const { connection } = await openFrame(one.url, "channels=a&last=100");
    const events = await connection.untilEvents(hasData("next"), "next");
    expect(dataOf(events)).to.deep.equal(["kept", "next"]);
  });

  for (const [what, away] of [
    ["is killed", () => group.master.stop()],
    ["hangs, and comes back later", async () => group.master.signal("SIGSTOP")],
  ] as const) {
    it(`lose nothing that was answered, and take nothing back, when the master ${what}`, async () => {
      group = await startGroup();
      const flags = ["--redis-wait", "1", "--retain-messages", "100000"];
      const [one, two] = await Promise.all([serve(...flags), serve(...flags)]);
      const streams = await Promise.all(
        [one, two, one].map(({ url }, n) => openFrame(url, n === 2 ? "channels=*" : "channels=a")),
      );
      const answered: string[] = [];
      let isDone = false;
      const publishers = Array.from({ length: PUBLISHERS }, async (_, p) => {
        for (let n = 0; !isDone; n++) {
          const value = `${p}-${n}`;
          await publishAgain(n % 2 === 0 ? one.url : two.url, value);
          answered.push(value);
          await pause(50);
        }
      });
      await eventually(20_000, () => answered.length > 100, "100 publishes");
      await holdReplicas();
      await pause(300); // what is published now is at the master only
      await away();
      const next = await group.untilFailover();
      const before = answered.length;
      await eventually(40_000, () => answered.length > before + 100, "100 more");
      const { open } = await openFrame(one.url, "channels=b");
      const close = () => ask(two.url, "POST", `/streams/${open["stream"]}/close`, { ms: 10_000 });
      await eventually(20_000, async () => (await close()).status === 200, "a close");
      group.master.signal("SIGCONT");
      const isBack = () => hasInfo(group.master, "role:slave");
      if (what !== "is killed") await eventually(20_000, isBack, "the old master as a replica");
      isDone = true;
      await Promise.all(publishers);
      const last = await publishJson(one.url, "a", "last");
      const origin = last.replace(/\..*/, ".0000000000000");
      const { connection } = await openFrame(two.url, `channels=a&after=${origin}`);
      const kept = dataOf(await connection.untilEvents(hasData("last"), "all", 20_000));
      const all = new Set<unknown>(kept);
      expect(
        answered.filter((value) => !all.has(value)),
        "lost",
      ).to.deep.equal([]);
      expect(all, "each once").to.have.lengthOf(kept.length);
      for (const stream of streams) {
        const events = await stream.connection.untilEvents(hasData("last"), "the last", 20_000);
        expect(dataOf(events)).to.deep.equal(kept);
        expect(events.filter(({ type }) => type === "close")).to.deep.equal([]);
      }
      expect(await next.command("XLEN", "{ff:}c:a")).to.equal(kept.length);
    });
  }

  it("go on without a gap where a trusted replica has all that was shown", async () => {
    group = await startSentinels();
    const flags = ["--redis-wait", "2", "--redis-trust-restart"];
    const [one, two] = await Promise.all([serve(...flags), serve(...flags)]);
    const { connection } = await openFrame(one.url, "channels=a");
    for (const value of ["1", "2"]) await publishAgain(two.url, value);
    await group.master.stop();
    await group.untilFailover();
    await group.master.start();
    await publishAgain(two.url, "3");
    const events = await connection.untilEvents(hasData("3"), "3", 20_000);
    expect(dataOf(events)).to.deep.equal(["1", "2", "3"]);
    expect(events.filter(({ type }) => type === "gap" || type === "close")).to.deep.equal([]);
  });

  it("are refused in one sentence that has no password where no sentinel knows the master", async () => {
    group = await startSentinels();
    const url = group.url.replace("://", "://user:s3cret@").replace("mymaster", "other");
    const { outcome } = new CliProcess(["serve", "--port", "0", "--log", url]);
    const { code, stderr, stdout } = await within(30_000, outcome, "the refusal");
    expect(stderr.trim().split("\n"), stderr).to.have.lengthOf(1);
    expect(stderr).to.match(/No sentinel at 127\.0\.0\.1:\d+,.* says where the master "other" is/);
    expect(stderr + stdout).to.not.include("s3cret");
    expect(code).to.be.greaterThan(0);
  });
});
