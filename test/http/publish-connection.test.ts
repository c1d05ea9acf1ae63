import { expect } from "chai";
import { codesOf, LineClient, line } from "../support/publish-client.ts";
import { closeConnections, publishJson } from "../support/raw-http.ts";
import { ask, expectProblem, kept } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually, within } from "../support/within.ts";

const NDJSON = { "Content-Type": "application/x-ndjson" };

describe("a publish connection", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("answers each line while the request goes on", async () => {
    const { url } = await startTestServer();
    const client = new LineClient(url);
    client.write(line("doors", { vid: 7 }));
    const [first] = await client.untilAnswers(1);
    client.write(line("lifts", { vid: 8 }));
    const [, second] = await client.untilAnswers(2);
    expect((await kept(url, "doors")).map(({ id, data }) => [id, data])).to.deep.equal([
      [first?.id, { vid: 7 }],
    ]);
    expect((await kept(url, "lifts")).map(({ id }) => id)).to.deep.equal([second?.id]);
  });

  it("answers 200 as NDJSON that nothing on the way keeps or changes", async () => {
    const { url } = await startTestServer();
    const client = new LineClient(url);
    await eventually(5_000, () => client.connection.received.includes("\r\n\r\n"), "the head");
    const { status, headers } = client.connection.head;
    expect(status).to.equal(200);
    expect(headers).to.include({
      "content-type": "application/x-ndjson",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
      "content-encoding": "identity",
    });
  });

  it("answers in the order of the lines, and stores them in that order", async () => {
    const { url } = await startTestServer();
    const client = new LineClient(url);
    const lines = Array.from({ length: 1_000 }, (_, n) => line(n % 2 ? "odd" : "even", n));
    client.write(lines.join(""));
    client.end();
    const ids = (await client.untilComplete()).map(({ id }) => String(id));
    expect(ids).to.have.lengthOf(1_000);
    expect(ids).to.deep.equal([...ids].sort());
    expect((await kept(url, "odd")).map(({ data }) => data)).to.deep.equal(
      Array.from({ length: 500 }, (_, n) => 2 * n + 1),
    );
  });

  it("refuses a line with the code that a request would get, and takes those around it", async () => {
    const { url } = await startTestServer({ maxMessageBytes: 100 });
    const client = new LineClient(url);
    client.write(line("doors", 1));
    client.write(line("doors,", 1));
    client.write('{"channel":"doors"}\n{"data":1}\n[]\n"text"\n7\nnull\n');
    client.write(line("doors", "x".repeat(99)));
    client.write(line("doors", 1, "k".repeat(256)));
    client.write(line("doors", 1, ""));
    client.write('{"channel":"doors","data":1,"key":7}\n');
    client.write(line("doors", 1, "a\nb"));
    client.write(line("doors", 1, "\ud800"));
    client.write('{"channel":"doors","data":{"__proto__":1}}\n');
    client.write(line("doors", 2));
    client.end();
    const answers = await client.untilComplete();
    expect(codesOf(answers)).to.deep.equal([
      "id",
      "FF_CHANNEL_INVALID",
      ...new Array(6).fill("FF_BODY_INVALID"),
      "FF_MESSAGE_TOO_LARGE",
      ...new Array(5).fill("FF_IDEMPOTENCY_KEY_INVALID"),
      "FF_BODY_INVALID",
      "id",
    ]);
    expect(answers[1]?.error).to.have.all.keys("code", "status", "detail");
    expect(answers[1]?.error?.status).to.equal(400);
    expect((await kept(url, "doors")).map(({ data }) => data)).to.deep.equal([1, 2]);
  });

  it("takes data of exactly the limit, and refuses one byte more", async () => {
    const { url } = await startTestServer({ maxMessageBytes: 100 });
    const client = new LineClient(url);
    client.write(line("doors", "x".repeat(98)) + line("doors", "x".repeat(99)));
    client.write(line("doors", "\u00e9".repeat(49)) + line("doors", "\u00e9".repeat(50)));
    client.write(line("doors", "<".repeat(98)) + line("doors", "<".repeat(99))); // kept as escapes
    expect(codesOf(await client.untilAnswers(6))).to.deep.equal([
      "id",
      "FF_MESSAGE_TOO_LARGE",
      "id",
      "FF_MESSAGE_TOO_LARGE",
      "id",
      "FF_MESSAGE_TOO_LARGE",
    ]);
  });

  it("stores data as it was written, wherever it stands in the line", async () => {
    const { url } = await startTestServer();
    const client = new LineClient(url);
    client.write('{"data":1,"channel":"doors"}\n');
    client.write(
      '{ "key" : "k" , "data" : [ -0, "</script>" , {"data": "}"} ] , "channel":"doors" }\n',
    );
    client.write('{"data":1,"channel":"doors","data":{"a":"\\"]"}}\n');
    client.write('{"d\\u0061ta":"escaped","channel":"doors"}\n');
    client.end();
    expect(codesOf(await client.untilComplete())).to.deep.equal(["id", "id", "id", "id"]);
    const path = "/channels/doors/messages?after=earliest";
    const { text } = await ask(url, "GET", path);
    expect(text).to.include('"data":[-0,"\\u003c/script\\u003e",{"data":"}"}]');
    expect(text).to.include('"data":{"a":"\\"]"}}').and.to.include('"data":"escaped"');
  });

  it("counts a key as the header does: also repeated in one piece, and by an ordinary publish", async () => {
    const { url } = await startTestServer();
    const client = new LineClient(url);
    client.write(line("doors", 1, "k1") + line("doors", 1, "k1") + line("doors", 2, "k1"));
    client.write(line("lifts", 3, "k1") + line("doors", 1, "k2"));
    const answers = await client.untilAnswers(5);
    expect(codesOf(answers)).to.deep.equal(["id", "id", "FF_IDEMPOTENCY_CONFLICT", "id", "id"]);
    expect(answers[1]?.id).to.equal(answers[0]?.id);
    const repeat = await ask(url, "POST", "/channels/doors/messages", {
      headers: { "Content-Type": "application/json", "Idempotency-Key": "k1" },
      body: "1",
    });
    expect(repeat.json.id).to.equal(answers[0]?.id);
    expect(await kept(url, "doors")).to.have.lengthOf(2);
  });

  it("publishes with what other publishers share: one order, one stream", async () => {
    const { url } = await startTestServer();
    const client = new LineClient(url);
    client.write(line("doors", 1));
    await client.untilAnswers(1);
    await publishJson(url, "doors", 2);
    client.write(line("doors", 3));
    await client.untilAnswers(2);
    expect((await kept(url, "doors")).map(({ data }) => data)).to.deep.equal([1, 2, 3]);
  });

  it("answers all lines of a body that has an end, as one that a proxy has held back", async () => {
    const { url } = await startTestServer();
    const body = Array.from({ length: 100 }, (_, n) => line("doors", n)).join("");
    const answer = await ask(url, "POST", "/publish", { headers: NDJSON, body });
    expect(answer.text.trim().split("\n")).to.have.lengthOf(100);
    const empty = await ask(url, "POST", "/publish", { headers: NDJSON });
    expect([empty.status, empty.text]).to.deep.equal([200, ""]);
  });

  it("serves the next request of its connection when its body has ended", async () => {
    const { url } = await startTestServer();
    const client = new LineClient(url);
    client.write(line("doors", 1));
    client.end();
    await client.untilComplete();
    client.connection.received = "";
    client.connection.send("GET /livez HTTP/1.1", `Host: ${new URL(url).host}`);
    await eventually(5_000, () => client.connection.body.includes('"ok"'), "the next answer");
  });

  it("gives all answers to a client that ends its half behind the last line", async () => {
    const { url } = await startTestServer();
    const client = new LineClient(url);
    client.write(line("doors", 1) + line("doors", 2));
    client.connection.socket.end("0\r\n\r\n");
    expect(codesOf(await client.untilComplete())).to.deep.equal(["id", "id"]);
    await client.connection.untilEnded();
  });

  it("counts its connections and lines", async () => {
    const { url } = await startTestServer({ metricsOpen: true });
    const client = new LineClient(url);
    client.write(line("doors", 1) + line("doors,", 1));
    await client.untilAnswers(2);
    const metrics = async () => (await ask(url, "GET", "/metrics")).text;
    expect(await metrics())
      .to.match(/^foreverframe_publish_connections{.*} 1$/m)
      .and.match(/^foreverframe_publish_lines_total{.*} 2$/m)
      .and.match(/refused_total{.*code="FF_CHANNEL_INVALID"} 1$/m);
    client.connection.destroy();
    await eventually(
      5_000,
      async () => /^foreverframe_publish_connections{.*} 0$/m.test(await metrics()),
      "the end of the connection",
    );
  });

  it("answers what the log has when the server stops, and ends at once", async () => {
    const server = await startTestServer({ drainMs: 10_000 });
    const client = new LineClient(server.url);
    client.write(line("doors", 1));
    await client.untilAnswers(1);
    client.write(Array.from({ length: 5_000 }, (_, n) => line("doors", n)).join(""));
    await within(3_000, server.drain(), "the server's end");
    await client.connection.untilEnded();
    const answered = client.connection.body.split("\n").slice(0, -1);
    for (const text of answered) expect(JSON.parse(text)).to.have.property("id");
  });

  it("is refused while the server stops, and by another method", async () => {
    const { url, hub } = await startTestServer();
    expectProblem(await ask(url, "GET", "/publish"), 426, "FF_UPGRADE_REQUIRED");
    expect((await ask(url, "HEAD", "/publish")).status).to.equal(426);
    expectProblem(await ask(url, "PUT", "/publish"), 405, "FF_METHOD_NOT_ALLOWED");
    await hub.drain(() => 1);
    expectProblem(
      await ask(url, "POST", "/publish", { headers: NDJSON, body: line("doors", 1) }),
      503,
      "FF_DRAINING",
    );
  });
});
