import { expect } from "chai";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { dataOf, kept, untilMessages } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

/** Publish 0, 1, ... in turn and return their ids. */
async function publishNumbers(url: string, channel: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push(await publishJson(url, channel, n));
  return ids;
}

/** A cursor of the same epoch that nothing has reached. */
function beyond(id: string): string {
  const [epoch = "", place = ""] = id.split(".");
  expect(place < "9", "a place that can be raised").to.equal(true);
  return `${epoch}.9${place.slice(1)}`;
}

describe("a gap of a stream", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("comes for the channels that --retention keeps less of, and not for others", async () => {
    const { url } = await startTestServer({ retention: ["log.*=2/60000"], trimMs: 10 });
    const start = await publishJson(url, "other", 0);
    await publishNumbers(url, "doors", 5);
    const ids = await publishNumbers(url, "log.a", 5);
    await eventually(5_000, async () => (await kept(url, "log.a")).length === 2, "the trim");
    expect(await kept(url, "doors")).to.have.lengthOf(5);
    const { connection } = await openFrame(url, `channels=doors,log.*&after=${start}`);
    const events = await untilMessages(connection, 7);
    const gaps = events.filter(({ type }) => type === "gap");
    expect(gaps).to.have.lengthOf(1);
    expect(gaps[0]).to.deep.include({ channels: ["log.a"], reason: "expired", upTo: ids[2] });
  });

  it("with the reason expired covers every message trimmed after the cursor, before what is kept", async () => {
    const { url } = await startTestServer({ retainMessages: 3, trimMs: 10 });
    const ids = await publishNumbers(url, "doors", 10);
    await eventually(5_000, async () => (await kept(url, "doors")).length === 3, "the trim");
    const { connection } = await openFrame(url, `channels=doors&after=${ids[1]}`);
    const events = await untilMessages(connection, 3);
    expect(dataOf(events)).to.deep.equal([7, 8, 9]);
    const gap = events[1];
    expect(gap).to.have.all.keys("type", "after", "upTo", "channels", "reason");
    expect(gap).to.deep.include({ type: "gap", channels: ["doors"], reason: "expired" });
    expect(String(gap?.["after"]) <= String(ids[1]), "after").to.equal(true);
    expect(String(gap?.["upTo"]) >= String(ids[6]), "upTo").to.equal(true);
  });

  it("does not come to a cursor that nothing was trimmed after", async () => {
    const { url } = await startTestServer({ retainMessages: 3, trimMs: 10 });
    const ids = await publishNumbers(url, "doors", 10);
    await eventually(5_000, async () => (await kept(url, "doors")).length === 3, "the trim");
    const { connection } = await openFrame(url, `channels=doors&after=${ids[7]}`);
    const events = await untilMessages(connection, 2);
    expect(events.map(({ type }) => type)).to.not.include("gap");
  });

  it("leaves what other channels have in its range", async () => {
    const { url } = await startTestServer({ retainMessages: 3, trimMs: 10 });
    const after = await publishJson(url, "doors", 0);
    await publishJson(url, "lifts", "kept");
    await publishNumbers(url, "doors", 10);
    await eventually(5_000, async () => (await kept(url, "doors")).length === 3, "the trim");
    const { connection } = await openFrame(url, `channels=doors,lifts&after=${after}`);
    const events = await untilMessages(connection, 4);
    expect(dataOf(events)).to.deep.equal(["kept", 7, 8, 9]);
    const gaps = events.filter(({ type }) => type === "gap");
    expect(gaps.flatMap((gap) => gap["channels"])).to.include("doors");
  });

  it("with the reason epoch comes to a cursor of another log, and then all that is kept", async () => {
    const other = await startTestServer();
    const foreign = await publishJson(other.url, "doors", "elsewhere");
    const { url } = await startTestServer();
    await publishNumbers(url, "doors", 3);
    const { connection } = await openFrame(url, `channels=doors&after=${foreign}`);
    const events = await untilMessages(connection, 3);
    expect(events[1]).to.deep.include({ type: "gap", channels: ["doors"], reason: "epoch" });
    expect(dataOf(events)).to.deep.equal([0, 1, 2]);
  });

  it("with the reason epoch comes to a cursor beyond the tip, and what is published still arrives", async () => {
    const { url } = await startTestServer();
    const [id = ""] = await publishNumbers(url, "doors", 1);
    const { connection } = await openFrame(url, `channels=doors&after=${beyond(id)}`);
    await publishJson(url, "doors", "new");
    const events = await connection.untilEvents(
      (seen) => dataOf(seen).includes("new"),
      "the new message",
    );
    expect(events[1]).to.deep.include({ type: "gap", channels: ["doors"], reason: "epoch" });
  });
});
