import { expect } from "chai";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { ask, closePathOf, expectProblem, untilMessages } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

const FIGURES = ["stream", "state", "cursor", "messages", "bytes", "acked", "openMs"];

describe("GET /streams/{id}", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("tells what an open stream was given so far", async () => {
    const { url } = await startTestServer();
    const { connection, open } = await openFrame(url, "channels=doors");
    const handled = await publishJson(url, "doors", 1);
    const cursor = await publishJson(url, "doors", 2);
    await untilMessages(connection, 2);
    await ask(url, "POST", `/streams/${open["stream"]}/ack`, {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ cursor: handled }),
    });
    const answer = await ask(url, "GET", `/streams/${open["stream"]}`);
    expect(answer.status).to.equal(200);
    expect(answer.headers["content-type"]).to.match(/^application\/json/);
    expect(answer.headers["cache-control"]).to.include("no-store");
    expect(answer.json).to.have.all.keys(FIGURES);
    const { stream } = open;
    expect(answer.json).to.include({ stream, state: "open", cursor, messages: 2, acked: handled });
    expect(answer.json.bytes).to.be.within(2_048, connection.received.length);
    expect(answer.json.openMs).to.be.a("number").and.be.within(0, 10_000);
  });

  it("tells the cursor that the client was told, not one that the stream skipped to", async () => {
    const { url } = await startTestServer();
    await publishJson(url, "doors", 1);
    const { connection, open } = await openFrame(url, "channels=doors");
    // The reply to this publish comes after the server has read the log up to it.
    await publishJson(url, "news", "for others, too");
    const { json } = await ask(url, "GET", `/streams/${open["stream"]}`);
    expect(json.cursor).to.equal(open["cursor"]);
    const next = await publishJson(url, "doors", 2);
    await untilMessages(connection, 1);
    expect((await ask(url, "GET", `/streams/${open["stream"]}`)).json.cursor).to.equal(next);
  });

  it("has the stream given a cursor event at once with echo=1, once a second at most", async () => {
    const { url } = await startTestServer();
    const { connection, open } = await openFrame(url, "channels=doors");
    const cursor = await publishJson(url, "doors", 1);
    await untilMessages(connection, 1);
    const path = `/streams/${open["stream"]}`;
    const answer = await ask(url, "GET", `${path}?echo=1`);
    expect(answer.json).to.have.all.keys([...FIGURES, "echo"]);
    expect(answer.json).to.include({ state: "open", cursor, messages: 1, echo: true });
    const event = `{"type":"cursor","cursor":"${cursor}","echo":true}`;
    await eventually(5_000, () => connection.received.includes(event), "the echo");
    expect((await ask(url, "GET", `${path}?echo=1`)).json.echo, "too soon").to.equal(false);
    expect((await ask(url, "GET", `${path}?echo=0`)).json).to.have.all.keys(FIGURES);
    const again = async () => (await ask(url, "GET", `${path}?echo=1`)).json.echo === true;
    await eventually(5_000, again, "a second later");
    expect(connection.received.split(event)).to.have.lengthOf(3);
  });

  it("gives no echo to a stream that has no connection of its own, or is closed", async () => {
    const { url } = await startTestServer();
    const poll = await ask(url, "GET", "/stream?channels=doors&transport=poll&wait=0");
    const polled = await ask(url, "GET", `/streams/${poll.json.stream}?echo=1`);
    expect(polled.json).to.include({ state: "open", echo: false });
    const { open } = await openFrame(url, "channels=doors");
    await ask(url, "POST", closePathOf(url, open));
    const closed = await ask(url, "GET", `/streams/${open["stream"]}?echo=1`);
    expect(closed.json).to.include({ state: "closed", echo: false });
    const unknown = await ask(url, "GET", "/streams/nothing?echo=1");
    expectProblem(unknown, 404, "FF_STREAM_UNKNOWN");
  });

  for (const value of ["2", "-1", "yes", "1&echo=1"]) {
    it(`answers 400 FF_PARAMETER_INVALID for echo=${value}`, async () => {
      const { url } = await startTestServer();
      const { open } = await openFrame(url, "channels=doors");
      const answer = await ask(url, "GET", `/streams/${open["stream"]}?echo=${value}`);
      expectProblem(answer, 400, "FF_PARAMETER_INVALID");
    });
  }

  it("has the receipt of a closed stream", async () => {
    const { url } = await startTestServer();
    const { connection, open } = await openFrame(url, "channels=doors");
    const cursor = await publishJson(url, "doors", 1);
    await untilMessages(connection, 1);
    const receipt = (await ask(url, "POST", closePathOf(url, open))).json;
    const answer = await ask(url, "GET", `/streams/${open["stream"]}`);
    expect(answer.status).to.equal(200);
    expect(answer.json).to.have.all.keys([...FIGURES, "receipt"]);
    expect(answer.json).to.include({ state: "closed", cursor, messages: 1, acked: null });
    expect(answer.json.receipt).to.deep.equal(receipt);
  });

  for (const id of ["nothing", "n1.AAAAAAAAAAAAAAAAAAAAAA", "__proto__", "%00", "a".repeat(500)]) {
    it(`answers 404 FF_STREAM_UNKNOWN for the unknown id ${id.slice(0, 30)}`, async () => {
      const { url } = await startTestServer();
      expectProblem(await ask(url, "GET", `/streams/${id}`), 404, "FF_STREAM_UNKNOWN");
    });
  }

  it("takes no other method", async () => {
    const { url } = await startTestServer();
    const { open } = await openFrame(url, "channels=doors");
    const answer = await ask(url, "DELETE", `/streams/${open["stream"]}`);
    expectProblem(answer, 405, "FF_METHOD_NOT_ALLOWED");
    expect(answer.headers.allow).to.equal("HEAD, GET");
  });
});
