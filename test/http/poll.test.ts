import { expect } from "chai";
import { closeConnections, openFrame, publishJson, RawConnection } from "../support/raw-http.ts";
import { type Answer, ask, publishRaw } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually, within } from "../support/within.ts";

const HEADERS = { Authorization: "Bearer the-admin-token" };
const TAKEOVER = "/stream?transport=poll&channels=lifts&client=panel&wait=0&takeover=1";
const ADMIN = { adminToken: "the-admin-token" };

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const poll = (url: string, query: string, ms = 5_000): Promise<Answer> =>
  ask(url, "GET", `/stream?transport=poll&channels=doors${query}`, { ms });
/** What the next poll of an answer's stream says. */
const next = ({ json }: Answer, wait = 60) =>
  `&after=${json.cursor}&stream=${json.stream}&wait=${wait}`;
const listing = async (url: string) =>
  (await ask(url, "GET", "/streams", { headers: HEADERS })).json.streams;
/** Wait until the server has a poll that waits. */
const untilWaiting = (url: string) =>
  eventually(5_000, async () => (await listing(url))[0]?.live === true, "a waiting poll");
/** A poll whose answer nobody has to read. */
function pollRaw(url: string, query: string): RawConnection {
  const connection = new RawConnection(url);
  const path = `/stream?transport=poll&channels=doors${query}`;
  connection.send(`GET ${path} HTTP/1.1`, `Host: ${new URL(url).host}`);
  return connection;
}
const dataOf = ({ json }: Answer) =>
  json.messages.map((message: { data: unknown }) => message.data);
const publishBatch = (url: string, values: readonly unknown[]) =>
  publishRaw(
    url,
    "doors",
    "application/x-ndjson",
    values.map((value) => JSON.stringify(value)).join("\n"),
  );

describe("a long poll", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("answers one JSON object that nobody keeps, exactly as the contract has it", async () => {
    const { url } = await startTestServer();
    const id = await publishJson(url, "doors", { vid: 7 });
    const { status, headers, json } = await ask(
      url,
      "GET",
      "/stream?transport=poll&channels=doors&last=1&wait=0",
      { headers: { "Accept-Encoding": "gzip" } },
    );
    expect(status).to.equal(200);
    expect(headers).to.not.have.any.keys("content-encoding", "etag", "last-modified");
    expect(headers["content-type"]).to.equal("application/json; charset=utf-8");
    expect(headers["cache-control"]).to.equal("no-store, no-transform");
    expect(headers["x-accel-buffering"]).to.equal("no");
    expect(headers["x-content-type-options"]).to.equal("nosniff");
    expect(headers["referrer-policy"]).to.equal("no-referrer");
    const members = "stream cursor messages gaps live stop reason";
    expect(Object.keys(json).join(" ")).to.equal(members);
    const [message] = json.messages;
    expect(message).to.have.all.keys("type", "id", "channel", "time", "data");
    expect(message).to.include({ type: "message", id, channel: "doors" });
    expect(message.data).to.deep.equal({ vid: 7 });
    expect(message.time).to.be.within(Date.now() - 10_000, Date.now() + 1_000);
    expect(json).to.include({ cursor: id, stop: 0, reason: null });
    expect(json.gaps).to.deep.equal([]);
  });

  it("answers at once with wait=0, and after its wait with a cursor when nothing came", async () => {
    const { url } = await startTestServer();
    const { json } = await within(800, poll(url, "&wait=0"), "the answer to wait=0");
    expect(json.messages).to.deep.equal([]);
    const other = await publishJson(url, "lifts", 1);
    const at = performance.now();
    const waited = await poll(url, `&after=${json.cursor}&stream=${json.stream}&wait=1`);
    expect(performance.now() - at).to.be.above(900);
    expect(waited.json.messages).to.deep.equal([]);
    expect(waited.json.stream).to.equal(json.stream);
    expect(waited.json.cursor).to.equal(other);
  });

  it("waits where it does not say how long, and is not woken by other channels", async () => {
    const { url } = await startTestServer();
    const first = await poll(url, "&wait=0");
    const waiting = poll(url, `&after=${first.json.cursor}&stream=${first.json.stream}`);
    await publishJson(url, "lifts", 1);
    const silence = new Promise((resolve) => setTimeout(resolve, 200, "silence"));
    expect(await Promise.race([waiting, silence])).to.equal("silence");
    await publishJson(url, "doors", 2);
    expect(dataOf(await within(2_000, waiting, "the message"))).to.deep.equal([2]);
  });

  it("is woken at once by a publish, and by a close", async () => {
    const { url } = await startTestServer();
    const first = await poll(url, "&wait=0");
    const waiting = poll(url, next(first));
    await publishJson(url, "doors", 1);
    const answer = await within(2_000, waiting, "the message");
    expect(dataOf(answer)).to.deep.equal([1]);
    const last = poll(url, next(answer));
    await ask(url, "POST", `/streams/${first.json.stream}/close`);
    const stopped = await within(2_000, last, "the close");
    expect(stopped.json).to.include({ stop: 1, reason: "client", cursor: answer.json.cursor });
  });

  for (const [ending, reason, end] of [
    ["its client", "client", (_: string, stream: string) => ["POST", `/streams/${stream}/close`]],
    ["an operator, by channel", "admin", () => ["POST", "/channels/doors/close"]],
    ["an operator, by client", "admin", () => ["POST", "/clients/panel/close"]],
    [
      "a poll that takes over",
      "replaced",
      (_: string, stream: string) => ["GET", `${TAKEOVER}&earlier=${stream}`],
    ],
  ] as const) {
    it(`is woken when ${ending} ends it, and hears of it as often as it asks`, async () => {
      const { url } = await startTestServer(ADMIN);
      const first = await poll(url, "&wait=0&client=panel");
      const waiting = poll(url, `${next(first)}&client=panel`);
      await untilWaiting(url);
      const [method = "", path = ""] = end(url, first.json.stream);
      expect((await ask(url, method, path, { headers: HEADERS })).status).to.equal(200);
      const answer = await within(2_000, waiting, "the close");
      expect(answer.json).to.deep.include({ stop: 1, reason, messages: [] });
      await publishJson(url, "doors", "too late");
      const open = (await listing(url)).length;
      for (let n = 0; n < 3; n++) {
        const again = await poll(url, `${next(first)}&client=panel`, 2_000);
        expect(again.json).to.include({ stop: 1, reason, stream: first.json.stream });
        expect(again.json.messages).to.deep.equal([]);
      }
      expect(await listing(url)).to.have.lengthOf(open);
    });
  }

  it("starts anew, from its cursor, when its receipt is no longer kept", async () => {
    const { url } = await startTestServer({ receiptMs: 100 });
    const first = await poll(url, "&wait=0");
    await ask(url, "POST", `/streams/${first.json.stream}/close`);
    await publishJson(url, "doors", 1);
    const anew = await eventually(
      5_000,
      async () => {
        const answer = await poll(url, next(first, 0));
        return answer.json.stop === 0 && answer;
      },
      "a new stream",
    );
    expect(anew.json.stream).to.not.equal(first.json.stream);
    expect(dataOf(anew)).to.deep.equal([1]);
  });

  it("that takes over replaces earlier streams once, and by its later polls neither itself nor newer ones", async () => {
    const { url } = await startTestServer(ADMIN);
    const frame = await openFrame(url, "channels=doors&client=panel");
    const takeover = `&takeover=1&earlier=${frame.open["stream"]}`;
    const first = await poll(url, `&wait=0&client=panel${takeover}`);
    const [, close] = await frame.connection.untilEvents(({ length }) => length > 1, "close");
    expect(close).to.include({ type: "close", reason: "replaced", reconnect: false });
    const newer = await openFrame(url, "channels=doors&client=panel");
    const id = await publishJson(url, "doors", 1);
    const second = await poll(url, `${next(first)}&client=panel${takeover}`);
    expect(second.json).to.include({ stream: first.json.stream, stop: 0, cursor: id });
    const events = await newer.connection.untilEvents(({ length }) => length > 1, "the message");
    expect(events[1]).to.include({ type: "message", id });
    expect(await listing(url)).to.have.lengthOf(2);
  });

  it("loses nothing when an answer is lost on its way", async () => {
    const { url } = await startTestServer();
    const { json } = await poll(url, "&wait=0");
    const lost = pollRaw(url, `&after=${json.cursor}&stream=${json.stream}`);
    await publishJson(url, "doors", 1);
    await eventually(5_000, () => lost.received.includes('"data":1'), "the answer");
    lost.destroy();
    await publishJson(url, "doors", 2);
    const again = await poll(url, `&after=${json.cursor}&stream=${json.stream}`);
    expect(dataOf(again)).to.deep.equal([1, 2]);
  });

  it("loses nothing when its client goes before it has read the answer", async () => {
    const { url } = await startTestServer(ADMIN);
    const first = await poll(url, "&wait=0");
    const deaf = pollRaw(url, next(first));
    deaf.socket.pause();
    await untilWaiting(url);
    const id = await publishJson(url, "doors", 1);
    deaf.destroy();
    const again = await poll(url, next(first));
    expect(dataOf(again)).to.deep.equal([1]);
    const receipt = await ask(url, "POST", `/streams/${first.json.stream}/close`);
    expect(receipt.json).to.include({ acked: first.json.cursor, cursor: id });
  });

  it("takes nothing when its client has gone while it waited", async () => {
    const { url } = await startTestServer();
    const { json } = await poll(url, "&wait=0");
    const gone = pollRaw(url, `&after=${json.cursor}&stream=${json.stream}`);
    await publishJson(url, "lifts", 1);
    gone.destroy();
    await publishJson(url, "doors", 1);
    const again = await poll(url, `&after=${json.cursor}&stream=${json.stream}`);
    expect(dataOf(again)).to.deep.equal([1]);
    expect(again.json.stream).to.equal(json.stream);
  });

  it("answers an older poll of its stream at once, with nothing, when a newer one comes", async () => {
    const { url } = await startTestServer(ADMIN);
    const first = await poll(url, "&wait=0");
    const older = poll(url, next(first));
    await untilWaiting(url);
    const newer = poll(url, next(first));
    const { json } = await within(2_000, older, "the older poll's answer");
    expect(json).to.deep.equal(first.json);
    await publishJson(url, "doors", 1);
    expect(dataOf(await within(2_000, newer, "the newer poll's answer"))).to.deep.equal([1]);
  });

  it("takes the id of an unknown stream for a new one, from its cursor", async () => {
    const { url } = await startTestServer();
    const { json } = await poll(url, "&wait=0");
    await publishJson(url, "doors", 1);
    const adopted = await poll(url, `&after=${json.cursor}&stream=n1.unknown`);
    expect(dataOf(adopted)).to.deep.equal([1]);
    expect(adopted.json.stream)
      .to.match(/^n1\../)
      .and.not.equal("n1.unknown");
  });

  it("does not go on with a stream of other channels, or of another transport", async () => {
    const { url, hub } = await startTestServer();
    const { json } = await poll(url, "&wait=0");
    const other = await ask(
      url,
      "GET",
      `/stream?transport=poll&channels=lifts&wait=0&stream=${json.stream}`,
    );
    expect(other.json.stream).to.not.equal(json.stream);
    const { connection, open } = await openFrame(url, "channels=doors");
    const third = await poll(url, `&wait=0&stream=${open["stream"]}`);
    expect(third.json.stream).to.not.equal(open["stream"]);
    expect(connection.ended).to.equal(false);
    expect(hub.openStreams).to.equal(4);
  });

  it("holds at most 1,000 messages, and goes on where it left off", async () => {
    const { url } = await startTestServer({ retainMessages: 10_000 });
    await publishBatch(url, numbers(2_500));
    let query = "&after=earliest&wait=0";
    const sizes: number[] = [];
    const all: unknown[] = [];
    for (let n = 0; n < 4; n++) {
      const answer = await poll(url, query);
      sizes.push(answer.json.messages.length);
      all.push(...dataOf(answer));
      query = `&after=${answer.json.cursor}&stream=${answer.json.stream}&wait=0`;
    }
    expect(sizes).to.deep.equal([1_000, 1_000, 500, 0]);
    expect(all).to.deep.equal(numbers(2_500));
  });

  it("holds at most 1 MiB, and goes on where it left off", async () => {
    const { url } = await startTestServer();
    for (const n of numbers(60)) await publishJson(url, "doors", [n, "x".repeat(60_000)]);
    let query = "&after=earliest&wait=0";
    const all: number[] = [];
    for (let n = 0; all.length < 60; n++) {
      expect(n, "answers").to.be.below(6);
      const answer = await poll(url, query);
      expect(Buffer.byteLength(JSON.stringify(answer.json.messages))).to.be.at.most(1_048_576);
      all.push(...dataOf(answer).map(([number]: [number]) => number));
      query = `&after=${answer.json.cursor}&stream=${answer.json.stream}&wait=0`;
    }
    expect(all).to.deep.equal(numbers(60));
  });

  it("holds one message, even of more than 1 MiB", async () => {
    const { url } = await startTestServer({ maxMessageBytes: 3_000_000 });
    const texts = ["a", "b"].map((letter) => letter.repeat(2_000_000));
    for (const text of texts) await publishJson(url, "doors", text);
    const first = await poll(url, "&after=earliest&wait=0");
    const second = await poll(url, next(first, 0));
    expect([dataOf(first), dataOf(second)]).to.deep.equal(texts.map((text) => [text]));
  });

  it("tells a gap with what follows it", async () => {
    const { url } = await startTestServer();
    const id = await publishJson(url, "doors", 1);
    const { json } = await poll(url, "&after=0othrepoch.0000000000001&wait=0");
    expect(json.gaps).to.have.lengthOf(1);
    expect(json.gaps[0]).to.have.all.keys("type", "after", "upTo", "channels", "reason");
    expect(json.gaps[0]).to.deep.include({ type: "gap", reason: "epoch", channels: ["doors"] });
    expect(json).to.include({ cursor: id, stop: 0, reason: null });
    const again = await poll(url, `&after=${id}&stream=${json.stream}&wait=0`);
    expect(again.json.gaps).to.deep.equal([]);
  });

  it("is one of 200 that wait on one channel, and all are woken", async () => {
    const { url } = await startTestServer();
    const { json } = await poll(url, "&wait=0");
    const waiting = numbers(200).map(() => poll(url, `&after=${json.cursor}&wait=60`, 20_000));
    const id = await publishJson(url, "doors", "wake up");
    const answers = await within(10_000, Promise.all(waiting), "all answers");
    for (const { json: answer } of answers) expect(answer.messages[0].id).to.equal(id);
    expect(new Set(answers.map(({ json: answer }) => answer.stream)).size).to.equal(200);
  });

  it("is told to come back when the server stops", async () => {
    const { url } = await startTestServer(ADMIN);
    const first = await poll(url, "&wait=0");
    const waiting = poll(url, next(first));
    await untilWaiting(url);
    await stopServers();
    const { status, json } = await waiting;
    expect(status).to.equal(200);
    expect(json).to.deep.include({ stop: 0, reason: "shutdown", messages: [] });
    expect(json.cursor).to.equal(first.json.cursor);
  });

  it("acknowledges with after what its client has, and not what it was only given", async () => {
    const { url } = await startTestServer();
    const first = await poll(url, "&wait=0");
    const acked = await publishJson(url, "doors", 1);
    const second = await poll(url, next(first));
    const cursor = await publishJson(url, "doors", 2);
    expect(dataOf(await poll(url, next(second)))).to.deep.equal([2]);
    const receipt = await ask(url, "POST", `/streams/${first.json.stream}/close`);
    expect(receipt.json).to.include({ acked, cursor, messages: 2, reason: "client" });
  });

  it("has acknowledged nothing by its first poll", async () => {
    const { url } = await startTestServer();
    await publishJson(url, "doors", 1);
    const { json } = await poll(url, "&after=earliest&wait=0");
    const receipt = await ask(url, "POST", `/streams/${json.stream}/close`);
    expect(receipt.json).to.include({ acked: null, messages: 1, cursor: json.cursor });
  });

  it("is one stream in the listing across its polls, and counts in the limits", async () => {
    const { url } = await startTestServer({ ...ADMIN, maxStreamsPerClient: 2 });
    let last = await poll(url, "&wait=0&client=panel");
    for (let n = 0; n < 3; n++) last = await poll(url, `${next(last, 0)}&client=panel`);
    const streams = await listing(url);
    expect(streams).to.have.lengthOf(1);
    expect(streams[0]).to.include({ transport: "poll", client: "panel" });
    expect(JSON.stringify(streams)).to.not.contain(last.json.stream);
    const second = await poll(url, "&wait=0&client=panel");
    const third = await poll(url, "&wait=0&client=panel");
    expect(third.status).to.equal(429);
    expect(third.json.code).to.equal("FF_CLIENT_STREAMS_TOO_MANY");
    // Those that are open go on, and one that ends makes room.
    expect((await poll(url, `${next(second, 0)}&client=panel`)).status).to.equal(200);
    await ask(url, "POST", `/streams/${second.json.stream}/close`);
    expect((await poll(url, "&wait=0&client=panel")).status).to.equal(200);
  });

  it("is kept for its wait and as long again as is set, counted from its answer", async () => {
    const { url } = await startTestServer({ ...ADMIN, pollKeptMs: 200 });
    const first = await poll(url, "&wait=0");
    const waiting = poll(url, next(first, 1));
    await untilWaiting(url);
    await publishJson(url, "doors", 1);
    const answer = await waiting;
    const at = performance.now();
    await eventually(5_000, async () => (await listing(url)).length === 0, "the stream to go");
    expect(performance.now() - at).to.be.within(1_000, 3_000);
    // Its client has lost nothing by that.
    await publishJson(url, "doors", 2);
    const late = await poll(url, next(answer));
    expect(dataOf(late)).to.deep.equal([2]);
    expect(late.json.stop).to.equal(0);
    expect(late.json.stream).to.not.equal(first.json.stream);
  });

  for (const [query, code] of [
    ["&wait=61", "FF_PARAMETER_INVALID"],
    ["&wait=-1", "FF_PARAMETER_INVALID"],
    ["&wait=1&wait=2", "FF_PARAMETER_INVALID"],
    ["&after=x!", "FF_CURSOR_INVALID"],
    ["&callback=show", "FF_CALLBACK_INVALID"],
  ] as const) {
    it(`is refused with ${code} for ${query}`, async () => {
      const { url, hub } = await startTestServer();
      const { status, headers, json } = await poll(url, query);
      expect(status).to.equal(400);
      expect(headers["content-type"]).to.match(/^application\/problem\+json/);
      expect(json.code).to.equal(code);
      expect(hub.openStreams).to.equal(0);
    });
  }
});
