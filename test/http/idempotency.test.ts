import { expect } from "chai";
import { closeConnections } from "../support/raw-http.ts";
import { type Answer, ask, expectProblem, kept, publishRaw } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

function publish(url: string, channel: string, body: string, key: string): Promise<Answer> {
  return publishRaw(url, channel, "application/json", body, { "Idempotency-Key": key });
}

describe("an Idempotency-Key", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("makes a repeat answer the first's id, and the message be kept once", async () => {
    const { url } = await startTestServer();
    const first = await publish(url, "doors", '{"vid":7}', "k1");
    expect(first.status, first.text).to.equal(201);
    const repeat = await publish(url, "doors", '{"vid":7}', "k1");
    expect(repeat.status, repeat.text).to.equal(201);
    expect(repeat.json).to.deep.equal(first.json);
    expect(await kept(url, "doors")).to.have.lengthOf(1);
  });

  it("makes one message of repeats that come at the same time", async () => {
    const { url } = await startTestServer();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => publish(url, "doors", "1", "same")),
    );
    expect(new Set(answers.map(({ text }) => text))).to.have.lengthOf(1);
    expect(await kept(url, "doors")).to.have.lengthOf(1);
  });

  it("answers 422 FF_IDEMPOTENCY_CONFLICT to another body, and keeps it not", async () => {
    const { url } = await startTestServer();
    const first = await publish(url, "doors", "1", "k1");
    expectProblem(await publish(url, "doors", "2", "k1"), 422, "FF_IDEMPOTENCY_CONFLICT");
    expect((await publish(url, "doors", "1", "k1")).json).to.deep.equal(first.json);
    expect((await kept(url, "doors")).map(({ data }) => data)).to.deep.equal([1]);
  });

  it("counts for each channel by itself", async () => {
    const { url } = await startTestServer();
    const first = await publish(url, "doors", "1", "k1");
    const second = await publish(url, "lifts", "2", "k1");
    expect([first.status, second.status]).to.deep.equal([201, 201]);
    expect((await kept(url, "lifts")).map(({ data }) => data)).to.deep.equal([2]);
  });

  it("lets the same body be published twice under two keys, or none", async () => {
    const { url } = await startTestServer();
    await publish(url, "doors", "1", "k1");
    await publish(url, "doors", "1", "k2");
    await publishRaw(url, "doors", "application/json", "1");
    expect(await kept(url, "doors")).to.have.lengthOf(3);
  });

  it("is not used up by a publish that was refused", async () => {
    const { url } = await startTestServer();
    expect((await publish(url, "doors", "{", "k1")).status).to.equal(400);
    expect((await publish(url, "doors", "1", "k1")).status).to.equal(201);
  });

  it("covers a batch as a whole", async () => {
    const { url } = await startTestServer();
    const headers = { "Idempotency-Key": "k1" };
    const send = (body: string): Promise<Answer> =>
      publishRaw(url, "doors", "application/x-ndjson", body, headers);
    const first = await send("1\n2\n3\n");
    expect((await send("1\n2\n3\n")).json).to.deep.equal(first.json);
    expectProblem(await send("1\n2\n"), 422, "FF_IDEMPOTENCY_CONFLICT");
    expect(await kept(url, "doors")).to.have.lengthOf(3);
  });

  it("covers a publish to several channels as a whole", async () => {
    const { url } = await startTestServer();
    const headers = { "Content-Type": "application/json", "Idempotency-Key": "k1" };
    const send = (body: string): Promise<Answer> =>
      ask(url, "POST", "/messages", { headers, body });
    const first = await send('{"channels":["a","b"],"data":1}');
    expect(first.status, first.text).to.equal(201);
    expect((await send('{"channels":["a","b"],"data":1}')).json).to.deep.equal(first.json);
    const other = await send('{"channels":["a","b"],"data":2}');
    expectProblem(other, 422, "FF_IDEMPOTENCY_CONFLICT");
    expect(await kept(url, "a")).to.have.lengthOf(1);
    expect(await kept(url, "b")).to.have.lengthOf(1);
  });

  it("may have 255 bytes", async () => {
    const { url } = await startTestServer();
    const first = await publish(url, "doors", "1", "k".repeat(255));
    expect(first.status, first.text).to.equal(201);
    expect((await publish(url, "doors", "1", "k".repeat(255))).json).to.deep.equal(first.json);
  });

  it("is refused with 400 FF_IDEMPOTENCY_KEY_INVALID when it has 256 bytes", async () => {
    const { url } = await startTestServer();
    const answer = await publish(url, "doors", "1", "k".repeat(256));
    expectProblem(answer, 400, "FF_IDEMPOTENCY_KEY_INVALID");
    expect(await kept(url, "doors")).to.deep.equal([]);
  });
});
