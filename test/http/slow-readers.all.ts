import { expect } from "chai";
import { closeConnections, openFrame, RawConnection } from "../support/raw-http.ts";
import { ask, messagesOf } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually, within } from "../support/within.ts";

const ADMIN = { adminToken: "the-admin-token" };
const HEADERS = { Authorization: "Bearer the-admin-token" };

/** More than the kernel takes for a connection that nobody reads. */
const MANY = 400;

describe("a stream whose client does not read", function () {
  this.timeout(30_000);

  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  const publishMuch = async (url: string, messages = MANY) => {
    const line = JSON.stringify("x".repeat(60_000));
    for (let sent = 0; sent < messages; sent += 50) {
      const answer = await ask(url, "POST", "/channels/a/messages", {
        headers: { "Content-Type": "application/x-ndjson" },
        body: Array.from({ length: 50 }, () => line).join("\n"),
        ms: 20_000,
      });
      expect(answer.status, answer.text).to.equal(201);
    }
  };
  /** Read so many bytes and no more: all that is there would be gone after a few times. */
  const readBytes = ({ socket }: RawConnection, bytes: number) =>
    new Promise<void>((resolve) => {
      let left = bytes;
      const onData = (data: Buffer | string) => {
        left -= data.length;
        if (left > 0) return;
        socket.pause();
        socket.off("data", onData);
        resolve();
      };
      socket.on("data", onData);
      socket.resume();
    });
  const streams = async (url: string) =>
    (await ask(url, "GET", "/streams", { headers: HEADERS })).json.streams;

  it("ends with slow when it has taken nothing for stallMs, and its client goes on from its cursor without loss", async () => {
    const { url, hub } = await startTestServer({ ...ADMIN, stallMs: 500, recycleBytes: 0 });
    const { connection, open } = await openFrame(url, "channels=a");
    connection.socket.pause();
    await publishMuch(url);
    await eventually(10_000, () => hub.openStreams === 0, "the stream's end");
    const receipt = await ask(url, "POST", `/${open["close"]}`);
    expect(receipt.json).to.include({ reason: "slow", closed: true });
    expect(receipt.json.messages).to.be.below(MANY);

    connection.socket.resume();
    await connection.untilEnded();
    const whole = connection.frameEvents.bind(connection);
    const seen = safely(whole).flatMap(({ id }) => (typeof id === "string" ? id : []));
    const resumed = new RawConnection(url);
    resumed.send(
      `GET /stream?channels=a&transport=ndjson&after=${seen.at(-1) ?? open["cursor"]} HTTP/1.1`,
      "Host: localhost",
    );
    const rest = await eventually(
      20_000,
      () => {
        const events = resumed.ndjsonEvents();
        return messagesOf(events).length === MANY - seen.length && events;
      },
      "all the rest",
    );
    expect(rest.map(({ type }) => type)).to.not.include("gap");
  });

  it("ends with slow also when it never takes anything of what it starts with", async () => {
    const { url, hub } = await startTestServer({ ...ADMIN, stallMs: 500, recycleBytes: 0 });
    await publishMuch(url);
    for (let n = 0; n < 4; n++) {
      const connection = new RawConnection(url);
      connection.socket.pause();
      connection.send("GET /stream?channels=a&after=earliest HTTP/1.1", "Host: localhost");
    }
    await eventually(5_000, () => hub.openStreams === 4, "the streams");
    await eventually(10_000, () => hub.openStreams === 0, "their end");
  });

  it("does not end while it takes a little now and then", async () => {
    const { url, hub } = await startTestServer({ ...ADMIN, stallMs: 3_000, recycleBytes: 0 });
    const { connection } = await openFrame(url, "channels=a");
    connection.socket.pause();
    await publishMuch(url);
    await eventually(5_000, async () => (await streams(url))[0].live === false, "a full socket");
    // The kernel says that there is room again when a third of its buffer is free: some 2 MB make
    // it notice.
    for (let pause = 0; pause < 4; pause++) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await within(5_000, readBytes(connection, 2e6), "2 MB");
    }
    expect(hub.openStreams).to.equal(1);
  });

  it("gets a gap when it falls out of the retention, and goes on with what is kept", async () => {
    const { url } = await startTestServer({
      ...ADMIN,
      retainMessages: 10,
      trimMs: 20,
      recycleBytes: 0,
    });
    const { connection } = await openFrame(url, "channels=a");
    connection.socket.pause();
    await publishMuch(url);
    await eventually(
      5_000,
      async () =>
        (await ask(url, "GET", "/channels", { headers: HEADERS })).json.channels[0].messages === 10,
      "the trimming",
    );
    connection.socket.resume();
    const last = (await ask(url, "GET", "/channels", { headers: HEADERS })).json.channels[0].last;
    const events = await connection.untilEvents(
      (seen) => seen.at(-1)?.["id"] === last,
      "the last message",
      20_000,
    );
    const gaps = events.filter(({ type }) => type === "gap");
    expect(gaps.length).to.be.at.least(1);
    expect(gaps[0]).to.deep.include({ channels: ["a"], reason: "expired" });
    const ids = events.flatMap(({ id }) => (id === undefined ? [] : String(id)));
    expect(ids).to.deep.equal([...new Set(ids)].sort());
  });

  it("costs a live stream beside it nothing", async () => {
    const { url } = await startTestServer({ ...ADMIN, recycleBytes: 0 });
    for (let n = 0; n < 5; n++) (await openFrame(url, "channels=a")).connection.socket.pause();
    const { connection } = await openFrame(url, "channels=a");
    await publishMuch(url);
    await connection.untilEvents((events) => events.length === MANY + 1, "every message", 20_000);
  });
});

/** The events of a body that may end in the middle of one. */
function safely<T>(parse: () => readonly T[]): readonly T[] {
  try {
    return parse();
  } catch {
    return [];
  }
}
