import { readFileSync } from "node:fs";
import { expect } from "chai";
import { mountedFixture } from "../support/mounted-servers.ts";
import {
  closeConnections,
  openFrame,
  publishJson,
  type RawConnection,
} from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { ONE_TLS_SERVER, type ServerFixture } from "../support/server-fixtures.ts";
import { trustTestCertificate } from "../support/test-certificate.ts";
import { eventually } from "../support/within.ts";

const MIB = 1_048_576;
const READERS = 60;

/** Memory of this process, what is outside of V8's heap included, in MiB. */
function memoryMib(): number {
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]) / 1_024;
}

async function openStuck(url: string, count: number): Promise<readonly RawConnection[]> {
  const stuck: RawConnection[] = [];
  for (let n = 0; n < count; n++) stuck.push((await openFrame(url, "channels=a")).connection);
  for (const { socket } of stuck) socket.pause();
  return stuck;
}

/** Keep no more than the end of what a connection is sent: what it has is a function's result. */
function keepEnd({ socket }: RawConnection): () => string {
  let end = "";
  socket.removeAllListeners("data");
  socket.on("data", (data) => {
    end = (end + data.toString("latin1")).slice(-1_000);
  });
  return () => end;
}

/** Streams over TLS whose clients read nothing. */
function describeStuckReaders({ name, start, stop }: ServerFixture): void {
  describe(`streams of ${name} whose clients read nothing`, function () {
    this.timeout(60_000);
    let distrust = () => {};

    before(() => {
      distrust = trustTestCertificate();
    });
    afterEach(async () => {
      closeConnections();
      await stop();
    });
    after(() => distrust());

    it("share a message, and hold 64 KiB of it each in their own encryption", async () => {
      const { url } = await start({
        maxMessageBytes: 16 * MIB,
        maxBufferedBytes: 256 * MIB,
        recycleBytes: 0,
        stallMs: 600_000,
      });
      const stuck = await openStuck(url, READERS);
      const { connection: reader } = await openFrame(url, "channels=a");
      const before = memoryMib();
      // The kernels take some MB for each connection; encrypted for each, this would be 900 MiB.
      for (let n = 0; n < 2; n++) await publishJson(url, "a", "x".repeat(15 * MIB));
      await eventually(20_000, () => reader.received.length > 30 * MIB, "the reader's messages");
      expect(memoryMib() - before, "MiB").to.be.below(500);
      expect(stuck.some(({ ended }) => ended)).to.equal(false);
      const [one] = stuck;
      one?.socket.resume();
      await eventually(20_000, () => (one?.received.length ?? 0) > 30 * MIB, "the rest");
    });

    it("end as slow where they hold more than --max-buffered-bytes in all, and the others go on", async () => {
      const { url, adminToken } = await start({
        maxMessageBytes: 2 * MIB,
        maxBufferedBytes: 8 * MIB,
        maxStreamsPerAddress: 200,
        recycleBytes: 0,
      });
      const stuck = await openStuck(url, 2 * READERS);
      const headers = { Authorization: `Bearer ${adminToken}` };
      const openStreams = async () => (await ask(url, "GET", "/streams", { headers })).json.total;
      // More than the kernels take. The 64 KiB of each are 7.5 MiB, and the messages are shared.
      for (let n = 0; n < 12; n++) await publishJson(url, "a", "x".repeat(MIB));
      await eventually(10_000, async () => (await openStreams()) < 2 * READERS, "the end of some");
      expect(await openStreams()).to.be.at.least(READERS);
      const last = await publishJson(url, "a", "the last");
      const ends = stuck.map(keepEnd);
      for (const { socket } of stuck) socket.resume();
      await eventually(
        20_000,
        () => stuck.every(({ ended }, n) => ended || ends[n]?.().includes(last)),
        "the last message in what is left",
      );
    });
  });
}

for (const fixture of [ONE_TLS_SERVER, mountedFixture("node:https")]) describeStuckReaders(fixture);
