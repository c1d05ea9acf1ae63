import { expect } from "chai";
import { closeConnections, openFrame, publishJson, RawConnection } from "../support/raw-http.ts";
import { ask, closePathOf, untilMessages } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

const SCRIPT_END = "</script>";

/** Where, in bytes of the body, the first event's script has ended. */
function firstEventEnd(body: string, callback: string): number {
  const bytes = Buffer.from(body, "utf8").toString("latin1");
  const start = bytes.indexOf(`<script>${callback}({`);
  expect(start, "the first event").to.be.above(0);
  return bytes.indexOf(SCRIPT_END, start) + SCRIPT_END.length;
}

describe("the document of a display frame", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("has the status and the headers of the contract, and no length", async () => {
    const { url } = await startTestServer();
    const { connection } = await openFrame(url, "channels=doors");
    expect(connection.head.status).to.equal(200);
    expect(connection.head.headers).to.include({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "transfer-encoding": "chunked",
    });
    expect(connection.head.headers).not.to.have.property("content-length");
  });

  it("is not compressed where the client would take it compressed, and says so to proxies", async () => {
    const { url } = await startTestServer();
    const { connection } = await openFrame(url, "channels=doors", ["Accept-Encoding: gzip, br"]);
    expect(connection.head.headers).to.have.property("content-encoding", "identity");
  });

  it("is HTML that declares its charset before the first event", async () => {
    const { url } = await startTestServer();
    const { connection } = await openFrame(url, "channels=doors");
    expect(connection.body).to.match(/^<!doctype html>/i);
    const head = connection.body.slice(0, connection.body.indexOf("<script>parent.push("));
    expect(head).to.match(/<meta charset="?utf-8"?\s*\/?>/i);
  });

  for (const callback of ["parent.push", "parent.p", `parent.${"b".repeat(57)}`]) {
    it(`ends the first script at byte 2048 or later with a callback of ${callback.length} bytes`, async () => {
      const { url } = await startTestServer();
      const connection = new RawConnection(url);
      connection.send(
        `GET /stream?channels=doors&callback=${callback} HTTP/1.1`,
        `Host: ${new URL(url).host}`,
      );
      const [open] = await eventually(
        5_000,
        () => connection.frameEvents(callback).length > 0 && connection.frameEvents(callback),
        "the open event",
      );
      expect(open?.type).to.equal("open");
      expect(firstEventEnd(connection.body, callback)).to.be.at.least(2_048);
    });
  }

  it("starts with open, which names the stream, a cursor and where to close it", async () => {
    const { url } = await startTestServer();
    const { open } = await openFrame(url, "channels=doors");
    expect(open).to.have.all.keys("type", "stream", "cursor", "close", "heartbeatMs");
    expect(open["cursor"]).to.match(/^[A-Za-z0-9._-]{1,64}$/);
    expect(closePathOf(url, open)).to.equal(`/streams/${String(open["stream"])}/close`);
  });

  it("draws a stream id of at least 128 bits for each stream", async () => {
    const { url } = await startTestServer();
    const first = await openFrame(url, "channels=doors");
    const second = await openFrame(url, "channels=doors");
    expect(String(first.open["stream"])).to.have.length.at.least(22);
    expect(first.open["stream"]).not.to.equal(second.open["stream"]);
  });

  it("is nothing but one script for each event after the first chunk, each in one chunk", async () => {
    const { url } = await startTestServer();
    const { connection } = await openFrame(url, "channels=doors");
    for (let n = 0; n < 20; n += 1) await publishJson(url, "doors", { n });
    const events = await untilMessages(connection, 20);
    expect(events).to.have.lengthOf(21);
    for (const chunk of connection.chunks.slice(1)) {
      expect(chunk).to.match(/^(<script>parent\.push\(\{[^<]*\}\)<\/script>)+$/);
    }
  });

  it("gives a message exactly the members of the contract", async () => {
    const { url } = await startTestServer();
    const { connection } = await openFrame(url, "channels=doors");
    const before = Date.now();
    const id = await publishJson(url, "doors", { vid: 7 });
    const message = (await untilMessages(connection, 1))[1];
    expect(message).to.have.all.keys("type", "id", "channel", "time", "data");
    expect(message).to.deep.include({ type: "message", id, channel: "doors", data: { vid: 7 } });
    expect(message?.["time"]).to.be.within(before, Date.now());
    expect(id).to.match(/^[A-Za-z0-9._-]{1,64}$/);
  });

  it("calls the callback that was asked for, in every event", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    const callback = "parent.$app._on.x1";
    connection.send(
      `GET /stream?channels=doors&callback=${callback} HTTP/1.1`,
      `Host: ${new URL(url).host}`,
    );
    await eventually(5_000, () => connection.frameEvents(callback).length === 1, "the open event");
    await publishJson(url, "doors", 1);
    await eventually(5_000, () => connection.frameEvents(callback).length === 2, "the message");
    expect(connection.body).not.to.include("parent.push(");
  });

  it("is kept alive by a chunk of one space", async () => {
    const { url } = await startTestServer({ heartbeatMs: 50 });
    const { connection } = await openFrame(url, "channels=doors");
    await eventually(5_000, () => connection.chunks.length >= 4, "three heartbeats");
    expect(connection.chunks.slice(1, 4)).to.deep.equal([" ", " ", " "]);
  });

  it("gives a cursor event in place of a heartbeat when other channels moved the log on", async () => {
    const { url } = await startTestServer({ heartbeatMs: 100 });
    const { connection } = await openFrame(url, "channels=doors");
    const id = await publishJson(url, "lifts", 1);
    const events = await connection.untilEvents((seen) => seen.length > 1, "the cursor event");
    expect(events[1]).to.deep.equal({ type: "cursor", cursor: id });
    const { connection: resumed } = await openFrame(url, `channels=doors&after=${id}`);
    await publishJson(url, "doors", 2);
    const types = (await untilMessages(resumed, 1)).map(({ type }) => type);
    expect(types).to.deep.equal(["open", "live", "message"]);
  });

  it("ends with the close event, the end of the document and the last chunk", async () => {
    const { url } = await startTestServer();
    const { connection, open } = await openFrame(url, "channels=doors");
    const id = await publishJson(url, "doors", 1);
    await untilMessages(connection, 1);
    await ask(url, "POST", closePathOf(url, open));
    await eventually(5_000, () => connection.rawBody.endsWith("\r\n0\r\n\r\n"), "the last chunk");
    expect(connection.body).to.match(/<\/script><\/body><\/html>\s*$/);
    expect(connection.frameEvents().at(-1)).to.deep.equal({
      type: "close",
      reason: "client",
      reconnect: false,
      retryMs: 0,
      cursor: id,
    });
  });

  it("is not chunked over HTTP/1.0 and ends with the connection", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    connection.send("GET /stream?channels=doors HTTP/1.0", `Host: ${new URL(url).host}`);
    const [open] = await connection.untilEvents((seen) => seen.length === 1, "the open event");
    expect(connection.head.headers).not.to.have.any.keys("transfer-encoding", "content-length");
    await publishJson(url, "doors", 1);
    await untilMessages(connection, 1);
    await ask(url, "POST", closePathOf(url, open ?? { type: "" }));
    await connection.untilEnded();
    expect(connection.rawBody).to.match(/^<!doctype html>/i);
    expect(connection.rawBody).to.match(/<\/script><\/body><\/html>\s*$/);
  });

  it("streams to an HTTP/1.1 client that asked for Connection: close, and then ends the connection", async () => {
    const { url } = await startTestServer();
    const { connection, open } = await openFrame(url, "channels=doors", ["Connection: close"]);
    expect(connection.head.headers).to.include({ "transfer-encoding": "chunked" });
    await publishJson(url, "doors", 1);
    await untilMessages(connection, 1);
    await ask(url, "POST", closePathOf(url, open));
    await connection.untilEnded();
    expect(connection.frameEvents().at(-1)).to.include({ type: "close" });
  });

  it("lives on when it is idle for longer than a keep-alive connection may be", async function () {
    this.timeout(15_000);
    const { url } = await startTestServer({ heartbeatMs: 7_000 });
    const { connection } = await openFrame(url, "channels=doors");
    await eventually(10_000, () => connection.chunks.at(-1) === " ", "a heartbeat after 7 s");
    await publishJson(url, "doors", 1);
    expect(await untilMessages(connection, 1)).to.have.lengthOf(2);
  });

  it("tells its reader that the server stops, and when to come back", async () => {
    const { url } = await startTestServer();
    const { connection } = await openFrame(url, "channels=doors");
    await stopServers();
    const event = connection.frameEvents().at(-1);
    expect(event).to.include({ type: "close", reason: "shutdown", reconnect: true });
    expect(event?.["retryMs"]).to.be.a("number").and.at.least(0);
  });
});
