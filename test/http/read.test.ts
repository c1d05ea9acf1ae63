import { expect } from "chai";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { ask, dataOf, expectProblem, kept, untilMessages } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

interface Page {
  readonly messages: readonly { readonly id: string; readonly data: unknown }[];
  readonly cursor: string;
  readonly gaps: readonly Readonly<Record<string, unknown>>[];
}

async function read(url: string, channel: string, query = ""): Promise<Page> {
  const answer = await ask(url, "GET", `/channels/${channel}/messages?${query}`);
  expect(answer.status, answer.text).to.equal(200);
  return answer.json;
}

const dataOn = ({ messages }: Page): readonly unknown[] => messages.map(({ data }) => data);

async function publishNumbers(url: string, channel: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) ids.push(await publishJson(url, channel, n));
  return ids;
}

describe("GET /channels/{channel}/messages", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("answers messages, a cursor and gaps, as JSON that nobody stores", async () => {
    const { url } = await startTestServer();
    const id = await publishJson(url, "doors", { vid: 7 });
    const answer = await ask(url, "GET", "/channels/doors/messages");
    expect(answer.status).to.equal(200);
    expect(answer.headers["content-type"]).to.match(/^application\/json/);
    expect(answer.headers["cache-control"]).to.include("no-store");
    expect(answer.json).to.have.all.keys("messages", "cursor", "gaps");
    expect(answer.json.gaps).to.deep.equal([]);
    expect(answer.json.messages).to.have.lengthOf(1);
    expect(answer.json.messages[0]).to.deep.include({ id, channel: "doors", data: { vid: 7 } });
    expect(answer.json.messages[0].time).to.be.a("number");
  });

  it("answers no messages and a cursor to go on from for a channel that nobody used", async () => {
    const { url } = await startTestServer();
    const page = await read(url, "doors");
    expect(page.messages).to.deep.equal([]);
    expect(page.gaps).to.deep.equal([]);
    await publishJson(url, "doors", "new");
    expect(dataOn(await read(url, "doors", `after=${page.cursor}`))).to.deep.equal(["new"]);
  });

  it("answers only messages of the channel after the cursor, oldest first", async () => {
    const { url } = await startTestServer();
    const ids = await publishNumbers(url, "doors", 5);
    await publishJson(url, "doors.north", "of another channel");
    const page = await read(url, "doors", `after=${ids[1]}`);
    expect(page.messages.map(({ id }) => id)).to.deep.equal(ids.slice(2));
    expect(dataOn(page)).to.deep.equal([2, 3, 4]);
  });

  it("takes the id of another channel's message as the cursor", async () => {
    const { url } = await startTestServer();
    await publishJson(url, "doors", 1);
    const after = await publishJson(url, "lifts", 2);
    await publishJson(url, "doors", 3);
    expect(dataOn(await read(url, "doors", `after=${after}`))).to.deep.equal([3]);
  });

  it("answers at most limit messages, and a cursor that goes on from there", async () => {
    const { url } = await startTestServer();
    for (let n = 0; n < 7; n += 1) {
      await publishJson(url, "doors", n);
      await publishJson(url, "lifts", n);
    }
    const seen: unknown[] = [];
    let after = "earliest";
    for (let pages = 0; pages < 4; pages += 1) {
      const page = await read(url, "doors", `limit=2&after=${after}`);
      expect(page.messages).to.have.lengthOf(pages < 3 ? 2 : 1);
      seen.push(...dataOn(page));
      after = page.cursor;
    }
    expect(seen).to.deep.equal([0, 1, 2, 3, 4, 5, 6]);
    const end = await read(url, "doors", `limit=2&after=${after}`);
    expect(end.messages).to.deep.equal([]);
    await publishJson(url, "doors", 7);
    expect(dataOn(await read(url, "doors", `after=${end.cursor}`))).to.deep.equal([7]);
  });

  it("answers a cursor that a stream goes on from", async () => {
    const { url } = await startTestServer();
    await publishNumbers(url, "doors", 4);
    const page = await read(url, "doors", "after=earliest&limit=2");
    const { connection } = await openFrame(url, `channels=doors&after=${page.cursor}`);
    expect(dataOf(await untilMessages(connection, 2))).to.deep.equal([2, 3]);
  });

  for (const limit of ["1", "1000"]) {
    it(`takes limit=${limit}`, async () => {
      const { url } = await startTestServer();
      await publishJson(url, "doors", 1);
      expect(dataOn(await read(url, "doors", `limit=${limit}`))).to.deep.equal([1]);
    });
  }

  for (const limit of ["0", "-1", "1.5", "1001", "many", "1e2"]) {
    it(`answers 400 FF_PARAMETER_INVALID to limit=${limit}`, async () => {
      const { url } = await startTestServer();
      const answer = await ask(url, "GET", `/channels/doors/messages?limit=${limit}`);
      expectProblem(answer, 400, "FF_PARAMETER_INVALID");
    });
  }

  for (const after of ["%21", "a%20b", "%0A", "a".repeat(65)]) {
    it(`answers 400 FF_CURSOR_INVALID to after=${after.slice(0, 10)}`, async () => {
      const { url } = await startTestServer();
      const answer = await ask(url, "GET", `/channels/doors/messages?after=${after}`);
      expectProblem(answer, 400, "FF_CURSOR_INVALID");
    });
  }

  it("has a gap expired when messages after the cursor were trimmed, and what is kept", async () => {
    const { url } = await startTestServer({ retainMessages: 3, trimMs: 10 });
    const ids = await publishNumbers(url, "doors", 10);
    await eventually(5_000, async () => (await kept(url, "doors")).length === 3, "the trim");
    const page = await read(url, "doors", `after=${ids[1]}`);
    expect(dataOn(page)).to.deep.equal([7, 8, 9]);
    expect(page.gaps).to.have.lengthOf(1);
    expect(page.gaps[0]).to.deep.include({ channels: ["doors"], reason: "expired" });
    expect(String(page.gaps[0]?.["after"]) <= String(ids[1]), "after").to.equal(true);
    expect(String(page.gaps[0]?.["upTo"]) >= String(ids[6]), "upTo").to.equal(true);
    expect((await read(url, "doors", `after=${ids[7]}`)).gaps).to.deep.equal([]);
  });

  it("has a gap epoch for a cursor of another log, and all that is kept", async () => {
    const other = await startTestServer();
    const foreign = await publishJson(other.url, "doors", "elsewhere");
    const { url } = await startTestServer();
    await publishNumbers(url, "doors", 2);
    const page = await read(url, "doors", `after=${foreign}`);
    expect(dataOn(page)).to.deep.equal([0, 1]);
    expect(page.gaps).to.have.lengthOf(1);
    expect(page.gaps[0]).to.deep.include({ channels: ["doors"], reason: "epoch" });
    expect((await read(url, "doors", `after=${page.cursor}`)).gaps).to.deep.equal([]);
  });
});
