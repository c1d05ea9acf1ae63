import { expect } from "chai";
import { closeConnections, openFrame, publishJson, RawConnection } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

const HOST = "Host: localhost";
const MIB = 1_048_576;

function halfBody(url: string, bytes: number): RawConnection {
  const connection = new RawConnection(url);
  connection.send(
    "POST /channels/a/messages HTTP/1.1",
    HOST,
    "Content-Type: application/x-ndjson",
    `Content-Length: ${bytes + 1}`,
  );
  connection.socket.write(Buffer.alloc(bytes, "1\n"));
  return connection;
}

describe("what all clients together make the server hold", function () {
  this.timeout(30_000);

  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("is bounded for bodies that are not sent whole: the largest is refused with 503, and small ones go on", async () => {
    const { url } = await startTestServer({ maxBufferedBytes: 4 * MIB });
    const small = halfBody(url, 9_000);
    const large = Array.from({ length: 6 }, () => halfBody(url, MIB));
    await eventually(
      5_000,
      () => large.filter(({ received }) => received.includes("FF_BODIES_TOO_MANY")).length >= 2,
      "refusals",
    );
    expect(large.filter(({ received }) => received === "").length).to.be.within(1, 4);
    expect(small.received).to.equal("");
    small.socket.write("\n");
    await eventually(5_000, () => small.received.includes("201 Created"), "the small one's answer");
    const { status } = await ask(url, "POST", "/channels/a/messages", {
      headers: { "Content-Type": "text/plain" },
      body: "x",
    });
    expect(status).to.equal(201);
  });

  it("counts what bodies in tiny chunks take, and takes them whole", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    connection.send(
      "POST /channels/a/messages HTTP/1.1",
      HOST,
      "Content-Type: text/plain",
      "Transfer-Encoding: chunked",
    );
    const text = Array.from({ length: 60_000 }, (_, n) => String.fromCharCode(97 + (n % 26)));
    const before = process.memoryUsage().heapUsed;
    connection.socket.write(text.map((letter) => `1\r\n${letter}\r\n`).join(""));
    await new Promise((resolve) => setTimeout(resolve, 500));
    connection.socket.write("0\r\n\r\n");
    await eventually(5_000, () => connection.received.includes("201 Created"), "the answer");
    expect((process.memoryUsage().heapUsed - before) / MIB, "MiB").to.be.below(40);
    const { messages } = (await ask(url, "GET", "/channels/a/messages")).json;
    expect(messages[0].data).to.equal(text.join(""));
  });

  it("is free again when bodies have come, were refused, or broke off", async () => {
    const { url } = await startTestServer({ maxBufferedBytes: 2 * MIB });
    for (let round = 0; round < 8; round++) {
      const broken = halfBody(url, MIB);
      await eventually(2_000, () => broken.socket.writableLength === 0, "the half");
      broken.destroy();
      const whole = halfBody(url, MIB);
      whole.socket.write("\n");
      await eventually(5_000, () => whole.received.includes("HTTP/1.1"), "an answer");
      // More messages than a batch may have.
      expect(whole.received, `round ${round}`).to.include("FF_BATCH_TOO_LARGE");
    }
  });

  it("is bounded for answers that nobody reads, which are cut after stallMs", async () => {
    const { url } = await startTestServer({ stallMs: 400, maxMessageBytes: 16 * MIB });
    await publishJson(url, "a", "x".repeat(8 * MIB));
    const readers = Array.from({ length: 5 }, () => {
      const connection = new RawConnection(url);
      connection.socket.pause();
      connection.send("GET /channels/a/messages HTTP/1.1", HOST);
      return connection;
    });
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    // What it reads now is what the kernels had: less than the whole.
    for (const { socket } of readers) socket.resume();
    for (const reader of readers) await reader.untilEnded(5_000);
    expect(readers.every(({ received }) => received.length < 8 * MIB)).to.equal(true);
  });

  it("does not cut who reads slowly, but all the time", async () => {
    const { url } = await startTestServer({ stallMs: 400, maxMessageBytes: 16 * MIB });
    await publishJson(url, "a", "x".repeat(12 * MIB));
    const connection = new RawConnection(url);
    connection.socket.pause();
    connection.send("GET /channels/a/messages HTTP/1.1", HOST, "Connection: close");
    const timer = setInterval(() => {
      connection.socket.resume();
      setTimeout(() => connection.socket.pause(), 5);
    }, 150);
    await eventually(20_000, () => connection.received.length > 12 * MIB, "the whole answer");
    clearInterval(timer);
  });

  it("leaves places for streams where polls that nobody waits on have taken all", async () => {
    const { url, hub } = await startTestServer({ maxStreams: 20 });
    const first = (await ask(url, "GET", "/stream?transport=poll&channels=a&wait=0")).json;
    for (let n = 0; n < 30; n++) await ask(url, "GET", "/stream?transport=poll&channels=a&wait=0");
    for (let n = 0; n < 20; n++) await openFrame(url, "channels=doors");
    expect(hub.openStreams).to.equal(20);
    const { status } = await ask(url, "GET", "/stream?channels=a&transport=ndjson");
    expect(status, "one more").to.equal(503);
    closeConnections();
    await eventually(2_000, () => hub.openStreams === 0, "room");
    // Its client lost nothing: the next poll says where to resume.
    const id = await publishJson(url, "a", 1);
    const query = `transport=poll&channels=a&wait=0&stream=${first.stream}&after=${first.cursor}`;
    const next = (await ask(url, "GET", `/stream?${query}`)).json;
    expect(next.messages.map((message: { id: string }) => message.id)).to.deep.equal([id]);
  });

  it("leaves a quarter of the places to other addresses", async () => {
    const { url } = await startTestServer({ maxStreams: 100 });
    for (let n = 0; n < 75; n++) await openFrame(url, "channels=a");
    const refused = await ask(url, "GET", "/stream?channels=a&transport=ndjson");
    expect(refused.json.code).to.equal("FF_ADDRESS_STREAMS_TOO_MANY");
  });
});
