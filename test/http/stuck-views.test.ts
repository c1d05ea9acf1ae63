import { expect } from "chai";
import { closeConnections, publishJson, RawConnection } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

const MIB = 1_048_576;
const STREAMS = 100;

describe("streams with selectors of their own whose clients read nothing", function () {
  this.timeout(40_000);

  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("hold little memory each, and go on from the log without loss when they read", async () => {
    const { url, hub } = await startTestServer({ retainMessages: 100_000 });
    const stuck = Array.from({ length: STREAMS }, (_, n) => {
      const connection = new RawConnection(url);
      connection.send(`GET /stream?transport=ndjson&channels=a,b${n} HTTP/1.1`, "Host: localhost");
      return connection;
    });
    await eventually(5_000, () => hub.openStreams === STREAMS, "the streams");
    await eventually(5_000, () => stuck.every(({ received }) => received.includes("open")), "open");
    for (const { socket } of stuck) socket.pause();
    const line = JSON.stringify("x".repeat(30_000));
    const batch = Array.from({ length: 100 }, () => line).join("\n");
    const publish = async () => {
      const headers = { "Content-Type": "application/x-ndjson" };
      expect(
        (await ask(url, "POST", "/channels/a/messages", { headers, body: batch })).status,
      ).to.equal(201);
    };
    const before = process.memoryUsage().arrayBuffers;
    // More than the kernels take, 4 to 6 MB for each.
    for (let n = 0; n < 7; n++) await publish();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    // The log itself, which is in memory here, has 20 MiB; a piece of 1 MiB for each stream would be 100 MiB more.
    const grown = (process.memoryUsage().arrayBuffers - before) / MIB;
    expect(grown, "MiB").to.be.below(70);
    const last = await publishJson(url, "a", "the last");
    const [one] = stuck;
    one?.socket.resume();
    await eventually(20_000, () => one?.received.includes(last), "the last message");
    expect(one?.received.match(/"type":"message"/g)).to.have.lengthOf(701);
  });
});
