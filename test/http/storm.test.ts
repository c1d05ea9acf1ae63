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
      await eventually(10_000, () => countAnswered(publishers) > 0, "the first answer");
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
});
