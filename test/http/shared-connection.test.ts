import { expect } from "chai";
import { closeConnections, publishJson, RawConnection } from "../support/raw-http.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually, within } from "../support/within.ts";

/** More than the kernel holds for a connection that nobody reads: 4 to 6 MB on each side. */
const LONG = 16_000_000;
const HOST = "Host: localhost";
const CHUNKED = "Transfer-Encoding: chunked";
const NDJSON = "Content-Type: application/x-ndjson";

/** Text in which lost, doubled and swapped pieces are seen. */
function numberedText(length: number): string {
  const parts: string[] = [];
  for (let n = 0; n < length / 8; n++) parts.push(n.toString(36).padStart(8, "."));
  return parts.join("");
}

describe("a connection that carries more than one request", function () {
  this.timeout(20_000);

  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("becomes a stream's after it has answered other requests, and outlives their keep-alive time", async () => {
    const { url, hub } = await startTestServer({ heartbeatMs: 6_000 });
    const connection = new RawConnection(url);
    connection.send("GET /healthz HTTP/1.1", HOST);
    await eventually(2_000, () => connection.received.includes("200 OK"), "the first answer");
    connection.received = "";
    connection.send("GET /stream?channels=a HTTP/1.1", HOST);
    await connection.untilEvents(([first]) => first?.type === "open", "open");
    // Node keeps idle connections for 5 s.
    await eventually(10_000, () => connection.chunks.at(-1) === " ", "a heartbeat after 6 s");
    const id = await publishJson(url, "a", 1);
    await connection.untilEvents((events) => events.at(-1)?.["id"] === id, "the message");
    expect(hub.openStreams).to.equal(1);
  });

  it("answers pipelined requests one after another", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    connection.socket.write(`GET /healthz HTTP/1.1\r\n${HOST}\r\n\r\n`.repeat(3));
    await eventually(
      2_000,
      () => connection.received.split("200 OK").length === 4,
      "three answers",
    );
  });

  it("carries a long body in, and a long answer out to a client that lets it wait, whole", async () => {
    const { url } = await startTestServer({ maxMessageBytes: LONG + 2 });
    const text = numberedText(LONG);
    await publishJson(url, "a", text);
    const connection = new RawConnection(url);
    connection.send("GET /channels/a/messages HTTP/1.1", HOST);
    connection.send("GET /healthz HTTP/1.1", HOST);
    const pieces: Buffer[] = [];
    let length = 0;
    // It reads a little at a time: of what comes in one turn, no more until the next.
    connection.socket.removeAllListeners("data");
    connection.socket.on("data", (piece) => {
      pieces.push(Buffer.from(piece));
      length += piece.length;
      connection.socket.pause();
      setImmediate(() => connection.socket.resume());
    });
    await eventually(15_000, () => length > LONG, "the long answer");
    await eventually(
      5_000,
      () => Buffer.concat(pieces.slice(-2)).includes("HTTP/1.1 200 OK"),
      "the answer after it",
    );
    const whole = Buffer.concat(pieces).toString("latin1");
    expect(whole.includes(text), "the text as it was published").to.equal(true);
  });

  for (const [what, next, answer] of [
    ["a tunnel", ["CONNECT a.example:443 HTTP/1.1", HOST], "HTTP/1.1 400 "],
    [
      "a WebSocket",
      [
        "GET /stream?channels=b HTTP/1.1",
        HOST,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      ],
      "HTTP/1.1 101 ",
    ],
    [
      "another protocol",
      ["GET /healthz HTTP/1.1", HOST, "Connection: Upgrade", "Upgrade: h2c"],
      "HTTP/1.1 200 OK",
    ],
  ] as const) {
    it(`carries a long answer whole where the request behind it asks for ${what}`, async () => {
      const { url } = await startTestServer({ maxMessageBytes: LONG + 2 });
      const text = numberedText(LONG);
      await publishJson(url, "a", text);
      const connection = new RawConnection(url);
      connection.send("GET /channels/a/messages HTTP/1.1", HOST, "", ...next);
      await eventually(
        15_000,
        () => connection.received.lastIndexOf(answer) > LONG,
        "the answer after it",
      );
      expect(connection.received.includes(text), "the text as it was published").to.equal(true);
    });

    it(`ends with the server where a request behind a long answer asks for ${what}, and nobody reads`, async () => {
      const { url, drain } = await startTestServer({ maxMessageBytes: LONG + 2, drainMs: 1_000 });
      await publishJson(url, "a", "x".repeat(LONG));
      const connection = new RawConnection(url);
      connection.socket.pause();
      connection.send("GET /channels/a/messages HTTP/1.1", HOST, "", ...next);
      connection.socket.end();
      await new Promise((resolve) => setTimeout(resolve, 300));
      await within(5_000, drain(), "the end of the server");
    });
  }

  it("carries a long answer whole to a request that offers a WebSocket where there is none", async () => {
    const { url } = await startTestServer({ maxMessageBytes: LONG + 2 });
    const text = numberedText(LONG);
    await publishJson(url, "a", text);
    const connection = new RawConnection(url);
    connection.send(
      "GET /channels/a/messages HTTP/1.1",
      HOST,
      "Connection: Upgrade",
      "Upgrade: websocket",
    );
    await connection.untilEnded(15_000);
    expect(connection.received.includes(text), "the text as it was published").to.equal(true);
  });

  for (const isEnded of [false, true]) {
    it(`ends ${isEnded ? "with its client" : "in time"} where a request breaks off behind a publish connection that has ended`, async () => {
      const { url } = await startTestServer({ requestHeadMs: 1_000, requestBodyMs: 1_000 });
      const connection = new RawConnection(url);
      connection.send("POST /publish HTTP/1.1", HOST, CHUNKED, NDJSON);
      await eventually(5_000, () => connection.received.includes("200 OK"), "the first answer");
      connection.socket.write("0\r\n\r\n");
      await eventually(5_000, () => connection.received.endsWith("0\r\n\r\n"), "its end");
      connection.send("POST /channels/a/messages HTTP/1.1", HOST, "Content-Length: 100", NDJSON);
      if (isEnded) connection.socket.end("abc");
      else connection.socket.write("abc");
      await connection.untilEnded();
      expect(connection.received).to.match(isEnded ? /HTTP\/1\.1 400 / : /HTTP\/1\.1 408 /);
    });
  }

  it("ends after an answer for which its client asked that", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    connection.send("GET /healthz HTTP/1.1", HOST, "Connection: close");
    await connection.untilEnded(3_000);
    expect(connection.head.status).to.equal(200);
  });
});

describe("a request for a stream", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  const OPEN = "GET /stream?channels=a HTTP/1.1";

  for (const [version, header] of [
    ["1.0", "Connection: keep-alive"],
    ["1.1", "Connection: keep-alive"],
    ["1.1", "Connection: Upgrade\r\nUpgrade: something"],
  ] as const) {
    it(`is told over HTTP/${version} with ${header.replace("\r\n", " and ")} that the connection ends with it`, async () => {
      const { url } = await startTestServer();
      const connection = new RawConnection(url);
      connection.send(OPEN.replace("1.1", version), HOST, header);
      await connection.untilEvents(([first]) => first?.type === "open", "open");
      expect(connection.head.headers).to.include({ connection: "close" });
    });
  }

  for (const [what, request] of [
    ["has a long body on its way", [OPEN, HOST, "Content-Length: 1000000"]],
    ["is followed by another", [OPEN, HOST, "", "GET /healthz HTTP/1.1", HOST]],
    ["is followed by a part of another", [OPEN, HOST, "", "GET /healthz HTTP/1.1", "X: y"]],
  ] as const) {
    it(`that ${what} ends its connection and leaves no stream`, async () => {
      const { url, hub } = await startTestServer();
      const connection = new RawConnection(url);
      connection.send(...request);
      connection.socket.write("x".repeat(200_000));
      await connection.untilEnded(3_000);
      await eventually(2_000, () => hub.openStreams === 0, "the stream's end");
    });
  }

  it("whose client has ended its side already leaves no stream", async () => {
    const { url, hub } = await startTestServer();
    const connection = new RawConnection(url);
    connection.socket.end(`${OPEN}\r\n${HOST}\r\n\r\n`);
    await connection.untilEnded(3_000);
    await eventually(2_000, () => hub.openStreams === 0, "the stream's end");
  });

  it("whose client waits for 100 Continue gets its stream, or its end", async () => {
    const { url, hub } = await startTestServer();
    const connection = new RawConnection(url);
    connection.send(OPEN, HOST, "Expect: 100-continue");
    await eventually(3_000, () => connection.received.includes('"type":"open"'), "open");
    connection.destroy();
    await eventually(2_000, () => hub.openStreams === 0, "the stream's end");
  });
});
