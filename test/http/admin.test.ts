import { expect } from "chai";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

const TOKEN = "the-admin-token";

describe("the operating routes", () => {
  let url: string;

  beforeEach(async () => {
    ({ url } = await startTestServer({ adminToken: TOKEN }));
  });
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  const call = (method: string, path: string, token = TOKEN) =>
    fetch(`${url}${path}`, { method, headers: { Authorization: `Bearer ${token}` } });
  const json = async (method: string, path: string) =>
    (await ask(url, method, path, { headers: { Authorization: `Bearer ${TOKEN}` } })).json;
  const lastEvent = async (connection: Awaited<ReturnType<typeof openFrame>>["connection"]) =>
    (await connection.untilEvents((events) => events.at(-1)?.type === "close", "close")).at(-1);

  for (const [method, path] of [
    ["GET", "/streams"],
    ["GET", "/channels"],
    ["POST", "/channels/doors/close"],
    ["POST", "/clients/panel/close"],
    ["DELETE", "/channels/doors"],
  ] as const) {
    it(`refuse ${method} ${path} without the admin token, or with another`, async () => {
      const without = await fetch(`${url}${path}`, { method });
      expect(without.status).to.equal(401);
      expect(without.headers.get("www-authenticate")).to.equal("Bearer");
      expect(await without.json()).to.have.property("code", "FF_ADMIN_REQUIRED");
      expect((await call(method, path, "another")).status).to.equal(401);
    });
  }

  it("list open streams by handles, with what they were given and have acknowledged, and never an id", async () => {
    const { connection, open } = await openFrame(url, "channels=doors,log.*&client=panel%201");
    await openFrame(url, "channels=other");
    const id = await publishJson(url, "doors", 1);
    await connection.untilEvents((events) => events.length === 2, "the message");
    await fetch(`${url}/streams/${open["stream"]}/ack`, {
      method: "POST",
      body: JSON.stringify({ cursor: id }),
    });
    const answer = await call("GET", "/streams");
    const text = await answer.text();
    expect(text).to.not.contain(open["stream"]);
    const { streams, total } = JSON.parse(text);
    expect(total).to.equal(2);
    expect(streams[0]).to.deep.include({
      handle: 1,
      client: "panel 1",
      address: "127.0.0.1",
      channels: ["doors", "log.*"],
      transport: "frame",
      live: true,
      cursor: id,
      acked: id,
      messages: 1,
    });
    expect(streams[0].bytes).to.be.above(2_048);
    expect((await json("GET", "/streams?after=1&limit=1")).streams[0]).to.include({
      handle: 2,
      client: null,
      acked: null,
    });
    expect((await json("GET", "/streams?after=2")).streams).to.deep.equal([]);
  });

  it("list channels by name", async () => {
    await publishJson(url, "b", 1);
    const last = await publishJson(url, "a", 1);
    const { channels } = await json("GET", "/channels?limit=1");
    const { rate } = channels[0];
    expect(rate).to.be.within(0.01, 0.1);
    const use = { readers: 0, rate, retention: { maxMessages: 1_000, maxAgeMs: 86_400_000 } };
    expect({ channels }).to.deep.equal({
      channels: [{ channel: "a", messages: 1, last, ...use }],
    });
    expect((await json("GET", "/channels?after=a")).channels[0]).to.include({ channel: "b" });
  });

  it("close all streams of a client with admin, and no others", async () => {
    const mine = await openFrame(url, "channels=doors&client=panel");
    const others = await openFrame(url, "channels=doors&client=other");
    expect(await json("POST", "/clients/panel/close")).to.deep.equal({ closed: 1 });
    expect(await lastEvent(mine.connection)).to.include({
      type: "close",
      reason: "admin",
      reconnect: false,
    });
    expect(others.connection.frameEvents()).to.have.lengthOf(1);
    expect(await json("POST", "/clients/nobody/close")).to.deep.equal({ closed: 0 });
  });

  it("close all streams that want a channel, also by a pattern, with admin", async () => {
    const byName = await openFrame(url, "channels=doors.north");
    const byPattern = await openFrame(url, "channels=doors.*");
    const other = await openFrame(url, "channels=doors.south");
    expect(await json("POST", "/channels/doors.north/close")).to.deep.equal({ closed: 2 });
    for (const { connection } of [byName, byPattern]) {
      expect(await lastEvent(connection)).to.include({ reason: "admin" });
    }
    expect(other.connection.frameEvents()).to.have.lengthOf(1);
  });

  it("delete a channel's messages: who resumes before them gets a gap, and what comes after", async () => {
    const start = await publishJson(url, "other", 0);
    const first = await publishJson(url, "doors", 1);
    const lastDeleted = await publishJson(url, "doors", 2);
    // So that what was read before is at hand, and must not be given again.
    for (let n = 0; n < 2; n++) await openFrame(url, `channels=doors&after=${start}`);
    expect(await json("DELETE", "/channels/doors")).to.deep.equal({ channel: "doors", removed: 2 });
    const { connection } = await openFrame(url, `channels=doors&after=${start}`);
    const id = await publishJson(url, "doors", 3);
    const events = await connection.untilEvents(
      (seen) => seen.some((event) => event["id"] === id),
      "the new message",
    );
    const types = events.map(({ type }) => type).filter((type) => type !== "live");
    expect(types).to.deep.equal(["open", "gap", "message"]);
    expect(events[1]).to.deep.include({ reason: "expired", after: start, upTo: lastDeleted });
    expect(connection.body).to.not.contain(first);
  });

  it("leave a client's earlier streams replaced when a new one takes over", async () => {
    const older = await openFrame(url, "channels=doors&client=panel");
    const stranger = await openFrame(url, "channels=doors&client=other");
    const takeover = `takeover=1&earlier=${older.open["stream"]}`;
    const newer = await openFrame(url, `channels=doors&client=panel&${takeover}`);
    expect(await lastEvent(older.connection)).to.include({ reason: "replaced", reconnect: false });
    await publishJson(url, "doors", 1);
    for (const { connection } of [newer, stranger]) {
      await connection.untilEvents((events) => events.length === 2, "the message");
    }
    expect((await json("GET", "/streams")).total).to.equal(2);
  });

  it("refuse takeover without a client", async () => {
    const answer = await fetch(`${url}/stream?channels=doors&takeover=1&transport=ndjson`);
    expect(answer.status).to.equal(400);
    expect(await answer.json()).to.have.property("code", "FF_PARAMETER_INVALID");
  });
});

describe("an acknowledgement", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("is in the receipt, never goes back, and is refused beyond what was given", async () => {
    const { url } = await startTestServer();
    const { connection, open } = await openFrame(url, "channels=doors");
    const ids = [await publishJson(url, "doors", 1), await publishJson(url, "doors", 2)] as const;
    await connection.untilEvents((events) => events.length === 3, "both");
    const ack = (body: string, type = "application/json") =>
      fetch(`${url}/streams/${open["stream"]}/ack`, {
        method: "POST",
        body,
        headers: { "Content-Type": type },
      });
    expect(
      (await ack(JSON.stringify({ cursor: ids[1] }), "text/plain;charset=UTF-8")).status,
    ).to.equal(204);
    expect((await ack(JSON.stringify({ cursor: ids[0] }))).status).to.equal(204);
    const beyond = ids[1].replace(/.$/, "z");
    for (const [body, code] of [
      [JSON.stringify({ cursor: beyond }), "FF_CURSOR_INVALID"],
      [JSON.stringify({ cursor: "x" }), "FF_CURSOR_INVALID"],
      [JSON.stringify({ cursor: `other.${ids[0].split(".")[1]}` }), "FF_CURSOR_INVALID"],
      ["{}", "FF_BODY_INVALID"],
      ["", "FF_BODY_INVALID"],
      [JSON.stringify({ cursor: 7 }), "FF_BODY_INVALID"],
      [`"${"x".repeat(2_000)}"`, "FF_MESSAGE_TOO_LARGE"],
    ] as const) {
      expect(await (await ack(body)).json(), body.slice(0, 80)).to.have.property("code", code);
    }
    const receipt = await (await fetch(`${url}/${open["close"]}`, { method: "POST" })).json();
    expect(receipt).to.include({ acked: ids[1], messages: 2 });
    expect((await ack(JSON.stringify({ cursor: ids[1] }))).status, "after the close").to.equal(404);
  });
});
