import { expect } from "chai";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import {
  ask,
  closePathOf,
  dataOf,
  expectProblem,
  messagesOf,
  openNdjson,
  publishRaw,
  untilMessages,
} from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

const RECEIPT = ["stream", "closed", "reason", "cursor", "acked", "messages", "bytes", "openMs"];

/** Sockets that this process, and so the server in it, holds. */
function socketsHeld(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

describe("POST /streams/{id}/close", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("answers a receipt of what the stream was given", async () => {
    const { url } = await startTestServer();
    const { connection, open } = await openFrame(url, "channels=doors");
    await publishJson(url, "doors", 1);
    const cursor = await publishJson(url, "doors", 2);
    await untilMessages(connection, 2);
    const answer = await ask(url, "POST", closePathOf(url, open));
    expect(answer.status).to.equal(200);
    expect(answer.headers["content-type"]).to.match(/^application\/json/);
    expect(answer.headers["cache-control"]).to.include("no-store");
    expect(answer.json).to.have.all.keys(RECEIPT);
    const { stream } = open;
    const expected = { stream, closed: true, reason: "client", cursor, acked: null, messages: 2 };
    expect(answer.json).to.include(expected);
    expect(answer.json.bytes).to.be.within(2_048, connection.received.length);
    expect(answer.json.openMs).to.be.a("number").and.be.within(0, 10_000);
  });

  it("gives the stream a close event, and nothing after it", async () => {
    const { url } = await startTestServer();
    const { connection, open } = await openFrame(url, "channels=doors");
    const other = await openFrame(url, "channels=doors");
    await ask(url, "POST", closePathOf(url, open));
    await publishJson(url, "doors", "too late");
    await untilMessages(other.connection, 1);
    await eventually(5_000, () => connection.rawBody.endsWith("\r\n0\r\n\r\n"), "the last chunk");
    const types = connection.frameEvents().map(({ type }) => type);
    expect(types).to.deep.equal(["open", "close"]);
    expect(connection.body).not.to.include("too late");
  });

  it("gives the close event all that was published and answered before", async () => {
    const { url } = await startTestServer();
    const { connection, open } = await openFrame(url, "channels=doors");
    for (let n = 0; n < 50; n += 1) await publishJson(url, "doors", n);
    const receipt = (await ask(url, "POST", closePathOf(url, open))).json;
    const events = await connection.untilEvents(
      (seen) => seen.at(-1)?.type === "close",
      "the close event",
    );
    expect(events.at(-1)?.["cursor"]).to.equal(receipt.cursor);
    expect(messagesOf(events)).to.have.lengthOf(receipt.messages);
    const { connection: resumed } = await openFrame(url, `channels=doors&after=${receipt.cursor}`);
    await publishJson(url, "doors", 50);
    const rest = await resumed.untilEvents((seen) => dataOf(seen).includes(50), "the rest");
    expect([...dataOf(events), ...dataOf(rest)]).to.deep.equal(
      Array.from({ length: 51 }, (_, n) => n),
    );
  });

  it("answers the same receipt again, to every repeat", async () => {
    const { url } = await startTestServer();
    const { open } = await openFrame(url, "channels=doors");
    const path = closePathOf(url, open);
    const answers = await Promise.all([1, 2, 3].map(() => ask(url, "POST", path)));
    answers.push(await ask(url, "POST", path, { headers: { Accept: "application/json" } }));
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
    expect(new Set(answers.map(({ text }) => text))).to.have.lengthOf(1);
  });

  it("answers 404 FF_STREAM_UNKNOWN when the receipt is no longer kept", async () => {
    const { url } = await startTestServer({ receiptMs: 100 });
    const { open } = await openFrame(url, "channels=doors");
    const path = closePathOf(url, open);
    expect((await ask(url, "POST", path)).status).to.equal(200);
    const answer = await eventually(
      5_000,
      async () => {
        const again = await ask(url, "POST", path);
        return again.status !== 200 && again;
      },
      "the receipt to go",
    );
    expectProblem(answer, 404, "FF_STREAM_UNKNOWN");
  });

  it("keeps only the last maxReceipts receipts", async () => {
    const { url } = await startTestServer({ maxReceipts: 2 });
    const paths: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const { open } = await openFrame(url, "channels=doors");
      paths.push(closePathOf(url, open));
      await ask(url, "POST", closePathOf(url, open));
    }
    const answers = await Promise.all(paths.map((path) => ask(url, "POST", path)));
    expect(answers.map(({ status }) => status)).to.deep.equal([404, 200, 200]);
  });

  for (const id of ["nothing", "n1.AAAAAAAAAAAAAAAAAAAAAA", "__proto__", "%00", "a".repeat(500)]) {
    it(`answers 404 FF_STREAM_UNKNOWN for the unknown id ${id.slice(0, 30)}`, async () => {
      const { url } = await startTestServer();
      expectProblem(await ask(url, "POST", `/streams/${id}/close`), 404, "FF_STREAM_UNKNOWN");
    });
  }

  for (const [what, type, body] of [
    ["a form", "application/x-www-form-urlencoded", "close=1"],
    ["a form of parts", "multipart/form-data; boundary=x", "--x--\r\n"],
    ["text, as sendBeacon sends", "text/plain;charset=UTF-8", "bye"],
    ["broken JSON", "application/json", "{"],
    ["a type nobody knows", "application/x-unknown", "\0\u0001"],
    ["a body without a type", "", "bye"],
    ["an empty form", "application/x-www-form-urlencoded", ""],
  ] as const) {
    it(`takes ${what}`, async () => {
      const { url } = await startTestServer();
      const { connection, open } = await openFrame(url, "channels=doors");
      const headers = type === "" ? {} : { "Content-Type": type };
      const answer = await ask(url, "POST", closePathOf(url, open), { headers, body });
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.json).to.include({ stream: open["stream"], reason: "client" });
      await connection.untilEvents((seen) => seen.at(-1)?.type === "close", "the close event");
    });
  }

  it("takes a body that comes in chunks", async () => {
    const { url } = await startTestServer();
    const { open } = await openFrame(url, "channels=doors");
    const body = [Buffer.from("a"), Buffer.from("b")];
    expect((await ask(url, "POST", closePathOf(url, open), { body })).status).to.equal(200);
  });

  it("answers a document that calls parent.controlled where Accept prefers HTML", async () => {
    const { url } = await startTestServer();
    const { open } = await openFrame(url, "channels=doors");
    const path = closePathOf(url, open);
    const accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    const answer = await ask(url, "POST", path, { headers: { Accept: accept } });
    expect(answer.status).to.equal(200);
    expect(answer.headers["content-type"]).to.equal("text/html; charset=utf-8");
    expect(answer.headers["cache-control"]).to.include("no-store");
    const [, json = ""] = /parent\.controlled\((\{.*?\})\)/.exec(answer.text) ?? [];
    expect(JSON.parse(json)).to.deep.equal((await ask(url, "POST", path)).json);
  });

  it("answers JSON where Accept takes anything", async () => {
    const { url } = await startTestServer();
    const { open } = await openFrame(url, "channels=doors");
    const headers = { Accept: "*/*" };
    const answer = await ask(url, "POST", closePathOf(url, open), { headers });
    expect(answer.json).to.have.all.keys(RECEIPT);
  });

  it("ends an NDJSON stream, too", async () => {
    const { url } = await startTestServer();
    const { connection, open } = await openNdjson(url, "channels=doors");
    await ask(url, "POST", closePathOf(url, open));
    const closed = (): boolean => connection.ndjsonEvents().at(-1)?.type === "close";
    await eventually(5_000, closed, "the close event");
  });

  it("ends only the stream that it names", async () => {
    const { url } = await startTestServer();
    const first = await openFrame(url, "channels=doors");
    const second = await openFrame(url, "channels=doors");
    await ask(url, "POST", closePathOf(url, first.open));
    await publishJson(url, "doors", 1);
    expect(dataOf(await untilMessages(second.connection, 1))).to.deep.equal([1]);
  });

  it("answers at once for a client that does not read, and its connection is gone within 2 s", async () => {
    const { url } = await startTestServer({ maxMessageBytes: 200_000, recycleBytes: 0 });
    const { connection, open } = await openFrame(url, "channels=doors");
    const reader = await openNdjson(url, "channels=doors");
    connection.socket.pause();
    const batch = Array.from({ length: 20 }, () => `"${"x".repeat(190_000)}"`).join("\n");
    for (let n = 0; n < 8; n += 1) {
      const answer = await publishRaw(url, "doors", "application/x-ndjson", batch);
      expect(answer.status, answer.text).to.equal(201);
    }
    const all = 160 * 190_000;
    await eventually(5_000, () => reader.connection.received.length > all, "the other reader");
    const held = socketsHeld();
    const answer = await ask(url, "POST", closePathOf(url, open), { ms: 1_000 });
    expect(answer.status).to.equal(200);
    expect(answer.json).to.include({ closed: true, reason: "client" });
    expect(answer.json.messages).to.be.below(160);
    await eventually(2_500, () => socketsHeld() < held, "the server to let go of the connection");
  }).timeout(20_000);

  it("answers the reason gone when the client went away before", async () => {
    const { url } = await startTestServer();
    const { connection, open } = await openFrame(url, "channels=doors");
    const held = socketsHeld();
    connection.destroy();
    await eventually(2_000, () => socketsHeld() <= held - 2, "both ends of the connection to go");
    const receipt = (await ask(url, "POST", closePathOf(url, open))).json;
    expect(receipt).to.have.all.keys(RECEIPT);
    expect(receipt).to.include({ stream: open["stream"], closed: true, reason: "gone" });
  });
});
