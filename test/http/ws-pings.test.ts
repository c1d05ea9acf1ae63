import { expect } from "chai";
import { closeConnections, RawConnection } from "../support/raw-http.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

/** A masked ping of 125 bytes: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2 */
const PING = Buffer.concat([Buffer.of(0x89, 0x80 | 125, 0, 0, 0, 0), Buffer.alloc(125, "x")]);

describe("the pings of a WebSocket client", function () {
  this.timeout(40_000);

  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  async function openWebSocket(): Promise<RawConnection> {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    connection.send(
      "GET /stream?channels=a HTTP/1.1",
      "Host: localhost",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    );
    await eventually(2_000, () => connection.received.includes('"type":"open"'), "open");
    return connection;
  }

  it("are answered, as many as a client that means well sends", async () => {
    const connection = await openWebSocket();
    for (let n = 0; n < 50; n++) {
      const before = connection.received.length;
      connection.socket.write(PING);
      await eventually(2_000, () => connection.received.length === before + 127, "a pong");
    }
    expect(connection.ended).to.equal(false);
  });

  for (const [what, frame] of Object.entries({
    pings: PING,
    "pings of no byte": Buffer.of(0x89, 0x80, 0, 0, 0, 0),
    pongs: Buffer.of(0x8a, 0x80, 0, 0, 0, 0),
    "empty pieces of a message": Buffer.of(0x00, 0x80, 0, 0, 0, 0),
  })) {
    it(`end the connection where they are a flood, also as ${what}`, async () => {
      const connection = await openWebSocket();
      if (what.includes("pieces")) connection.socket.write(Buffer.of(0x01, 0x80, 0, 0, 0, 0));
      const flood = Buffer.concat(Array.from({ length: 5_000 }, () => frame));
      const before = connection.received.length;
      for (let sent = 0; sent < 4_000_000 && !connection.ended; sent += flood.length) {
        if (connection.socket.write(flood)) continue;
        await Promise.race([
          new Promise((resolve) => connection.socket.once("drain", resolve)),
          new Promise((resolve) => connection.socket.once("close", resolve)),
        ]);
      }
      await connection.untilEnded();
      expect(connection.received.length - before).to.be.below(100_000);
    });
  }
});
