import { readFileSync } from "node:fs";
import { expect } from "chai";
import {
  closeConnections,
  openFrame,
  publishJson,
  type RawConnection,
} from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import {
  CliProcess,
  childrenOf,
  killProcesses,
  startServeProcess,
} from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { eventually, within } from "../support/within.ts";

const TOKEN = "a-token-for-tests";
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n);

describe("workers", function () {
  this.timeout(60_000);

  afterEach(() => {
    closeConnections();
    killProcesses();
    removeTemporaryDirectories();
  });

  const start = async (...args: string[]) => {
    const data = createTemporaryDirectory();
    const { process, url } = await startServeProcess([
      ...["--workers", "2", "--data", data, "--admin-token", TOKEN, ...args],
    ]);
    const workers = () => childrenOf(process.child.pid ?? 0);
    return { process, url, workers };
  };
  const list = async (url: string) =>
    (await ask(url, "GET", "/streams", { headers: { Authorization: `Bearer ${TOKEN}` } })).json;
  /** Whichever worker is free takes a stream. */
  const openFrames = async (url: string, count: number, query = "channels=doors") => {
    const frames = [];
    for (let n = 0; n < count; n++) frames.push(await openFrame(url, query));
    return frames;
  };
  const dataOf = (connection: RawConnection) =>
    connection
      .frameEvents()
      .filter(({ type }) => type === "message")
      .map((event) => event["data"]);

  it("give every stream the same messages in the same order, whichever process took them", async () => {
    const { url } = await start();
    const frames = await openFrames(url, 4);
    const publishing = numbers(200).map((n) => publishJson(url, "doors", n));
    await Promise.all(publishing);
    for (const { connection } of frames)
      await eventually(10_000, () => dataOf(connection).length === 200, "all messages");
    const [first, ...others] = frames.map(({ connection }) =>
      connection.frameEvents().flatMap((event) => event["id"] ?? []),
    );
    expect(first).to.deep.equal([...(first ?? [])].sort());
    for (const ids of others) expect(ids).to.deep.equal(first);
  });

  it("close a stream at once, whichever answers, and give the same receipt", async () => {
    const { url } = await start();
    const { connection, open } = await openFrame(url, "channels=doors");
    const receipts = [];
    for (let n = 0; n < 4; n++) receipts.push(await ask(url, "POST", `/${open["close"]}`));
    expect(receipts.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
    for (const { json } of receipts) expect(json).to.deep.equal(receipts[0]?.json);
    await connection.untilEnded();
    expect(connection.frameEvents().at(-1)).to.include({ type: "close", reason: "client" });
    for (let n = 0; n < 2; n++) {
      const page = await ask(url, "GET", `/control?stream=${open["stream"]}`);
      expect(page.text).to.contain("This stream is closed (client)");
      const state = await ask(url, "GET", `/streams/${open["stream"]}`);
      expect(state.json).to.deep.include({ state: "closed", receipt: receipts[0]?.json });
      const unknown = await ask(url, "POST", "/streams/n1.unknown/close");
      expect(unknown.status).to.equal(404);
    }
  });

  it("show and acknowledge a stream that another has", async () => {
    const { url } = await start();
    const { connection, open } = await openFrame(url, "channels=doors");
    const id = await publishJson(url, "doors", 1);
    await connection.untilEvents((events) => events.length === 2, "the message");
    for (let n = 0; n < 2; n++) {
      const page = await ask(url, "GET", `/control?stream=${open["stream"]}`);
      expect(page.text).to.contain("This stream is open");
      const state = await ask(url, "GET", `/streams/${open["stream"]}`);
      expect(state.json).to.include({ state: "open", cursor: id, messages: 1 });
      const acked = await ask(url, "POST", `/streams/${open["stream"]}/ack`, {
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ cursor: id }),
      });
      expect(acked.status).to.equal(204);
    }
    expect((await list(url)).streams[0]).to.include({ acked: id });
    const echoes = [];
    for (let n = 0; n < 2; n++)
      echoes.push((await ask(url, "GET", `/streams/${open["stream"]}?echo=1`)).json.echo);
    expect(echoes, "once a second, whichever is asked").to.deep.equal([true, false]);
    await connection.untilEvents((events) => events.at(-1)?.["echo"] === true, "the echo");
  });

  it("go on with one long-poll stream, whichever answers its polls, and with its tombstone", async () => {
    const { url } = await start();
    const poll = (query: string) =>
      ask(url, "GET", `/stream?transport=poll&channels=doors${query}`, { ms: 10_000 });
    const { json: first } = await poll("&wait=0&client=panel");
    let { cursor } = first;
    for (const n of numbers(6)) {
      const waiting = poll(`&stream=${first.stream}&after=${cursor}&wait=20&client=panel`);
      await publishJson(url, "doors", n);
      const { json } = await waiting;
      expect(json.stream).to.equal(first.stream);
      expect(json.messages.map((message: { data: unknown }) => message.data)).to.deep.equal([n]);
      cursor = json.cursor;
    }
    const { streams, total } = await list(url);
    expect(total).to.equal(1);
    expect(streams[0]).to.include({ client: "panel", transport: "poll" });
    const waiting = poll(`&stream=${first.stream}&after=${cursor}&wait=20`);
    await eventually(
      5_000,
      async () => (await list(url)).streams[0]?.acked === cursor,
      "the poll to wait",
    );
    const receipt = await ask(url, "POST", `/streams/${first.stream}/close`);
    expect(receipt.json).to.include({ reason: "client", messages: 6 });
    expect((await within(2_000, waiting, "the poll's answer")).json).to.include({ stop: 1 });
    for (let n = 0; n < 4; n++) {
      const late = await poll(`&stream=${first.stream}&after=${cursor}`);
      expect(late.json).to.include({ stop: 1, reason: "client", stream: first.stream });
    }
    expect((await list(url)).total).to.equal(0);
  });

  it("go on with a start of each channel, whichever answers its polls", async () => {
    const { url } = await start();
    const channels = numbers(2_000).map((n) => `c.${n}`);
    for (const data of [1, 2]) {
      const headers = { "Content-Type": "application/json" };
      await ask(url, "POST", "/messages", { headers, body: JSON.stringify({ channels, data }) });
    }
    const poll = async (query: string) =>
      (await ask(url, "GET", `/stream?transport=poll&channels=c.*&wait=0${query}`)).json;
    // Whether the polls of one stream come to several workers is chance.
    for (let n = 0; n < 4; n++) {
      const { stream, ...first } = await poll("&each=1");
      const given: { readonly data: unknown }[] = [...first.messages];
      for (let { cursor, live } = first; !live; ) {
        const answer = await poll(`&stream=${stream}&after=${cursor}`);
        expect(answer.stream).to.equal(stream);
        given.push(...answer.messages);
        ({ cursor, live } = answer);
      }
      expect(given.map(({ data }) => data)).to.deep.equal(channels.map(() => 2));
    }
  });

  it("keep one stream of two polls that come at once, wherever they come", async () => {
    const { url } = await start("--workers", "3");
    const poll = async (query: string) =>
      (await ask(url, "GET", `/stream?transport=poll&channels=doors&wait=0${query}`)).json;
    for (let round = 0; round < 60; round++) {
      const { stream, cursor } = await poll("");
      const again = `&stream=${stream}&after=${cursor}`;
      const began = performance.now();
      const answers = await Promise.all([poll(again), poll(again)]);
      expect(performance.now() - began, "ms").to.be.below(1_500);
      for (const answer of answers) expect(answer).to.include({ stream, stop: 0 });
      expect((await list(url)).total).to.equal(1);
      expect((await ask(url, "POST", `/streams/${stream}/close`)).status).to.equal(200);
      const late = await Promise.all([poll("&stream=n1.unknown"), poll("&stream=n1.unknown")]);
      expect(performance.now() - began, "ms").to.be.below(1_500);
      for (const { stream: other } of late) await ask(url, "POST", `/streams/${other}/close`);
    }
  });

  it("keep the newer stream of a client that takes over, also when polls move the older one", async () => {
    const { url } = await start("--workers", "3");
    const query = "channels=doors&client=panel";
    const first = await openFrame(url, query);
    const proof = `takeover=1&earlier=${first.open["stream"]}`;
    for (let round = 0; round < 10; round++) {
      const poll = async (more: string) =>
        (await ask(url, "GET", `/stream?transport=poll&wait=0&${query}${more}`)).json;
      const { stream, cursor } = await poll(`&${proof}`);
      const again = `&stream=${stream}&after=${cursor}`;
      await Promise.all([openFrame(url, `${query}&${proof}`), poll(again), poll(again)]);
      // The other workers may hear of the newer stream after its client does.
      const isReplaced = async () => (await poll(again)).reason === "replaced";
      await eventually(5_000, isReplaced, "the end of the older stream");
      const transports = async () =>
        (await list(url)).streams.map((one: { transport: string }) => one.transport).join();
      await eventually(5_000, async () => (await transports()) === "frame", "one stream");
    }
  });

  it("know that a poll's stream was closed, also when they have taken another's place since", async () => {
    const { url, workers } = await start();
    const poll = async (query: string) =>
      (await ask(url, "GET", `/stream?transport=poll&channels=doors&wait=0${query}`)).json;
    const { stream, cursor } = await poll("");
    await ask(url, "POST", `/streams/${stream}/close`);
    const [victim] = workers();
    global.process.kill(victim ?? 0, "SIGKILL");
    await eventually(
      10_000,
      () => workers().length === 2 && !workers().includes(victim ?? 0),
      "another worker",
    );
    for (let n = 0; n < 60; n++) {
      const late = await poll(`&stream=${stream}&after=${cursor}`);
      expect(late).to.include({ stop: 1, reason: "client" });
    }
  });

  it("end an older stream of a client that takes over, wherever it is, and keep exactly one of several", async () => {
    const { url } = await start();
    const { open } = await openFrame(url, "channels=doors&client=panel");
    const query = `channels=doors&client=panel&takeover=1&earlier=${open["stream"]}`;
    const frames = await Promise.all(numbers(8).map(() => openFrame(url, query)));
    await eventually(5_000, async () => (await list(url)).total === 1, "one stream");
    const ended = frames.filter(({ connection }) =>
      connection.frameEvents().some((event) => event["reason"] === "replaced"),
    );
    expect(ended).to.have.lengthOf(7);
  });

  it("list and end the streams of all, for an operator", async () => {
    const { url } = await start();
    const frames = await openFrames(url, 5);
    const { streams, total } = await list(url);
    expect(total).to.equal(5);
    const handles = streams.map(({ handle }: { handle: number }) => handle);
    expect(new Set(handles).size).to.equal(5);
    const answer = await ask(url, "POST", "/channels/doors/close", {
      headers: { Authorization: `Bearer ${TOKEN}` },
    });
    expect(answer.json).to.deep.equal({ closed: 5 });
    for (const { connection } of frames) await connection.untilEnded();
  });

  it("are replaced when one is killed, and its clients come back without losing anything", async () => {
    const { url, workers, process } = await start();
    const frames = await openFrames(url, 4);
    const [victim] = workers();
    global.process.kill(victim ?? 0, "SIGKILL");
    await eventually(5_000, () => !workers().includes(victim ?? 0), "its end");
    const published = await publishJson(url, "doors", "meanwhile");
    await eventually(10_000, () => workers().length === 2, "another worker");
    expect(workers()).to.not.include(victim);
    for (const { connection, open } of frames) {
      if (!connection.ended) {
        await connection.untilEvents((events) => events.length === 2, "the message");
        continue;
      }
      const back = await openFrame(url, `channels=doors&after=${open["cursor"]}`);
      const isThere = (all: readonly { readonly [member: string]: unknown }[]) =>
        all.some(({ id }) => id === published);
      await back.connection.untilEvents(isThere, "the message");
    }
    expect(process.stderr).to.contain("worker ended: starting another");
    // The new one is on the bus.
    await eventually(10_000, async () => (await list(url)).total === 4, "all streams in the list");
  });

  it("are replaced when all are killed at once, at the same address and with the same log", async () => {
    const { url, workers } = await start();
    const id = await publishJson(url, "doors", "before");
    const victims = workers();
    for (const victim of victims) global.process.kill(victim, "SIGKILL");
    await eventually(5_000, () => !workers().some((pid) => victims.includes(pid)), "their end");
    const { json } = await eventually(
      15_000,
      () => ask(url, "GET", "/channels/doors/messages").catch(() => false as const),
      "an answer",
    );
    expect(json.messages[0]).to.include({ id, data: "before" });
    await eventually(10_000, () => workers().length === 2, "both");
  });

  it("are replaced when one hangs", async () => {
    const { url, workers, process } = await start("--worker-hang-ms", "2000");
    await openFrames(url, 2);
    const [victim] = workers();
    global.process.kill(victim ?? 0, "SIGSTOP");
    await eventually(15_000, () => !workers().includes(victim ?? 0), "its end");
    expect(process.stderr).to.contain("worker not answering: killed");
    await eventually(10_000, () => workers().length === 2, "another worker");
    await eventually(
      10_000,
      async () => (await publishJson(url, "doors", 1).catch(() => "")) !== "",
      "a publish",
    );
  });

  it("don't say that a stream is unknown while it may be with one that hangs", async () => {
    const { url, workers } = await start();
    const [hanging] = workers();
    global.process.kill(hanging ?? 0, "SIGSTOP");
    try {
      // Now the other takes all that come.
      const { open: here } = await openFrame(url, "channels=doors");
      expect((await ask(url, "POST", `/${here["close"]}`)).status).to.equal(200);
      const silent = await ask(url, "POST", "/streams/n1.elsewhere/close");
      expect(silent.status).to.equal(503);
      expect(silent.json).to.include({ code: "FF_WORKER_SILENT" });
      const headers = { Authorization: `Bearer ${TOKEN}` };
      expect((await ask(url, "GET", "/streams", { headers })).status).to.equal(503);
    } finally {
      global.process.kill(hanging ?? 0, "SIGCONT");
    }
    const unknown = await ask(url, "POST", "/streams/n1.elsewhere/close");
    expect(unknown.status).to.equal(404);
  });

  it("end their streams with shutdown when all are to stop, and leave nothing behind", async () => {
    const { url, process, workers } = await start();
    const frames = await openFrames(url, 4);
    const pids = workers();
    process.kill("SIGTERM");
    const { code } = await within(10_000, process.outcome, "the stop");
    expect(code).to.equal(0);
    for (const { connection } of frames)
      expect(connection.frameEvents().at(-1)).to.include({ type: "close", reason: "shutdown" });
    for (const pid of pids) expect(() => global.process.kill(pid, 0)).to.throw();
    const again = await startServeProcess(["--workers", "2", "--data", createTemporaryDirectory()]);
    expect(again.url).to.not.equal("");
  });

  it("stop soon also while one of them is just starting", async () => {
    const { process, workers } = await start();
    global.process.kill(workers()[0] ?? 0, "SIGKILL");
    await eventually(5_000, () => process.stderr.includes("starting another"), "its end");
    await eventually(5_000, () => workers().length === 2, "another that starts");
    process.kill("SIGTERM");
    expect((await within(5_000, process.outcome, "the stop")).code).to.equal(0);
  });

  it("stop by themselves when the supervisor is killed", async () => {
    const { process, workers } = await start();
    const pids = workers();
    process.kill("SIGKILL");
    await eventually(
      10_000,
      () =>
        pids.every((pid) => {
          try {
            return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
          } catch {
            return true;
          }
        }),
      "the workers to end",
    );
  });

  it("say in one sentence why they can't start, and leave the log's directory free", async () => {
    const { url } = await start();
    const { port } = new URL(url);
    const data = createTemporaryDirectory();
    const args = ["serve", "--workers", "2", "--port", port, "--data", data];
    const { code, stderr } = await new CliProcess(args).outcome;
    expect(code).to.equal(75);
    expect(stderr).to.contain("foreverframe: Can't listen on 127.0.0.1");
    await startServeProcess(["--data", data]);
  });

  it("are refused with --memory", async () => {
    const { code, stderr } = await new CliProcess(["serve", "--workers", "2", "--memory"]).outcome;
    expect(code).to.equal(78);
    expect(stderr).to.match(/^foreverframe: --workers share a log, and one in memory/);
  });
});
