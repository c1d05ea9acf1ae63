import { expect } from "chai";
import { closeConnections, publishJson, RawConnection } from "../support/raw-http.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

/** Longer than one response may be in flight: the kernel's buffers hold some megabytes. */
const LONG = 12_000_000;

describe("a connection that carries more than one request", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("becomes a stream's after it has answered other requests, and outlives their keep-alive time", async function () {
    this.timeout(20_000);
    const { url, hub } = await startTestServer();
    const connection = new RawConnection(url);
    connection.send("GET /healthz HTTP/1.1", "Host: localhost");
    await eventually(2_000, () => connection.received.includes("200 OK"), "the first answer");
    connection.received = "";
    connection.send("GET /stream?channels=a HTTP/1.1", "Host: localhost");
    await connection.untilEvents(([first]) => first?.type === "open", "open");
    await new Promise((resolve) => setTimeout(resolve, 6_500)); // Node keeps idle connections for 5 s
    const id = await publishJson(url, "a", 1);
    await connection.untilEvents((events) => events.at(-1)?.["id"] === id, "the message");
    expect(hub.openStreams).to.equal(1);
  });

  it("answers requests one after another while a stream of another connection is open", async () => {
    const { url } = await startTestServer();
    const stream = new RawConnection(url);
    stream.send("GET /stream?channels=a HTTP/1.1", "Host: localhost");
    const connection = new RawConnection(url);
    const request = ["GET /healthz HTTP/1.1", "Host: localhost"];
    connection.socket.write(`${request.join("\r\n")}\r\n\r\n`.repeat(3));
    await eventually(
      2_000,
      () => connection.received.split("200 OK").length === 4,
      "three pipelined answers",
    );
  });

  it("gives a client that reads in pieces the whole of a long answer, and the next one after it", async function () {
    this.timeout(20_000);
    const { url } = await startTestServer({ maxMessageBytes: LONG / 4 });
    // A read answers at most some 4 MiB, and the last message whole.
    for (let n = 0; n < 2; n++) await publishJson(url, "a", "x".repeat(LONG / 4 - 2));
    const connection = new RawConnection(url);
    connection.socket.pause();
    connection.send("GET /channels/a/messages HTTP/1.1", "Host: localhost");
    connection.send("GET /healthz HTTP/1.1", "Host: localhost");
    await new Promise((resolve) => setTimeout(resolve, 300));
    connection.socket.resume();
    await eventually(
      10_000,
      () => connection.received.split("200 OK").length === 3,
      "both answers",
    );
    const length = Number(connection.head.headers["content-length"]);
    expect(length).to.be.above(LONG / 2 - 100);
    expect(connection.rawBody.slice(length)).to.match(/^HTTP\/1\.1 200 OK/);
  });

  it("takes a long body that comes in pieces", async () => {
    const { url } = await startTestServer({ maxMessageBytes: LONG });
    const id = await publishJson(url, "a", "x".repeat(LONG / 2));
    expect(id).to.be.a("string");
  });

  it("ends after an answer for which its client asked that", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    connection.send("GET /healthz HTTP/1.1", "Host: localhost", "Connection: close");
    await connection.untilEnded(3_000);
    expect(connection.head.status).to.equal(200);
  });
});
