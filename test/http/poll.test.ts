import { expect } from "chai";
import { closeConnections, publishJson, RawConnection } from "../support/raw-http.ts";
import { type Answer, ask, publishRaw } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually, within } from "../support/within.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

const poll = (url: string, query: string, ms = 5_000): Promise<Answer> =>
  ask(url, "GET", `/stream?transport=poll&channels=doors${query}`, { ms });
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
    const { status, headers, json } = await poll(url, "&last=1&wait=0");
    expect(status).to.equal(200);
    expect(headers["content-type"]).to.equal("application/json; charset=utf-8");
    expect(headers["cache-control"]).to.equal("no-store, no-transform");
    expect(headers["x-accel-buffering"]).to.equal("no");
    expect(headers["x-content-type-options"]).to.equal("nosniff");
    expect(headers["referrer-policy"]).to.equal("no-referrer");
    expect(Object.keys(json)).to.deep.equal([
      "stream",
      "cursor",
      "messages",
      "gaps",
      "stop",
      "reason",
    ]);
    const [message] = json.messages;
    expect(message).to.include({ type: "message", id, channel: "doors" });
    expect(message.data).to.deep.equal({ vid: 7 });
    expect(json).to.include({ cursor: id, stop: 0, reason: null });
    expect(json.gaps).to.deep.equal([]);
  });

  it("answers at once with wait=0, and after its wait with a cursor when nothing came", async () => {
    const { url } = await startTestServer();
    const { json } = await poll(url, "&wait=0");
    const other = await publishJson(url, "lifts", 1);
    const at = performance.now();
    const waited = await poll(url, `&after=${json.cursor}&stream=${json.stream}&wait=1`);
    expect(performance.now() - at).to.be.above(900);
    expect(waited.json.messages).to.deep.equal([]);
    expect(waited.json.stream).to.equal(json.stream);
    expect(waited.json.cursor).to.equal(other);
  });

  it("is woken at once by a publish, and by a close", async () => {
    const { url } = await startTestServer();
    const { json } = await poll(url, "&wait=0");
    const next = poll(url, `&after=${json.cursor}&stream=${json.stream}&wait=60`);
    await publishJson(url, "doors", 1);
    const answer = await within(2_000, next, "the message");
    expect(dataOf(answer)).to.deep.equal([1]);
    const last = poll(url, `&after=${answer.json.cursor}&stream=${json.stream}&wait=60`);
    await ask(url, "POST", `/streams/${json.stream}/close`);
    const stopped = await within(2_000, last, "the close");
    expect(stopped.json).to.include({ stop: 1, reason: "client", cursor: answer.json.cursor });
  });

  it("hears of its close as often as it asks, and starts nothing new", async () => {
    const { url, hub } = await startTestServer();
    const { json } = await poll(url, "&wait=0");
    await ask(url, "POST", `/streams/${json.stream}/close`);
    await publishJson(url, "doors", 1);
    for (let n = 0; n < 3; n++) {
      const again = await poll(url, `&after=${json.cursor}&stream=${json.stream}`);
      expect(again.json).to.include({ stop: 1, reason: "client", stream: json.stream });
      expect(again.json.messages).to.deep.equal([]);
    }
    expect(hub.openStreams).to.equal(0);
  });

  it("loses nothing when an answer is lost on its way", async () => {
    const { url } = await startTestServer();
    const { json } = await poll(url, "&wait=0");
    const lost = new RawConnection(url);
    lost.send(
      `GET /stream?transport=poll&channels=doors&after=${json.cursor}&stream=${json.stream} HTTP/1.1`,
      `Host: ${new URL(url).host}`,
    );
    await publishJson(url, "doors", 1);
    await eventually(5_000, () => lost.received.includes('"data":1'), "the answer");
    lost.destroy();
    await publishJson(url, "doors", 2);
    const again = await poll(url, `&after=${json.cursor}&stream=${json.stream}`);
    expect(dataOf(again)).to.deep.equal([1, 2]);
  });

  it("takes nothing when its client has gone while it waited", async () => {
    const { url } = await startTestServer();
    const { json } = await poll(url, "&wait=0");
    const gone = new RawConnection(url);
    gone.send(
      `GET /stream?transport=poll&channels=doors&after=${json.cursor}&stream=${json.stream} HTTP/1.1`,
      `Host: ${new URL(url).host}`,
    );
    await publishJson(url, "lifts", 1);
    gone.destroy();
    await publishJson(url, "doors", 1);
    const again = await poll(url, `&after=${json.cursor}&stream=${json.stream}`);
    expect(dataOf(again)).to.deep.equal([1]);
    expect(again.json.stream).to.equal(json.stream);
  });

  it("answers an older poll of its stream at once, with nothing, when a newer one comes", async () => {
    const { url } = await startTestServer();
    const { json } = await poll(url, "&wait=0");
    const query = `&after=${json.cursor}&stream=${json.stream}&wait=60`;
    const older = poll(url, query);
    const newer = eventually(
      5_000,
      async () => (await poll(url, query.replace("60", "0"))).json,
      "the newer",
    );
    const answer = await within(3_000, older, "the older poll's answer");
    expect(answer.json.messages).to.deep.equal([]);
    expect(answer.json).to.include({ stop: 0, cursor: json.cursor });
    await newer;
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
    const frame = new RawConnection(url);
    frame.send("GET /stream?channels=doors HTTP/1.1", `Host: ${new URL(url).host}`);
    const [open] = await frame.untilEvents((events) => events.length > 0, "open");
    const third = await poll(url, `&wait=0&stream=${open?.["stream"]}`);
    expect(third.json.stream).to.not.equal(open?.["stream"]);
    expect(frame.ended).to.equal(false);
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

  it("holds about 1 MiB, and goes on where it left off", async () => {
    const { url } = await startTestServer();
    for (const n of numbers(60)) await publishJson(url, "doors", [n, "x".repeat(60_000)]);
    let query = "&after=earliest&wait=0";
    const all: number[] = [];
    for (let n = 0; all.length < 60; n++) {
      expect(n, "answers").to.be.below(6);
      const answer = await poll(url, query);
      expect(answer.text.length).to.be.below(1_048_576 + 70_000);
      all.push(...dataOf(answer).map(([number]: [number]) => number));
      query = `&after=${answer.json.cursor}&stream=${answer.json.stream}&wait=0`;
    }
    expect(all).to.deep.equal(numbers(60));
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
    const { url } = await startTestServer();
    const { json } = await poll(url, "&wait=0");
    const waiting = poll(url, `&after=${json.cursor}&stream=${json.stream}&wait=60`);
    await publishJson(url, "lifts", 1);
    await stopServers();
    const answer = await waiting;
    expect(answer.json).to.include({ stop: 0, reason: "shutdown" });
  });

  it("acknowledges with after what its client has", async () => {
    const { url } = await startTestServer();
    const { json } = await poll(url, "&wait=0");
    const id = await publishJson(url, "doors", 1);
    await poll(url, `&after=${json.cursor}&stream=${json.stream}&wait=0`);
    await poll(url, `&after=${id}&stream=${json.stream}&wait=0`);
    const receipt = await ask(url, "POST", `/streams/${json.stream}/close`);
    expect(receipt.json).to.include({ acked: id, cursor: id, reason: "client" });
  });

  it("is one stream in the listing across its polls, and counts in the limits", async () => {
    const server = await startTestServer({ maxStreamsPerClient: 2 });
    const { url, adminToken } = server;
    let last = await poll(url, "&wait=0&client=panel");
    for (let n = 0; n < 3; n++)
      last = await poll(
        url,
        `&wait=0&client=panel&after=${last.json.cursor}&stream=${last.json.stream}`,
      );
    const listing = await ask(url, "GET", "/streams", {
      headers: { Authorization: `Bearer ${adminToken}` },
    });
    expect(listing.json.streams).to.have.lengthOf(1);
    expect(listing.json.streams[0]).to.include({ transport: "poll", client: "panel" });
    await poll(url, "&wait=0&client=panel");
    const third = await poll(url, "&wait=0&client=panel");
    expect(third.status).to.equal(429);
    expect(third.json.code).to.equal("FF_CLIENT_STREAMS_TOO_MANY");
  });

  it("is forgotten when no other comes for as long as it is kept", async () => {
    const { url, hub } = await startTestServer({ pollKeptMs: 200 });
    const { json } = await poll(url, "&wait=0");
    expect(hub.openStreams).to.equal(1);
    await eventually(5_000, () => hub.openStreams === 0, "the stream to be forgotten");
    // Its client has not lost anything by that.
    await publishJson(url, "doors", 1);
    const late = await poll(url, `&after=${json.cursor}&stream=${json.stream}`);
    expect(dataOf(late)).to.deep.equal([1]);
    expect(late.json.stop).to.equal(0);
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

describe("a long poll as JSONP", () => {
  afterEach(stopServers);

  it("is a script that calls the function, and nothing else", async () => {
    const { url } = await startTestServer({ jsonp: true });
    await publishJson(url, "doors", "</script>\u2028");
    const { status, headers, text } = await poll(url, "&last=1&callback=app.show");
    expect(status).to.equal(200);
    expect(headers["content-type"]).to.equal("application/javascript; charset=utf-8");
    expect(headers["x-content-type-options"]).to.equal("nosniff");
    expect(text).to.match(/^\/\*\*\/app\.show\(\{.*\}\);$/s);
    expect(text).to.not.contain("</script>").and.not.contain("\u2028");
    const shown: unknown[] = [];
    new Function("app", text)({ show: (answer: unknown) => shown.push(answer) });
    expect(shown[0]).to.have.nested.property("messages[0].data", "</script>\u2028");
  });

  it("tells a refusal to the function, with a status that runs", async () => {
    const { url } = await startTestServer({ jsonp: true });
    const answer = await ask(url, "GET", "/stream?transport=poll&channels=a..b&callback=show");
    expect(answer.status).to.equal(200);
    expect(answer.text).to.match(
      /^\/\*\*\/show\(\{"type":"error","code":"FF_SELECTOR_INVALID","status":400,/,
    );
  });

  it("never calls what is no function's name", async () => {
    const { url } = await startTestServer({ jsonp: true });
    for (const callback of ["alert(1)", "a..b", "a b", "", "x".repeat(65)]) {
      const answer = await poll(url, `&callback=${encodeURIComponent(callback)}`);
      expect(answer.status, callback).to.equal(400);
      expect(answer.json.code).to.equal("FF_CALLBACK_INVALID");
    }
  });

  it("is not for pages of another origin, which only Referer tells", async () => {
    const { url } = await startTestServer({ jsonp: true });
    const answer = await ask(
      url,
      "GET",
      "/stream?transport=poll&channels=doors&wait=0&callback=show",
      { headers: { Referer: "http://evil.example/page" } },
    );
    expect(answer.text).to.not.contain('"cursor"');
    expect(answer.text).to.contain("FF_ORIGIN_REFUSED");
  });
});
