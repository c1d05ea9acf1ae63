import { expect } from "chai";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import {
  ask,
  dataOf,
  expectFrameRefusal,
  kept,
  messagesOf,
  openNdjson,
  publishRaw,
  untilMessages,
} from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

/** Publish 0, 1, ... in turn and return their ids. */
async function publishNumbers(url: string, channel: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (const n of numbers(count)) ids.push(await publishJson(url, channel, n));
  return ids;
}

describe("where a stream starts", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("is now when neither after nor last is given", async () => {
    const { url } = await startTestServer();
    await publishJson(url, "doors", "old");
    const { connection } = await openFrame(url, "channels=doors");
    await publishJson(url, "doors", "new");
    expect(dataOf(await untilMessages(connection, 1))).to.deep.equal(["new"]);
  });

  it("is right after the message whose id is given as after", async () => {
    const { url } = await startTestServer();
    const ids = await publishNumbers(url, "doors", 5);
    const { connection } = await openFrame(url, `channels=doors&after=${ids[1]}`);
    const events = await untilMessages(connection, 3);
    const types = events.map(({ type }) => type).filter((type) => type !== "live");
    expect(types).to.deep.equal(["open", "message", "message", "message"]);
    expect(messagesOf(events).map((message) => message["id"])).to.deep.equal(ids.slice(2));
  });

  it("is right after a message of another channel whose id is given as after", async () => {
    const { url } = await startTestServer();
    await publishJson(url, "doors", 1);
    const after = await publishJson(url, "lifts", 2);
    await publishJson(url, "doors", 3);
    const { connection } = await openFrame(url, `channels=doors&after=${after}`);
    expect(dataOf(await untilMessages(connection, 1))).to.deep.equal([3]);
  });

  it("is the oldest message kept for after=earliest", async () => {
    const { url } = await startTestServer();
    await publishNumbers(url, "doors", 5);
    const { connection } = await openFrame(url, "channels=doors&after=earliest");
    expect(dataOf(await untilMessages(connection, 5))).to.deep.equal(numbers(5));
  });

  it("is the cursor of an open event, for a client that saw nothing else", async () => {
    const { url } = await startTestServer();
    await publishJson(url, "doors", "before");
    const { connection, open } = await openFrame(url, "channels=doors");
    connection.destroy();
    await publishJson(url, "doors", "meanwhile");
    const resumed = await openFrame(url, `channels=doors&after=${String(open["cursor"])}`);
    expect(dataOf(await untilMessages(resumed.connection, 1))).to.deep.equal(["meanwhile"]);
  });

  it("lets a client that is cut again and again see each message once, in order", async () => {
    const { url } = await startTestServer();
    const total = 120;
    const publishing = publishNumbers(url, "doors", total);
    const seen: unknown[] = [];
    let after = "earliest";
    while (seen.length < total) {
      const { connection } = await openFrame(url, `channels=doors,lifts&after=${after}`);
      const messages = messagesOf(await untilMessages(connection, 1)).slice(0, 7);
      connection.destroy();
      seen.push(...dataOf(messages));
      after = String(messages.at(-1)?.["id"]);
    }
    await publishing;
    expect(seen).to.deep.equal(numbers(total));
  });

  it("loses and repeats nothing when streams open amid publishes of many", async () => {
    const { url } = await startTestServer();
    const publishing = numbers(150).map((n) => publishJson(url, `c${n % 3}`, n));
    const opening = numbers(10).map(() => openFrame(url, "channels=*,c0,c1,**&after=earliest"));
    const streams = await Promise.all(opening);
    const ids = (await Promise.all(publishing)).sort();
    for (const { connection } of streams) {
      const messages = messagesOf(await untilMessages(connection, 150));
      expect(messages.map((message) => message["id"])).to.deep.equal(ids);
    }
  });

  it("may be more than a thousand messages back", async () => {
    const { url } = await startTestServer({ retainMessages: 5_000 });
    const lines = numbers(2_500).join("\n");
    expect((await publishRaw(url, "doors", "application/x-ndjson", lines)).status).to.equal(201);
    const { connection } = await openNdjson(url, "channels=doors&after=earliest");
    await eventually(5_000, () => connection.ndjsonEvents().length > 2_500, "2500 messages");
    expect(dataOf(connection.ndjsonEvents())).to.deep.equal(numbers(2_500));
  });

  for (const [what, after] of Object.entries({
    "characters that no cursor has": "%21%21",
    "a space": "a%20b",
    "a line end": "a%0A",
    "65 characters": "a".repeat(65),
  })) {
    it(`is refused with 400 FF_CURSOR_INVALID when after has ${what}`, async () => {
      const { url } = await startTestServer();
      const answer = await ask(url, "GET", `/stream?channels=doors&after=${after}`);
      expectFrameRefusal(answer, 400, "FF_CURSOR_INVALID");
    });
  }
});

describe("the last messages that a stream starts with", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("are none for last=0", async () => {
    const { url } = await startTestServer();
    await publishJson(url, "doors", "old");
    const { connection } = await openFrame(url, "channels=doors&last=0");
    await publishJson(url, "doors", "new");
    expect(dataOf(await untilMessages(connection, 1))).to.deep.equal(["new"]);
  });

  for (const last of [1, 3, 5, 6, 1_000]) {
    it(`are ${Math.min(last, 5)} of 5 for last=${last}, followed by what comes`, async () => {
      const { url } = await startTestServer();
      await publishNumbers(url, "doors", 5);
      await publishJson(url, "lifts", "of another channel");
      const { connection } = await openFrame(url, `channels=doors&last=${last}`);
      await publishJson(url, "doors", 5);
      const expected = numbers(6).slice(Math.max(0, 5 - last));
      expect(dataOf(await untilMessages(connection, expected.length))).to.deep.equal(expected);
    });
  }

  it("are the last of all channels together, in the order of the log", async () => {
    const { url } = await startTestServer();
    for (const n of numbers(9)) await publishJson(url, ["a", "b.x", "c"][n % 3] ?? "", n);
    const { connection } = await openFrame(url, "channels=b.*,a,a&last=4");
    await publishJson(url, "a", 9);
    expect(dataOf(await untilMessages(connection, 5))).to.deep.equal([3, 4, 6, 7, 9]);
  });

  it("come without a gap, however many were trimmed before them", async () => {
    const { url } = await startTestServer({ retainMessages: 2, trimMs: 10 });
    await publishNumbers(url, "doors", 6);
    await eventually(5_000, async () => (await kept(url, "doors")).length === 2, "the trim");
    const { connection } = await openFrame(url, "channels=doors&last=2");
    const events = await untilMessages(connection, 2);
    const types = events.map(({ type }) => type).filter((type) => type !== "live");
    expect(types).to.deep.equal(["open", "message", "message"]);
  });

  for (const last of ["1001", "-1", "1.5", "1e2", "many", "%201"]) {
    it(`are refused with 400 FF_PARAMETER_INVALID for last=${last}`, async () => {
      const { url } = await startTestServer();
      const answer = await ask(url, "GET", `/stream?channels=doors&last=${last}`);
      expectFrameRefusal(answer, 400, "FF_PARAMETER_INVALID");
    });
  }

  it("are refused together with after", async () => {
    const { url } = await startTestServer();
    const id = await publishJson(url, "doors", 1);
    for (const after of [id, "earliest"]) {
      const answer = await ask(url, "GET", `/stream?channels=doors&last=1&after=${after}`);
      expectFrameRefusal(answer, 400, "FF_PARAMETER_INVALID");
    }
  });
});
