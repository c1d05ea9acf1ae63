import { expect } from "chai";
import { closeConnections, RawConnection } from "../support/raw-http.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

const PINGS = 300_000;

/** A masked ping of 125 bytes: https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2 */
const PING = Buffer.concat([Buffer.of(0x89, 0x80 | 125, 0, 0, 0, 0), Buffer.alloc(125, "x")]);

describe("the pings of a WebSocket client", function () {
  this.timeout(40_000);

  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("are answered, but not kept for one that sends them and reads nothing", async () => {
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
    connection.socket.write(PING);
    await eventually(2_000, () => connection.received.endsWith("x".repeat(125)), "a pong");
    const before = connection.received.length;
    connection.socket.pause();
    const some = Buffer.concat(Array.from({ length: 1_000 }, () => PING));
    for (let sent = 0; sent < PINGS; sent += 1_000) {
      if (connection.socket.write(some)) continue;
      await new Promise((resolve) => connection.socket.once("drain", resolve));
    }
    connection.socket.resume();
    let last = -1;
    await eventually(
      10_000,
      async () => {
        const { length } = connection.received;
        await new Promise((resolve) => setTimeout(resolve, 500));
        const isOver = length === last;
        last = length;
        return isOver;
      },
      "the last answer",
    );
    // What the kernels had of the answers, and not all that was kept.
    expect(connection.received.length - before).to.be.below(0.6 * PINGS * 127);
  });
});
