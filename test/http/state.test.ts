import { expect } from "chai";
import { closeConnections, openFrame, publishJson, type WireEvent } from "../support/raw-http.ts";
import { ask, dataOf, expectFrameRefusal, messagesOf, openNdjson } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

const ADMIN = { adminToken: "the-admin-token" };
const AS_ADMIN = { headers: { Authorization: "Bearer the-admin-token" } };

/** Publish one message to each of these channels, in few requests. */
async function publishToAll(url: string, channels: readonly string[], data: unknown) {
  for (let from = 0; from < channels.length; from += 2_000) {
    const body = JSON.stringify({ channels: channels.slice(from, from + 2_000), data });
    const headers = { "Content-Type": "application/json" };
    expect((await ask(url, "POST", "/messages", { headers, body })).status).to.equal(201);
  }
}

/** The events of an NDJSON stream until it has said that it is live. */
async function untilLive(url: string, query: string): Promise<readonly WireEvent[]> {
  const { connection } = await openNdjson(url, query);
  return eventually(
    10_000,
    () => {
      const events = connection.ndjsonEvents();
      return events.some(({ type }) => type === "live") && events;
    },
    `live after ?${query}`,
  );
}

const doors = (count: number) => Array.from({ length: count }, (_, n) => `doors.n${n}`);

describe("the state that a stream starts with", function () {
  this.timeout(60_000);
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("is the last message of each of 10,000 channels, begun at once, while others are not delayed", async () => {
    const { url } = await startTestServer();
    const channels = doors(10_000);
    for (const data of [1, 2]) await publishToAll(url, channels, data);
    const { connection: other } = await openFrame(url, "channels=bell");
    const { connection } = await openNdjson(url, "channels=doors.**&each=1");
    const id = await publishJson(url, "bell", "ring");
    await eventually(2_000, () => other.frameEvents().some((event) => event["id"] === id), "ring");
    const events = await eventually(
      20_000,
      () => {
        const all = connection.ndjsonEvents();
        return all.at(-1)?.type === "live" && all;
      },
      "the live event",
    );
    const messages = messagesOf(events);
    expect(messages.map(({ channel }) => channel)).to.deep.equal(channels);
    expect(new Set(dataOf(events))).to.deep.equal(new Set([2]));
  });

  it("goes on from poll to poll, also where the answers are lost", async () => {
    const { url } = await startTestServer();
    for (const data of [1, 2]) await publishToAll(url, doors(2_500), data);
    const poll = async (query: string) =>
      (await ask(url, "GET", `/stream?transport=poll&wait=0&channels=doors.**${query}`)).json;
    let answer = await poll("&each=1");
    const given: WireEvent[] = [...answer.messages];
    expect(answer.live).to.equal(false);
    while (!answer.live) {
      const next = `&stream=${answer.stream}&after=${answer.cursor}`;
      await poll(next); // lost on its way
      answer = await poll(next);
      given.push(...answer.messages);
    }
    expect(given.map(({ channel }) => channel)).to.deep.equal(doors(2_500));
    expect(new Set(dataOf(given))).to.deep.equal(new Set([2]));
  });

  it("is nothing for each=0, and up to 100 messages of a channel for each=100", async () => {
    const { url } = await startTestServer();
    const body = Array.from({ length: 120 }, (_, n) => n).join("\n");
    const headers = { "Content-Type": "application/x-ndjson" };
    await ask(url, "POST", "/channels/a/messages", { headers, body });
    const none = await untilLive(url, "channels=a&each=0");
    expect(none.map(({ type }) => type)).to.deep.equal(["open", "live"]);
    expect(dataOf(await untilLive(url, "channels=*&each=100"))).to.deep.equal(
      Array.from({ length: 100 }, (_, n) => n + 20),
    );
  });

  it("leaves out channels that were deleted, and keeps those whose older messages were trimmed, without a gap", async () => {
    const { url } = await startTestServer({ ...ADMIN, retainMessages: 1, trimMs: 10 });
    for (const channel of ["a", "b", "a", "b", "c"]) await publishJson(url, channel, channel);
    const events = () => untilLive(url, "channels=*&each=1");
    await eventually(
      5_000,
      async () => (await untilLive(url, "channels=*&last=100")).length === 5,
      "trim",
    );
    expect((await events()).map(({ type }) => type)).to.not.include("gap");
    await ask(url, "DELETE", "/channels/b", AS_ADMIN);
    expect(dataOf(await events())).to.deep.equal(["a", "c"]);
    expect((await events()).map(({ type }) => type)).to.not.include("gap");
  });

  it("is everything since a time, in Unix ms or as ISO 8601, by the messages' own", async () => {
    const { url } = await startTestServer();
    await publishJson(url, "a", 1);
    const early = (await untilLive(url, "channels=a&last=1"))[1]?.["time"] as number;
    await eventually(1_000, () => Date.now() > early, "another millisecond");
    await publishJson(url, "a", 2);
    const since = early + 1;
    const iso = new Date(since).toISOString();
    // The same time elsewhere; its "+" comes as a space, as where nobody has encoded it.
    const east = `${new Date(since + 5_400_000).toISOString().slice(0, -1)}+01:30`;
    for (const time of [since, iso, east, encodeURIComponent(east)])
      expect(dataOf(await untilLive(url, `channels=a&since=${time}`)), `${time}`).to.deep.equal([
        2,
      ]);
    expect(dataOf(await untilLive(url, "channels=a&since=0"))).to.deep.equal([1, 2]);
    const future = await untilLive(url, `channels=a&since=${Date.now() + 1e9}`);
    expect(dataOf(future)).to.deep.equal([]);
    const read = await ask(url, "GET", `/channels/a/messages?since=${iso}`);
    expect(dataOf(read.json.messages)).to.deep.equal([2]);
  });

  for (const query of [
    "each=101",
    "each=-1",
    "each=all",
    "since=yesterday",
    "since=2026-11-28T04:56:03",
    "since=2026-02-30T04:56:03Z",
    "since=-1",
    "since=1e3",
    "latest=2",
    "latest=1&each=1",
    "each=1&last=1",
    "each=1&since=0",
    "since=0&last=1",
    "since=0&after=earliest",
    "each=1&after=earliest",
  ]) {
    it(`is refused with 400 FF_PARAMETER_INVALID for ${query}`, async () => {
      const { url } = await startTestServer();
      const answer = await ask(url, "GET", `/stream?channels=a&${query}`);
      expectFrameRefusal(answer, 400, "FF_PARAMETER_INVALID");
    });
  }
});

describe("a stream that wants the latest only", function () {
  this.timeout(60_000);
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("passes over what came while its client did not read, holds none of it in memory, and says no gap", async () => {
    const { url } = await startTestServer({ ...ADMIN, retainMessages: 20, trimMs: 10 });
    const { connection } = await openNdjson(url, "channels=doors.*&latest=1&client=panel");
    connection.socket.pause();
    const data = "x".repeat(50_000);
    for (let n = 0; n < 600; n++) await publishJson(url, `doors.n${n % 3}`, `${n} ${data}`);
    const { json } = await ask(url, "GET", "/streams", AS_ADMIN);
    expect(json.streams[0].queuedBytes).to.be.below(1_000_000);
    const passed = await publishJson(url, "doors.n0", "passed over");
    const newest = await publishJson(url, "doors.n0", "last");
    connection.socket.resume();
    const events = await eventually(
      20_000,
      () => {
        const all = connection.ndjsonEvents();
        return all.some((event) => event["id"] === newest) && all;
      },
      "the newest",
    );
    expect(messagesOf(events).length).to.be.below(400);
    expect(events.map(({ type }) => type)).to.not.include("gap");
    const numbers = dataOf(events).map((text) => String(text).split(" ")[0]);
    expect(numbers.slice(-3)).to.deep.equal(["598", "599", "last"]);
    const why = await ask(url, "GET", `/explain?client=panel&id=${passed}`, AS_ADMIN);
    expect(why.json).to.deep.include({ verdict: "passed-over" });
    const given = await ask(url, "GET", `/explain?client=panel&id=${newest}`, AS_ADMIN);
    expect(given.json).to.deep.include({ verdict: "given" });
  });

  it("is told of a gap where a channel's newest message is gone", async () => {
    const { url } = await startTestServer(ADMIN);
    const after = await publishJson(url, "b", 1);
    await publishJson(url, "a", 2);
    await ask(url, "DELETE", "/channels/a", AS_ADMIN);
    const events = await untilLive(url, `channels=a,b&latest=1&after=${after}`);
    expect(events.map(({ type }) => type)).to.deep.equal(["open", "gap", "live"]);
  });

  it("starts with the state of 3,000 channels after=earliest, and goes on in the order of the log", async () => {
    const { url } = await startTestServer();
    for (const data of [1, 2]) await publishToAll(url, doors(3_000), data);
    const events = await untilLive(url, "channels=doors.**&latest=1&after=earliest");
    expect(messagesOf(events).map(({ channel }) => channel)).to.deep.equal(doors(3_000));
    expect(new Set(dataOf(events))).to.deep.equal(new Set([2]));
  });
});
