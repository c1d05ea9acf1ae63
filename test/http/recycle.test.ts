import { expect } from "chai";
import { closeConnections, openFrame, publishJson, RawConnection } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import {
  destroyClients,
  FRAME,
  NDJSON,
  openTransport,
  SSE,
  untilEvents,
  WEBSOCKET,
} from "../support/transport-clients.ts";
import { eventually } from "../support/within.ts";

describe("recycling", () => {
  afterEach(async () => {
    closeConnections();
    destroyClients();
    await stopServers();
  });

  it("ends a display frame at a message boundary when it reached its size, give or take a quarter, and nothing is lost", async () => {
    const { url } = await startTestServer({ recycleBytes: 20_000 });
    const published: string[] = [];
    const seen: string[] = [];
    const sizes: number[] = [];
    let { connection, open } = await openFrame(url, "channels=a");
    for (let n = 0; n < 150; n++) {
      const id = await publishJson(url, "a", "x".repeat(900));
      published.push(id);
      const events = await connection.untilEvents(
        (all) => all.at(-1)?.type === "close" || all.some((event) => event["id"] === id),
        "the message or the close",
      );
      const close = events.at(-1);
      if (close?.type !== "close") continue;
      expect(close).to.include({ reason: "recycle", reconnect: true, retryMs: 0 });
      sizes.push(connection.body.length);
      seen.push(...idsOf(events));
      expect(close["cursor"]).to.equal(seen.at(-1));
      ({ connection, open } = await openFrame(url, `channels=a&after=${close["cursor"]}`));
      expect(open["cursor"]).to.equal(close["cursor"]);
    }
    seen.push(...idsOf(connection.frameEvents()));
    expect(seen).to.deep.equal(published);
    expect(sizes.length).to.be.within(5, 11);
    for (const size of sizes) expect(size).to.be.within(15_000, 27_000);
    expect(new Set(sizes).size, "sizes differ").to.be.above(1);
  });

  it("ends a display frame when it reached its age, and an NDJSON stream neither by size nor by age", async () => {
    const { url } = await startTestServer({
      recycleMs: 400,
      recycleBytes: 1_000,
      heartbeatMs: 100,
    });
    const lines = new RawConnection(url);
    lines.send("GET /stream?channels=a&transport=ndjson HTTP/1.1", "Host: localhost");
    const { connection } = await openFrame(url, "channels=b");
    const events = await connection.untilEvents((all) => all.at(-1)?.type === "close", "recycle");
    expect(events.at(-1)).to.include({ reason: "recycle" });
    for (let n = 0; n < 5; n++) await publishJson(url, "a", "x".repeat(900));
    expect(lines.ended).to.equal(false);
    expect(lines.ndjsonEvents().map(({ type }) => type)).to.not.include("close");
  });

  for (const fixture of [FRAME, SSE, NDJSON, WEBSOCKET]) {
    it(`ends a stream by ${fixture.name} at the age for all, and nothing is lost`, async () => {
      const { url, hub } = await startTestServer({ maxStreamAgeMs: 400, heartbeatMs: 100 });
      const first = await openTransport(fixture, url, "channels=a");
      await publishJson(url, "a", 1);
      await untilEvents(first, (all) => all.at(-1)?.type === "close", "the age");
      const events = first.events.filter(({ type }) => type !== "heartbeat");
      expect(events.map(({ type }) => type)).to.deep.equal(["open", "message", "close"]);
      const close = events.at(-1);
      expect(close).to.include({ reason: "recycle", reconnect: true, retryMs: 0 });
      await publishJson(url, "a", 2);
      const next = await openTransport(fixture, url, `channels=a&after=${close?.["cursor"]}`);
      await untilEvents(next, (all) => all.length > 1, "what came meanwhile");
      expect(next.events[1]).to.include({ type: "message", data: 2 });
      await eventually(5_000, () => hub.openStreams === 1, "the first to be gone");
    });
  }

  it("lets each of many streams that replay at once move on before it is old", async () => {
    const { url } = await startTestServer({ maxStreamAgeMs: 1 });
    for (let n = 0; n < 20; n++) await publishJson(url, "a", "x".repeat(10_000));
    const streams = await Promise.all(
      Array.from({ length: 50 }, () => openTransport(NDJSON, url, "channels=a&after=earliest")),
    );
    for (const stream of streams) {
      await untilEvents(stream, (all) => all.length > 1, "what follows the open");
      expect(stream.events[1]).to.include({ type: "message" });
    }
  });

  it("lets a poll be as old as it likes", async () => {
    const { url, hub } = await startTestServer({ maxStreamAgeMs: 200, heartbeatMs: 100 });
    const poll = async (rest: string) =>
      (await ask(url, "GET", `/stream?channels=a&transport=poll${rest}`)).json;
    const { stream, cursor } = await poll("&wait=0");
    const answer = await poll(`&stream=${stream}&after=${cursor}&wait=1`);
    expect(answer).to.include({ stream, reason: null });
    expect(hub.openStreams).to.equal(1);
  });

  it("lets a response with a limit below one message give one before it ends", async () => {
    const { url } = await startTestServer({ recycleBytes: 1 });
    const first = await publishJson(url, "a", 1);
    await publishJson(url, "a", 2);
    const { connection } = await openFrame(url, "channels=a&after=earliest");
    const events = await connection.untilEvents((all) => all.at(-1)?.type === "close", "recycle");
    expect(events[1]).to.include({ id: first });
  });
});

function idsOf(events: readonly { readonly [member: string]: unknown }[]): string[] {
  return events.flatMap(({ id }) => (id === undefined ? [] : String(id)));
}
