import { expect } from "chai";
import { closeConnections, publishJson } from "../support/raw-http.ts";
import { ask, closePathOf, openNdjson } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

describe("an NDJSON stream", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("has its own type and the headers that keep proxies from holding it", async () => {
    const { url } = await startTestServer();
    const { connection } = await openNdjson(url, "channels=doors");
    expect(connection.head.status).to.equal(200);
    expect(connection.head.headers["content-type"]).to.match(/^application\/x-ndjson/);
    expect(connection.head.headers).to.include({
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
  });

  it("is one event a line from open to close, and then ends", async () => {
    const { url } = await startTestServer();
    const { connection, open } = await openNdjson(url, "channels=doors");
    const id = await publishJson(url, "doors", "two\nlines \u2028 </script>");
    await eventually(5_000, () => connection.ndjsonEvents().length === 2, "the message");
    await ask(url, "POST", closePathOf(url, open));
    await eventually(5_000, () => connection.rawBody.endsWith("\r\n0\r\n\r\n"), "the last chunk");
    const lines = connection.body.split("\n");
    expect(lines.pop(), "after the last line end").to.equal("");
    expect(lines.map((line) => JSON.parse(line).type)).to.deep.equal(["open", "message", "close"]);
    expect(JSON.parse(String(lines[1]))).to.deep.include({
      id,
      channel: "doors",
      data: "two\nlines \u2028 </script>",
    });
  });

  it("is kept alive by empty lines", async () => {
    const { url } = await startTestServer({ heartbeatMs: 50 });
    const { connection } = await openNdjson(url, "channels=doors");
    await eventually(5_000, () => connection.chunks.length >= 3, "two heartbeats");
    expect(connection.chunks.slice(1, 3)).to.deep.equal(["\n", "\n"]);
  });

  it("gives a cursor event in place of an empty line when other channels moved the log on", async () => {
    const { url } = await startTestServer({ heartbeatMs: 100 });
    const { connection } = await openNdjson(url, "channels=doors");
    const cursor = await publishJson(url, "lifts", 1);
    await eventually(5_000, () => connection.ndjsonEvents().length > 1, "the cursor event");
    expect(connection.ndjsonEvents()[1]).to.deep.equal({ type: "cursor", cursor });
  });

  it("ignores a callback, which is the frame's", async () => {
    const { url } = await startTestServer();
    const { connection } = await openNdjson(url, "channels=doors&callback=alert");
    expect(connection.body).not.to.include("alert");
  });
});
