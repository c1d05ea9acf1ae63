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
    // The log itself, which is in memory here, has 20 MiB; a piece of 1 MiB for each stream would
    // be 100 MiB more.
    const grown = (process.memoryUsage().arrayBuffers - before) / MIB;
    expect(grown, "MiB").to.be.below(70);
    const last = await publishJson(url, "a", "the last");
    const [one] = stuck;
    one?.socket.resume();
    await eventually(20_000, () => one?.received.includes(last), "the last message");
    expect(one?.received.match(/"type":"message"/g)).to.have.lengthOf(701);
  });

  /**
   * Streams whose clients stop reading, and then more than the kernels take of `a`, in large
   * messages.
   */
  async function stickAtLargeMessages(url: string, channels: (n: number) => string) {
    const stuck = Array.from({ length: 30 }, (_, n) => {
      const connection = new RawConnection(url);
      connection.send(
        `GET /stream?transport=ndjson&channels=${channels(n)} HTTP/1.1`,
        "Host: localhost",
      );
      return connection;
    });
    await eventually(5_000, () => stuck.every(({ received }) => received.includes("open")), "open");
    for (const { socket } of stuck) socket.pause();
    for (let n = 0; n < 10; n++) await publishJson(url, "a", "x".repeat(MIB));
    await new Promise((resolve) => setTimeout(resolve, 300));
    return stuck;
  }
  const limits = { maxBufferedBytes: 8 * MIB, maxMessageBytes: 2 * MIB, retainMessages: 100_000 };

  it("hold no more than --max-buffered-bytes in all: some end as slow, and the others go on", async () => {
    const { url, hub } = await startTestServer(limits);
    const reader = new RawConnection(url);
    reader.send("GET /stream?transport=ndjson&channels=a HTTP/1.1", "Host: localhost");
    const stuck = await stickAtLargeMessages(url, (n) => `a,b${n}`);
    // Each holds a message, and 8 fit.
    await eventually(5_000, () => hub.openStreams <= 9, "the end of most streams");
    expect(hub.openStreams).to.be.at.least(5);
    const last = await publishJson(url, "a", "the last");
    await eventually(5_000, () => reader.received.includes(last), "the reader's message");
    for (const { socket } of stuck) socket.resume();
    await eventually(
      20_000,
      () => stuck.filter(({ received }) => received.includes(last)).length === hub.openStreams - 1,
      "the last message in what is left",
    );
    expect(stuck.filter(({ ended }) => ended).length).to.equal(31 - hub.openStreams);
  });

  it("hold a message that they share once, so that none has to end for it", async () => {
    const { url, hub } = await startTestServer(limits);
    await stickAtLargeMessages(url, () => "a");
    expect(hub.openStreams).to.equal(30);
  });
});
