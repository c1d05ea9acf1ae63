import { expect } from "chai";
import { Gearmand, killGearmands } from "../support/gearmand.ts";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { type RedisProcess, startRedis, stopRedis } from "../support/redis.ts";
import { ask } from "../support/request.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { eventually, within } from "../support/within.ts";

const ADMIN = { Authorization: "Bearer admin-token" };

describe("two servers on one Redis", function () {
  this.timeout(60_000);
  let redis: RedisProcess;
  let one: Awaited<ReturnType<typeof startServeProcess>>;
  let two: Awaited<ReturnType<typeof startServeProcess>>;

  const start = async () => {
    redis = await startRedis();
    const serve = () =>
      startServeProcess(["--log", redis.url, "--admin-token", "admin-token", "--drain-ms", "500"]);
    [one, two] = await Promise.all([serve(), serve()]);
  };
  const stop = async () => {
    killProcesses();
    await stopRedis();
    removeTemporaryDirectories();
  };
  afterEach(closeConnections);

  const close = (url: string, stream: unknown) =>
    ask(url, "POST", `/streams/${stream}/close`, { ms: 10_000 });

  describe("that both stay", () => {
    before(start);
    after(stop);

    it("tell each other at once that there is more, and test and close each other's streams", async () => {
      const { connection, open } = await openFrame(one.url, "channels=a");
      await publishJson(two.url, "a", 1);
      await connection.untilEvents(
        (events) => events.some(({ type }) => type === "message"),
        "the message",
        400, // a heartbeat would bring it after 625 ms at the latest
      );
      const tested = await ask(two.url, "GET", `/streams/${open["stream"]}?echo=1`);
      expect(tested.json).to.include({ state: "open", echo: true });
      await connection.untilEvents((events) => events.at(-1)?.["echo"] === true, "the echo");
      const { status, json } = await close(two.url, open["stream"]);
      expect(status).to.equal(200);
      expect(json).to.include({ reason: "client", stream: open["stream"] });
      await connection.untilEvents(
        (events) => events.at(-1)?.type === "close" && events.at(-1)?.["reason"] === "client",
        "the close",
      );
      expect((await close(one.url, open["stream"])).json).to.deep.equal(json);
    });

    it("list the streams of both, each with a handle of its own", async () => {
      for (const { url } of [one, two, one]) await openFrame(url, "channels=a");
      const { json } = await ask(two.url, "GET", "/streams", { headers: ADMIN });
      expect(json.total).to.equal(3);
      const handles = json.streams.map(({ handle }: { handle: number }) => handle);
      expect(new Set(handles)).to.have.lengthOf(3);
    });

    it("say with each other's closes what an admin says, also by a handle", async () => {
      const body = '{"text":"at 6"}';
      for (const way of ["handle", "id", "channel"]) {
        const { connection, open } = await openFrame(one.url, "channels=a");
        const listed = await ask(two.url, "GET", "/streams", { headers: ADMIN });
        const [{ handle }] = listed.json.streams;
        const name = way === "handle" ? handle : open["stream"];
        const path = way === "channel" ? "/channels/a/close" : `/streams/${name}/close`;
        const headers = { ...ADMIN, "Content-Type": "application/json" };
        expect((await ask(two.url, "POST", path, { headers, body })).status, way).to.equal(200);
        const isClosed = (events: readonly { type: string }[]) => events.at(-1)?.type === "close";
        const events = await connection.untilEvents(isClosed, "the close");
        expect(events.at(-1), way).to.include({ reason: "admin", text: "at 6" });
        expect((await close(two.url, open["stream"])).json, way).to.include({ text: "at 6" });
      }
    });

    it("take each other's tickets, once", async () => {
      const issued = await ask(one.url, "POST", "/tickets", {
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ channels: "a" }),
      });
      const poll = `/stream?transport=poll&channels=a&wait=0&ticket=${issued.json.ticket}`;
      expect((await ask(two.url, "GET", poll)).status).to.equal(200);
      for (const { url } of [one, two])
        expect((await ask(url, "GET", poll)).json).to.include({ code: "FF_TICKET_INVALID" });
    });

    it("let a long-poll client move from one to the other", async () => {
      const poll = async (url: string, query: string) =>
        (await ask(url, "GET", `/stream?transport=poll&channels=a&wait=1${query}`)).json;
      await publishJson(one.url, "a", 0);
      const first = await poll(one.url, "&last=1");
      let { cursor } = first;
      const seen: unknown[] = [];
      for (let n = 1; n <= 6; n++) {
        await publishJson(two.url, "a", n);
        const answer = await poll(
          n % 2 === 0 ? one.url : two.url,
          `&stream=${first.stream}&after=${cursor}`,
        );
        cursor = answer.cursor;
        expect(answer.stream).to.equal(first.stream);
        seen.push(...answer.messages.map(({ data }: { data: unknown }) => data));
      }
      expect(seen).to.deep.equal([1, 2, 3, 4, 5, 6]);
    });

    it("end the earlier stream of a client that takes over at one whose clock is behind", async () => {
      const behind = "const { now } = Date; Date.now = () => now() - 60_000;";
      const late = await startServeProcess(["--log", redis.url], {
        NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(behind)}`,
      });
      const query = "channels=a&client=panel";
      const older = await openFrame(one.url, query);
      const takeover = `takeover=1&earlier=${older.open["stream"]}`;
      const newer = await openFrame(late.url, `${query}&${takeover}`);
      await older.connection.untilEnded();
      expect(older.connection.frameEvents().at(-1)).to.include({ reason: "replaced" });
      expect(newer.connection.frameEvents().at(-1)).to.not.include({ type: "close" });
    });

    it("don't end a long-poll stream that names itself as its earlier one", async () => {
      const poll = async (url: string, query: string) =>
        (await ask(url, "GET", `/stream?transport=poll&channels=a&client=panel&wait=0${query}`))
          .json;
      const { stream, cursor } = await poll(one.url, "");
      const again = `&stream=${stream}&after=${cursor}&takeover=1&earlier=${stream}`;
      for (const { url } of [two, one, two])
        expect(await poll(url, again)).to.include({ stream, stop: 0 });
    });
  });

  describe("of which one goes", () => {
    beforeEach(start);
    afterEach(stop);

    it("let a client whose server was killed take over at the other one at once", async () => {
      const query = "channels=a&client=panel";
      const { open } = await openFrame(two.url, query);
      const { connection } = await openFrame(one.url, "channels=a");
      await publishJson(two.url, "a", 1);
      await connection.untilEvents(({ length }) => length === 2, "what the other one publishes");
      two.process.kill("SIGKILL");
      await within(5_000, two.process.outcome, "the end");
      const began = performance.now();
      const next = await openFrame(one.url, `${query}&takeover=1&earlier=${open["stream"]}`);
      expect(next.open["stream"]).to.be.a("string");
      expect(performance.now() - began, "ms").to.be.below(1_500);
      // Whether it was killed, or has lost its Redis, nobody can say now.
      expect((await close(one.url, open["stream"])).json).to.include({ code: "FF_WORKER_SILENT" });
    });

    it("let a client that closed its stream not in again at a server that started since", async () => {
      const poll = (url: string, query: string) =>
        ask(url, "GET", `/stream?transport=poll&channels=a&wait=0${query}`);
      const { stream, cursor } = (await poll(one.url, "")).json;
      const closed = await close(one.url, stream);
      expect(closed.json).to.include({ closed: true, reason: "client" });
      for (const { process } of [one, two]) {
        process.kill("SIGTERM");
        await within(10_000, process.outcome, "the end");
      }
      const later = await startServeProcess(["--log", redis.url]);
      expect((await close(later.url, stream)).json).to.deep.equal(closed.json);
      const answer = await poll(later.url, `&stream=${stream}&after=${cursor}`);
      expect(answer.json).to.include({ stop: 1, reason: "client" });
    });

    it("do not wait for one that was killed", async () => {
      two.process.kill("SIGKILL");
      await within(5_000, two.process.outcome, "the end");
      const began = performance.now();
      expect((await close(one.url, "n1.unknown-unknown-unknown")).status).to.equal(404);
      expect(performance.now() - began, "ms").to.be.below(1_500);
    });

    it("say that they don't know while one hangs or Redis is away, and serve on", async () => {
      const { open } = await openFrame(one.url, "channels=a");
      two.process.kill("SIGSTOP");
      const unknown = "n1.unknown-unknown-unknown";
      expect((await close(one.url, unknown)).json).to.include({ code: "FF_WORKER_SILENT" });
      two.process.kill("SIGCONT");
      await eventually(10_000, async () => (await close(one.url, unknown)).status === 404, "both");
      await redis.stop();
      expect((await close(one.url, unknown)).json).to.include({ code: "FF_WORKER_SILENT" });
      expect((await close(one.url, open["stream"])).json, "its own").to.include({
        reason: "client",
      });
      await redis.start();
      await eventually(20_000, async () => (await close(one.url, unknown)).status === 404, "both");
    });
  });
});

describe("two servers with workers on one Redis", function () {
  this.timeout(60_000);

  afterEach(async () => {
    closeConnections();
    killProcesses();
    await killGearmands();
    await stopRedis();
    removeTemporaryDirectories();
  });

  const serve = (redis: RedisProcess, ...flags: readonly string[]) =>
    startServeProcess([
      ...["--log", redis.url, "--workers", "2", "--admin-token", "admin-token"],
      ...["--drain-ms", "500", ...flags],
    ]);

  it("find, list and close each other's streams, and give each every message", async () => {
    const redis = await startRedis();
    const servers = await Promise.all([serve(redis), serve(redis)]);
    const streams = [];
    for (let n = 0; n < 12; n++) streams.push(await openFrame(urlOf(servers, n), "channels=a"));
    const { json } = await ask(urlOf(servers, 0), "GET", "/streams", { headers: ADMIN });
    expect(json.total).to.equal(12);
    const handles = json.streams.map(({ handle }: { handle: number }) => handle);
    expect(new Set(handles)).to.have.lengthOf(12);
    for (let n = 0; n < 4; n++) await publishJson(urlOf(servers, n), "a", n);
    for (const [n, { connection, open }] of streams.entries()) {
      await connection.untilEvents(
        (events) => events.filter(({ type }) => type === "message").length === 4,
        "all messages",
      );
      const closed = await ask(urlOf(servers, n + 1), "POST", `/streams/${open["stream"]}/close`);
      expect(closed.json).to.include({ closed: true, messages: 4 });
      await connection.untilEvents((events) => events.at(-1)?.type === "close", "the close");
    }
  });

  it("take jobs of all job servers, by one worker of all at a time, which is replaced", async () => {
    const redis = await startRedis();
    const gearmands = [await Gearmand.start(), await Gearmand.start()];
    const addresses = gearmands.map(({ address }) => address).join(",");
    const flags = ["--gearman", addresses, "--gearman-function", "getmsg=doors"];
    const servers = await Promise.all([serve(redis, ...flags), serve(redis, ...flags)]);
    const workers = async () => {
      const statuses = await Promise.all(gearmands.map((gearmand) => gearmand.status("getmsg")));
      return statuses.map((status) => status.workers).join();
    };
    await eventually(15_000, async () => (await workers()) === "1,1", "one worker for each");
    for (const [n, gearmand] of gearmands.entries())
      await gearmand.submit("getmsg", String(n), "-b");
    const stored = async (url: string) => {
      const { json } = await ask(url, "GET", "/channels/doors/messages?limit=100");
      return json.messages.map(({ data }: { data: number }) => data).toSorted();
    };
    const [one, two] = servers.map(({ url }) => url) as [string, string];
    await eventually(10_000, async () => (await stored(one)).length === 2, "both jobs");
    // Whichever has them: of two servers at least one is killed that may have had them.
    servers[0]?.process.kill("SIGKILL");
    await eventually(10_000, async () => (await workers()) !== "0,0", "no worker is lost for ever");
    for (const [n, gearmand] of gearmands.entries())
      await gearmand.submit("getmsg", String(n + 2), "-b");
    await eventually(20_000, async () => (await stored(two)).length === 4, "all jobs");
    expect(await stored(two)).to.deep.equal([0, 1, 2, 3]);
    await eventually(15_000, async () => (await workers()) === "1,1", "one worker for each");
  });
});

function urlOf(servers: readonly { readonly url: string }[], n: number): string {
  return servers[n % servers.length]?.url ?? "";
}
