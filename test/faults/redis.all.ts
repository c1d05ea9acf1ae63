import { expect } from "chai";
import { closeConnections, openFrame, publishJson, type WireEvent } from "../support/raw-http.ts";
import { KEEPS_ALL, type RedisProcess, startRedis, stopRedis } from "../support/redis.ts";
import { ask } from "../support/request.ts";
import { CliProcess, killProcesses, startServeProcess } from "../support/serve-process.ts";
import { closeTcpProxies, startTcpProxy } from "../support/tcp-proxy.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { eventually, within } from "../support/within.ts";

describe("a server whose log is in Redis", function () {
  this.timeout(60_000);
  let redis: RedisProcess;

  afterEach(async () => {
    closeConnections();
    killProcesses();
    await closeTcpProxies();
    await stopRedis();
    removeTemporaryDirectories();
  });

  const serve = (...flags: readonly string[]) =>
    startServeProcess(["--log", redis.url, "--heartbeat-ms", "1000", ...flags]);
  const publish = async (url: string, value: unknown, key?: string) => {
    const { status, json } = await ask(url, "POST", "/channels/a/messages", {
      headers: { "Content-Type": "application/json", ...(key && { "Idempotency-Key": key }) },
      body: JSON.stringify(value),
      ms: 15_000,
    });
    return { status, code: json.code };
  };
  const isReady = async (url: string) => (await ask(url, "GET", "/readyz")).status === 200;
  const dataOf = (events: readonly WireEvent[]) =>
    events.filter(({ type }) => type === "message").map(({ data }) => data);
  const hasData = (wanted: unknown) => (events: readonly WireEvent[]) =>
    dataOf(events).includes(wanted);

  it("keeps its streams while Redis is away, refuses publishes, and goes on exactly where it was", async () => {
    redis = await startRedis(KEEPS_ALL);
    const { process: server, url } = await serve();
    expect(server.stdout).to.include(`log          ${redis.url} (shared)`);
    const { connection } = await openFrame(url, "channels=a");
    for (let n = 0; n < 20; n++) await openFrame(url, `channels=a&last=${n}`);
    await publishJson(url, "a", 1);
    await connection.untilEvents(hasData(1), "1");
    await redis.stop();
    for (let n = 0; n < 5; n++)
      expect(await publish(url, "lost")).to.deep.equal({ status: 503, code: "FF_LOG_UNAVAILABLE" });
    expect((await ask(url, "GET", "/readyz")).json).to.include({ code: "FF_LOG_UNAVAILABLE" });
    await redis.start();
    const again = async () => (await publish(url, 2, "key")).status === 201;
    await eventually(20_000, again, "a publish");
    const events = await connection.untilEvents(hasData(2), "2");
    expect(dataOf(events)).to.deep.equal([1, 2]);
    expect(events.filter(({ type }) => type === "gap" || type === "close")).to.deep.equal([]);
    await eventually(20_000, () => isReady(url), "readiness");
    expect(server.stderr.match(/log unavailable/g), server.stderr).to.have.lengthOf(1);
    const unread = server.stderr.match(/log can't be read/g) ?? [];
    expect(unread.length, server.stderr).to.be.at.most(1);
  });

  for (const [what, command] of [
    ["joins the other servers", "INCR"],
    ["reads what was revoked", "EVALSHA"],
  ] as const) {
    it(`starts also when the network to Redis is cut while it ${what}`, async () => {
      redis = await startRedis();
      const proxy = await startTcpProxy(redis.port);
      proxy.cutBefore(command);
      const { url } = await startServeProcess(["--log", `redis://127.0.0.1:${proxy.port}`]);
      await publishJson(url, "a", 1);
    });
  }

  it("keeps its streams while Redis hangs, refuses publishes in time, and goes on", async () => {
    redis = await startRedis();
    const { url } = await serve();
    const { connection, open } = await openFrame(url, "channels=a");
    await publishJson(url, "a", 1);
    await connection.untilEvents(hasData(1), "1");
    redis.signal("SIGSTOP");
    const began = performance.now();
    const refused = await Promise.all([1, 2, 3].map(() => publish(url, "unknown", "key")));
    expect(performance.now() - began, "ms").to.be.below(8_000);
    refused.push(await publish(url, "refused"));
    expect(performance.now() - began, "ms, the next not held up again").to.be.below(8_000);
    for (const answer of refused)
      expect(answer).to.deep.equal({ status: 503, code: "FF_LOG_UNAVAILABLE" });
    expect(await isReady(url)).to.equal(false);
    const heard = connection.chunks.length;
    await eventually(5_000, () => connection.chunks.length > heard + 1, "heartbeats");
    redis.signal("SIGCONT");
    const again = async () => (await publish(url, "unknown", "key")).status === 201;
    await eventually(20_000, again, "a publish");
    const events = await connection.untilEvents(hasData("unknown"), "it, once");
    expect(dataOf(events)).to.deep.equal([1, "unknown"]);
    expect(events.filter(({ type }) => type === "gap" || type === "close")).to.deep.equal([]);
    const closed = await ask(url, "POST", `/streams/${open["stream"]}/close`);
    expect(closed.json).to.include({ reason: "client" });
  });

  it("tells every stream of a new epoch, live or not, when Redis may have lost messages", async () => {
    redis = await startRedis();
    const { url } = await serve();
    const { connection: live } = await openFrame(url, "channels=a");
    const { connection: pattern } = await openFrame(url, "channels=a,b.*");
    const last = await publishJson(url, "a", 1);
    await live.untilEvents(hasData(1), "1");
    await redis.stop();
    await redis.start(); // empty
    await eventually(20_000, async () => (await publish(url, 2)).status === 201, "a publish");
    for (const connection of [live, pattern]) {
      const events = await connection.untilEvents(hasData(2), "2");
      expect(dataOf(events)).to.deep.equal([1, 2]);
      const gaps = events.filter(({ type }) => type === "gap");
      expect(gaps.map(({ reason, after }) => ({ reason, after }))).to.deep.equal([
        { reason: "epoch", after: last },
      ]);
    }
    const { connection: back } = await openFrame(url, `channels=a&after=${last}`);
    const events = await back.untilEvents(hasData(2), "2 again");
    expect(events.map(({ type }) => type)).to.include("gap");
    await publishJson(url, "a", 3);
    for (const connection of [live, pattern, back])
      expect(dataOf(await connection.untilEvents(hasData(3), "3")).slice(-2)).to.deep.equal([2, 3]);
  });

  it("shares it with workers, whichever is asked, and keeps it when all were stopped", async () => {
    redis = await startRedis();
    const { process: server, url } = await serve("--workers", "2");
    const streams = await Promise.all(
      Array.from({ length: 6 }, () => openFrame(url, "channels=a")),
    );
    for (let n = 0; n < 30; n++) await publishJson(url, "a", n);
    for (const { connection } of streams) {
      const events = await connection.untilEvents(hasData(29), "29");
      expect(dataOf(events)).to.deep.equal(Array.from({ length: 30 }, (_, n) => n));
    }
    const closed = await ask(url, "POST", `/streams/${streams[0]?.open["stream"]}/close`);
    expect(closed.json).to.include({ reason: "client" });
    server.kill("SIGTERM");
    expect((await within(15_000, server.outcome, "the end")).code).to.equal(0);
    const { url: next } = await serve("--workers", "2");
    const { json } = await ask(next, "GET", "/channels/a/messages?limit=1000");
    expect(json.messages).to.have.lengthOf(30);
  });

  it("delivers what a server on the same Redis has published that knows nothing of it", async () => {
    redis = await startRedis();
    const [{ url: one }, { url: two }] = await Promise.all([serve(), serve()]);
    const { connection } = await openFrame(one, "channels=a");
    for (let n = 0; n < 10; n++) await publishJson(n % 2 === 0 ? one : two, "a", n);
    const events = await connection.untilEvents(hasData(9), "9");
    expect(dataOf(events)).to.deep.equal(Array.from({ length: 10 }, (_, n) => n));
  });

  it("is refused in one sentence where Redis can't have a log, and none says a password", async () => {
    redis = await startRedis(["--maxmemory-policy", "allkeys-lru", "--requirepass", "s3cret"]);
    const url = `redis://:s3cret@127.0.0.1:${redis.port}`;
    for (const [flags, said] of [
      [["--log", url], /maxmemory-policy "allkeys-lru".*set it to noeviction/],
      [["--log", url, "--memory"], /--log is "redis:\/\/\*\*\*@.*--memory/],
      [["--log", `${url}/x`], /--log is .*write lmdb:/],
    ] as const) {
      const { outcome } = new CliProcess(["serve", "--port", "0", ...flags]);
      const { code, stderr, stdout } = await within(20_000, outcome, "the refusal");
      expect(stderr.trim().split("\n"), stderr).to.have.lengthOf(1);
      expect(stderr).to.match(said);
      expect(stderr + stdout).to.not.include("s3cret");
      expect(code).to.be.greaterThan(0);
    }
  });

  it("reads from the start what others have published before it", async () => {
    redis = await startRedis();
    const { url } = await serve();
    await publishJson(url, "a", 1);
    const { url: other } = await serve("--redis-prefix", "other:");
    await publishJson(other, "a", 2);
    const { connection } = await openFrame(url, "channels=a&last=10");
    expect(dataOf(await connection.untilEvents(hasData(1), "1"))).to.deep.equal([1]);
  });
});
