import { expect } from "chai";
import { EventSource } from "eventsource";
import { closeConnections, publishJson, RawConnection } from "../support/raw-http.ts";
import { ask, expectProblem } from "../support/request.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

async function openStream(url: string, query: string, headers: readonly string[] = []) {
  const connection = new RawConnection(url);
  connection.send(`GET /stream?${query} HTTP/1.1`, `Host: ${new URL(url).host}`, ...headers);
  await eventually(5_000, () => connection.body.includes("\n\n"), "the first event");
  return connection;
}

const blocks = ({ body }: RawConnection) => body.split("\n\n").slice(0, -1);
const untilBlocks = (connection: RawConnection, count: number) =>
  eventually(
    5_000,
    () => blocks(connection).length >= count && blocks(connection),
    `${count} events`,
  );

const field = (block: string | undefined, name: string) =>
  new RegExp(`^${name}: (.*)$`, "m").exec(block ?? "")?.[1];

/** An EventSource of the npm package, and what it was told. */
function startSource(url: string) {
  const received: unknown[] = [];
  const closes: string[] = [];
  const streams: string[] = [];
  const told = { received, closes, streams, answers: [] as number[] };
  const source = new EventSource(url, {
    fetch: async (input, init) => {
      const answer = await fetch(input, init);
      told.answers.push(answer.status);
      return answer;
    },
  });
  source.addEventListener("message", ({ data }) => received.push(JSON.parse(data).data));
  source.addEventListener("ff-open", ({ data }) => streams.push(JSON.parse(data).close));
  source.addEventListener("ff-close", ({ data }) => closes.push(JSON.parse(data).reason));
  sources.add(source);
  return { source, told };
}
const sources = new Set<EventSource>();

describe("server-sent events", () => {
  afterEach(async () => {
    for (const source of sources) source.close();
    sources.clear();
    killProcesses();
    closeConnections();
    await stopServers();
    removeTemporaryDirectories();
  });

  it("are an id and data for a message, and a name and an id for other events", async () => {
    const { url } = await startTestServer();
    const stream = await openStream(url, "channels=doors&transport=sse");
    expect(stream.head.headers["content-type"]).to.equal("text/event-stream; charset=utf-8");
    expect(stream.head.headers["cache-control"]).to.equal("no-store, no-transform");
    expect(stream.head.headers["x-accel-buffering"]).to.equal("no");
    expect(stream.head.headers["x-content-type-options"]).to.equal("nosniff");
    expect(stream.head.headers["referrer-policy"]).to.equal("no-referrer");
    const id = await publishJson(url, "doors", "one\r\ntwo\ndata: three");
    const [open, message] = await untilBlocks(stream, 2);
    expect(open).to.match(/^event: ff-open\nid: [^\n]+\ndata: \{"type":"open"[^\n]*\}$/);
    expect(message).to.match(new RegExp(`^id: ${id}\\ndata: \\{"type":"message"[^\\n]*\\}$`));
  });

  it("have an id with a cursor event, and none with a gap, which does not move the cursor", async () => {
    const { url } = await startTestServer({ heartbeatMs: 60 });
    const stream = await openStream(
      url,
      "channels=doors&transport=sse&after=0othrepoch.0000000000001",
    );
    const [, gap] = await untilBlocks(stream, 2);
    expect(gap).to.match(/^event: ff-gap\ndata: \{"type":"gap"[^\n]*\}$/);
    const id = await publishJson(url, "lifts", 1);
    await eventually(
      5_000,
      () =>
        stream.body.includes(
          `event: ff-cursor\nid: ${id}\ndata: {"type":"cursor","cursor":"${id}"}\n\n`,
        ),
      "the cursor event",
    );
  });

  for (const accept of ["*/*", "text/html", "text/html, text/event-stream;q=0"]) {
    it(`are not what the Accept "${accept}" asks for`, async () => {
      const { url } = await startTestServer();
      const other = new RawConnection(url);
      const host = `Host: ${new URL(url).host}`;
      other.send("GET /stream?channels=doors HTTP/1.1", host, `Accept: ${accept}`);
      await other.untilEvents(([open]) => open?.type === "open", "a frame");
      expect(other.head.headers["content-type"]).to.equal("text/html; charset=utf-8");
    });
  }

  for (const accept of ["text/event-stream, */*;q=0.1", "Text/Event-Stream"]) {
    it(`are what the Accept "${accept}" asks for`, async () => {
      const { url } = await startTestServer();
      const stream = await openStream(url, "channels=doors", [`Accept: ${accept}`]);
      expect(stream.head.headers["content-type"]).to.equal("text/event-stream; charset=utf-8");
    });
  }

  it("are what Accept asks for, where transport does not say otherwise", async () => {
    const { url } = await startTestServer();
    const accept = ["Accept: text/event-stream"];
    const asked = await openStream(url, "channels=doors", accept);
    expect(asked.body).to.match(/^event: ff-open/);
    const told = new RawConnection(url);
    told.send(
      "GET /stream?channels=doors&transport=ndjson HTTP/1.1",
      `Host: ${new URL(url).host}`,
      ...accept,
    );
    await eventually(5_000, () => told.body.startsWith('{"type":"open"'), "the NDJSON");
  });

  it("go on after Last-Event-ID, whatever after and last say", async () => {
    const { url } = await startTestServer();
    const ids: string[] = [];
    for (const n of [0, 1, 2, 3]) ids.push(await publishJson(url, "doors", n));
    for (const query of [`after=${ids[3]}`, "last=1"]) {
      const stream = await openStream(url, `channels=doors&transport=sse&${query}`, [
        `Last-Event-ID: ${ids[1]}`,
      ]);
      const [, first, second] = await untilBlocks(stream, 3);
      expect([first, second].map((block) => /^id: (.*)$/m.exec(block ?? "")?.[1])).to.deep.equal(
        ids.slice(2),
      );
    }
  });

  it("go on after Last-Event-ID with what was published while nobody was there, whatever the epoch", async () => {
    const { url } = await startTestServer();
    await publishJson(url, "doors", 1);
    const foreign = ["Last-Event-ID: 0othrepoch.0000000000001"];
    const stream = await openStream(url, "channels=doors&transport=sse", foreign);
    const [, gap, message] = await untilBlocks(stream, 3);
    expect(JSON.parse(field(gap, "data") ?? "")).to.include({ type: "gap", reason: "epoch" });
    expect(JSON.parse(field(message, "data") ?? "")).to.include({ type: "message", data: 1 });
  });

  for (const [reason, path] of [
    ["client", undefined],
    ["admin", "/channels/doors/close"],
    ["replaced", "/stream?transport=poll&channels=lifts&client=panel&wait=0&takeover=1&earlier="],
  ] as const) {
    it(`closed by ${reason} have an id that ends for good, after the last message`, async () => {
      const { url, adminToken } = await startTestServer();
      const stream = await openStream(url, "channels=doors&transport=sse&client=panel");
      const id = await publishJson(url, "doors", 1);
      await untilBlocks(stream, 2);
      const method = reason === "replaced" ? "GET" : "POST";
      const headers = { Authorization: `Bearer ${adminToken}` };
      const { close, stream: own } = JSON.parse(field(stream.body, "data") ?? "");
      const target = reason === "replaced" ? `${path}${own}` : (path ?? `/${close}`);
      await ask(url, method, target, { headers });
      const [, , closed] = await untilBlocks(stream, 3);
      expect(closed).to.match(/^event: ff-close\nid: /);
      expect(field(closed, "id")).to.equal(`${id}.end`);
      const event = JSON.parse(field(closed, "data") ?? "");
      const final = { type: "close", reason, reconnect: false, retryMs: 0, cursor: id };
      expect(event).to.deep.equal(final);
      await stream.untilEnded();
      expect(blocks(stream)).to.have.lengthOf(3);
      for (const query of ["transport=sse", "transport=sse&after=earliest", "last=5"]) {
        const again = await ask(url, "GET", `/stream?channels=doors&${query}`, {
          headers: { "Last-Event-ID": `${id}.end`, Accept: "text/event-stream" },
        });
        expect(again.status, query).to.equal(204);
        expect(again.text).to.equal("");
        expect(again.headers["cache-control"]).to.equal("no-store, no-transform");
      }
    });
  }

  it("end for good with an id that is answered 204, and a recycled or stopped one with a pause", async () => {
    const { url } = await startTestServer({ retryMs: 5 });
    const stream = await openStream(url, "channels=doors&transport=sse");
    const open = JSON.parse(/^data: (.*)$/m.exec(stream.body)?.[1] ?? "");
    await ask(url, "POST", `/${open.close}`);
    const [, close] = await untilBlocks(stream, 2);
    const id = /^event: ff-close\nid: (\S+)\ndata: /.exec(close ?? "")?.[1];
    expect(id).to.equal(`${open.cursor}.end`);
    expect(close).to.not.contain("retry:");
    const again = await ask(url, "GET", "/stream?channels=doors&transport=sse", {
      headers: { "Last-Event-ID": String(id) },
    });
    expect(again.status).to.equal(204);
    expect(again.text).to.equal("");

    const stopped = await openStream(url, "channels=doors&transport=sse");
    await stopServers();
    const [, shutdown] = await untilBlocks(stopped, 2);
    const retry = Number(/^retry: (\d+)$/m.exec(shutdown ?? "")?.[1]);
    expect(retry).to.be.at.least(1_000);
    expect(shutdown)
      .to.match(/^id: [^\n]*[^d]$/m)
      .and.not.contain(".end");
  });

  it("have a comment as their heartbeat", async () => {
    const { url } = await startTestServer({ heartbeatMs: 60 });
    const stream = await openStream(url, "channels=doors&transport=sse");
    await eventually(5_000, () => stream.body.endsWith(":\n\n"), "a comment");
  });

  for (const path of ["", "&lastEventId=no+cursor!"]) {
    it(`start with a gap, and all that is kept, after a Last-Event-ID of something else${path && ", in the query too"}`, async () => {
      const { url } = await startTestServer();
      await publishJson(url, "doors", 1);
      const headers = path === "" ? ["Last-Event-ID: no cursor!"] : [];
      const stream = await openStream(url, `channels=doors&transport=sse${path}`, headers);
      const [, gap, message] = await untilBlocks(stream, 3);
      expect(JSON.parse(field(gap, "data") ?? "")).to.include({ type: "gap", reason: "epoch" });
      expect(JSON.parse(field(message, "data") ?? "")).to.include({ type: "message", data: 1 });
    });
  }

  it("resume after lastEventId of the query, and rather after the header", async () => {
    const { url } = await startTestServer();
    const first = await publishJson(url, "doors", 1);
    const second = await publishJson(url, "doors", 2);
    await publishJson(url, "doors", 3);
    const query = `channels=doors&transport=sse&lastEventId=${first}`;
    const byQuery = await untilBlocks(await openStream(url, query), 3);
    expect(byQuery.slice(1, 3).map((block) => field(block, "event"))).to.deep.equal([
      undefined,
      undefined,
    ]);
    const both = await openStream(url, query, [`Last-Event-ID: ${second}`]);
    const [, message] = await untilBlocks(both, 2);
    expect(JSON.parse(field(message, "data") ?? "")).to.include({ data: 3 });
    const ended = await ask(url, "GET", `/stream?channels=doors&transport=sse&lastEventId=x.end`);
    expect(ended.status).to.equal(204);
  });

  it("that are refused for a while get 200 and come back by themselves, or the status where they ask for it", async () => {
    const { url } = await startTestServer({ maxStreams: 1 });
    await openStream(url, "channels=doors&transport=sse");
    const refused = await ask(url, "GET", "/stream?channels=doors&transport=sse");
    expect(refused.status).to.equal(200);
    expect(refused.headers["content-type"]).to.match(/^text\/event-stream/);
    expect(refused.text).to.match(
      /^event: ff-error\nretry: 5000\ndata: \{.*FF_STREAMS_TOO_MANY.*\}\n\n$/,
    );
    const asked = await ask(url, "GET", "/stream?channels=doors&transport=sse&status=1");
    expectProblem(asked, 503, "FF_STREAMS_TOO_MANY");
    const forGood = await ask(url, "GET", "/stream?channels=a..b&transport=sse");
    expectProblem(forGood, 400, "FF_SELECTOR_INVALID");
  });

  it("reach an EventSource over a restart of the server, each once, until it is ended for good", async function () {
    this.timeout(20_000);
    const data = createTemporaryDirectory();
    const first = await startTestServer({ memory: false, data, retryMs: 10 });
    const port = Number(new URL(first.url).port);
    const { source, told } = startSource(`${first.url}/stream?channels=doors`);
    await eventually(5_000, () => told.streams.length === 1, "the stream");
    await publishJson(first.url, "doors", 1);
    await eventually(5_000, () => told.received.length === 1, "the first message");
    await stopServers();
    const second = await startTestServer({ memory: false, data, port });
    await publishJson(second.url, "doors", 2);
    await eventually(10_000, () => told.received.length === 2, "the second message");
    expect(told.received).to.deep.equal([1, 2]);
    await ask(second.url, "POST", `/${told.streams.at(-1)}`);
    await eventually(10_000, () => source.readyState === EventSource.CLOSED, "its end");
    expect(told.closes).to.deep.equal(["shutdown", "client"]);
    // The first, the one after the restart, and the last; between them the server was away.
    const answers = () => told.answers.filter((status) => status !== 503);
    expect(answers()).to.deep.equal([200, 200, 204]);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(answers()).to.deep.equal([200, 200, 204]);
  });

  it("reach an EventSource, each once, over the death of the server", async function () {
    this.timeout(30_000);
    const data = createTemporaryDirectory();
    const first = await startServeProcess(["--data", data]);
    const { url } = first;
    const { told } = startSource(`${url}/stream?channels=doors`);
    await eventually(5_000, () => told.streams.length === 1, "the stream");
    for (const n of [1, 2]) await publishJson(url, "doors", n);
    await eventually(5_000, () => told.received.length === 2, "the first messages");
    first.process.kill("SIGKILL");
    await first.process.outcome;
    const second = await startServeProcess(["--data", data, "--port", new URL(url).port]);
    expect(second.url).to.equal(url);
    for (const n of [3, 4]) await publishJson(url, "doors", n);
    await eventually(15_000, () => told.received.length >= 4, "the messages after its death");
    await publishJson(url, "doors", 5);
    await eventually(5_000, () => told.received.length >= 5, "one more");
    expect(told.received).to.deep.equal([1, 2, 3, 4, 5]);
    expect(told.closes).to.deep.equal([]);
  });

  it("end an EventSource that an operator ends, which asks once more and never again", async () => {
    const { url, adminToken } = await startTestServer();
    const { source, told } = startSource(`${url}/stream?channels=doors`);
    await eventually(5_000, () => told.streams.length === 1, "the stream");
    await ask(url, "POST", "/channels/doors/close", {
      headers: { Authorization: `Bearer ${adminToken}` },
    });
    await eventually(8_000, () => source.readyState === EventSource.CLOSED, "its end");
    await publishJson(url, "doors", "too late");
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(told).to.deep.include({ received: [], closes: ["admin"], answers: [200, 204] });
  });
});
