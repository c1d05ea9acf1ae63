import { expect } from "chai";
import { closeConnections, openFrame, publishJson, RawConnection } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import { eventually } from "../support/within.ts";

const CONNECTIONS = 600;

/** So many connections at once, each with one request. */
function storm(url: string, send: (connection: RawConnection) => void): readonly RawConnection[] {
  return Array.from({ length: CONNECTIONS }, () => {
    const connection = new RawConnection(url);
    send(connection);
    return connection;
  });
}

function countAnswered(connections: readonly RawConnection[]): number {
  return connections.filter(({ received }) => received !== "").length;
}

describe("hundreds of connections that come at once", function () {
  this.timeout(40_000);

  afterEach(async () => {
    closeConnections();
    killProcesses();
  });

  it("to publish what is costly to store, don't keep a new connection waiting for the most of them", async () => {
    const { url } = await startServeProcess(["--memory"]);
    const body = "<".repeat(65_000);
    for (let round = 0; round < 2; round++) {
      const publishers = storm(url, (connection) => {
        connection.send(
          "POST /channels/a/messages HTTP/1.1",
          "Host: localhost",
          "Content-Type: text/plain",
          `Content-Length: ${body.length}`,
        );
        connection.socket.write(body);
      });
      await eventually(20_000, () => countAnswered(publishers) > 0, "the first answer");
      const before = countAnswered(publishers);
      expect((await ask(url, "GET", "/healthz")).status).to.equal(200);
      expect(countAnswered(publishers) - before, "publishes before it").to.be.below(300);
      closeConnections();
    }
  });

  it("to open streams, don't keep publishes and closes waiting for all of them", async () => {
    const { url } = await startServeProcess(["--memory"]);
    for (let n = 0; n < 20; n++) await publishJson(url, "a", "x".repeat(60_000));
    const { connection, open } = await openFrame(url, "channels=b");
    const streams = storm(url, (other) =>
      other.send(
        "GET /stream?transport=ndjson&channels=a&after=earliest HTTP/1.1",
        "Host: localhost",
      ),
    );
    await eventually(10_000, () => countAnswered(streams) > 0, "the first answer");
    const before = countAnswered(streams);
    const id = await publishJson(url, "b", 1);
    await connection.untilEvents((events) => events.some((event) => event["id"] === id), "it");
    expect((await ask(url, "POST", `/${open["close"]}`)).status).to.equal(200);
    expect(countAnswered(streams) - before, "streams before it").to.be.below(400);
    await eventually(20_000, () => countAnswered(streams) === CONNECTIONS, "all streams");
  });

  for (const [what, head, piece] of [
    [
      "chunks of one byte",
      "POST /channels/a/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n",
      "1\r\n \r\n",
    ],
    [
      "line ends behind a stream",
      "GET /stream?transport=sse&channels=a HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "\r\n",
    ],
  ] as const) {
    it(`are not needed: five that send ${what} without end hold up nobody`, async () => {
      const { url } = await startServeProcess(["--memory"]);
      const flood = piece.repeat(Math.floor(1_000_000 / piece.length));
      const senders = Array.from({ length: 5 }, () => {
        const connection = new RawConnection(url);
        const { socket } = connection;
        socket.write(head);
        const send = () => {
          while (!connection.ended && socket.writable && socket.write(flood));
        };
        socket.on("drain", send);
        send();
        return connection;
      });
      await new Promise((resolve) => setTimeout(resolve, 500));
      const ms: number[] = [];
      for (let n = 0; n < 5; n++) {
        const from = performance.now();
        expect((await ask(url, "GET", "/healthz")).status).to.equal(200);
        ms.push(performance.now() - from);
      }
      for (const sender of senders) sender.destroy();
      expect(Math.min(...ms), "ms").to.be.below(500);
    });
  }
});
