import { expect } from "chai";
import { publishJson, type WireEvent } from "../support/raw-http.ts";
import type { ServerFixture } from "../support/server-fixtures.ts";
import {
  dataOf,
  destroyClients,
  eventsOf,
  FRAME,
  NDJSON,
  openTransport,
  POLL,
  SSE,
  type TransportClient,
  type TransportFixture,
  untilEvents,
  untilMessages,
  WEBSOCKET,
} from "../support/transport-clients.ts";
import { eventually } from "../support/within.ts";
import { describeCloseText } from "./close-text-contract.ts";
import { describeStateStart } from "./state-start-contract.ts";

/** Arrays in arrays, so many deep. */
const nested = (depth: number): unknown => (depth === 0 ? "deep" : [nested(depth - 1)]);

/** Data that could break a framing. */
const AWKWARD = [
  "</script><!--",
  "\u2028\u2029\r\n\n\ndata: x",
  "\ud834\udd1e ÄÖ \u0000",
  ',\n{"type":"close"}',
  "a lone surrogate \ud800",
  "\ufeff)</script></body></html>",
  null,
  "",
  { deep: [[[{ null: null, empty: "", zero: -0.5e-7 }]]] },
  { "</script>": { "\u2029": nested(60) } },
  "x".repeat(60_000),
];

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => from + n);

/**
 * Every promise of the contract that does not depend on how a stream is carried, checked on
 * whatever `fixture` opens.
 */
export function describeTransportContract(
  fixture: TransportFixture,
  { name: serverName, start, stop, release }: ServerFixture,
): void {
  const { name, transport, capabilities } = fixture;

  describeCloseText(fixture, { name: serverName, start, stop, release });
  describeStateStart(fixture, { name: serverName, start, stop, release });

  describe(`a stream by ${name} of ${serverName}`, function () {
    this.timeout(60_000);
    afterEach(async function () {
      destroyClients();
      await (this.currentTest?.isFailed() ? stop() : release());
    });

    const open = (url: string, query: string) => openTransport(fixture, url, query);
    const openStreams = async ({ url, adminToken }: { url: string; adminToken: string }) => {
      const headers = { Authorization: `Bearer ${adminToken}` };
      const answer = await fetch(`${url}/streams`, { headers });
      return ((await answer.json()) as { total: number }).total;
    };
    const admin = (server: { url: string; adminToken: string }, path: string) =>
      fetch(`${server.url}${path}`, {
        method: "POST",
        headers: { Authorization: `Bearer ${server.adminToken}` },
      });
    const publishBatch = (url: string, channel: string, values: readonly unknown[]) =>
      fetch(`${url}/channels/${channel}/messages`, {
        method: "POST",
        headers: { "Content-Type": "application/x-ndjson" },
        body: values.map((value) => JSON.stringify(value)).join("\n"),
      });
    const closeUrl = (url: string, client: TransportClient) =>
      `${url}/${String(client.events[0]?.["close"])}`;
    const expectClosed = async (client: TransportClient, reason: string, reconnect: boolean) => {
      await untilEvents(client, () => eventsOf(client, "close").length > 0, `close by ${reason}`);
      const last = client.events.at(-1);
      expect(last).to.include({ type: "close", reason, reconnect });
      if (capabilities.events) {
        expect(last).to.have.all.keys("type", "reason", "reconnect", "retryMs", "cursor");
        if (reconnect) expect(last?.["retryMs"]).to.be.a("number").and.be.above(0);
        else expect(last?.["retryMs"]).to.equal(0);
      }
      if (!reconnect) await eventually(5_000, () => client.ended, "the end");
    };
    /** Publish where closed streams were open, and hold that they are given nothing more. */
    const expectNothingMore = async (url: string, ...closed: readonly TransportClient[]) => {
      const before = closed.map(({ events }) => events.length);
      for (const channel of ["doors", "doors.a", "lifts"]) await publishJson(url, channel, "late");
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(closed.map(({ events }) => events.length)).to.deep.equal(before);
    };

    it("starts with open, and gives what is published as it was, in order", async () => {
      const { url } = await start();
      const client = await open(url, "channels=doors");
      const details = capabilities.events ? ["heartbeatMs"] : [];
      expect(client.events[0]).to.have.keys("type", "stream", "cursor", "close", ...details);
      const ids: string[] = [];
      for (const data of AWKWARD) ids.push(await publishJson(url, "doors", data));
      await untilMessages(client, AWKWARD.length);
      expect(dataOf(client)).to.deep.equal(AWKWARD);
      expect(eventsOf(client, "message").map((event) => event["id"])).to.deep.equal(ids);
      expect(eventsOf(client, "message")[0]).to.have.keys("type", "id", "channel", "time", "data");
    });

    it("gives several channels in log order, and a message once, however its selectors overlap", async () => {
      const { url } = await start();
      const client = await open(url, "channels=a.*,a.b,**,c");
      for (const n of numbers(30)) await publishJson(url, ["a.b", "a.c", "c"][n % 3] as string, n);
      await untilMessages(client, 30);
      expect(dataOf(client)).to.deep.equal(numbers(30));
    });

    it("gives what many publish at once to several channels in the order of the ids", async () => {
      const { url } = await start();
      const client = await open(url, "channels=a,b.**");
      const several = fetch(`${url}/messages`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ channels: ["b.x", "other", "a"], data: "several" }),
      });
      const each = numbers(60).map((n) => publishJson(url, ["a", "b.c", "b.c.d"][n % 3] ?? "", n));
      const { ids } = (await (await several).json()) as { ids: readonly [string, string, string] };
      const published = [...(await Promise.all(each)), ids[0], ids[2]].sort();
      await untilMessages(client, 62);
      expect(eventsOf(client, "message").map((event) => event["id"])).to.deep.equal(published);
    });

    it("takes 1,000 messages in one burst", async () => {
      const { url } = await start();
      const client = await open(url, "channels=doors");
      await publishBatch(url, "doors", numbers(1_000));
      await untilMessages(client, 1_000);
      expect(dataOf(client)).to.deep.equal(numbers(1_000));
    });

    it("starts with the last messages, or with all that is kept", async () => {
      const { url } = await start({ retainMessages: 10_000 });
      await publishBatch(url, "doors", numbers(2_500));
      const last = await open(url, "channels=doors&last=3");
      const all = await open(url, "channels=doors&after=earliest");
      await untilMessages(last, 3);
      await untilMessages(all, 2_500);
      await publishJson(url, "doors", 2_500);
      await untilMessages(last, 4);
      await untilMessages(all, 2_501);
      expect(dataOf(last)).to.deep.equal(numbers(4, 2_497));
      expect(dataOf(all)).to.deep.equal(numbers(2_501));
    });

    it("starts with the last messages of its channels together, in log order", async () => {
      const { url } = await start();
      for (const n of numbers(9)) await publishJson(url, ["a", "b.c", "other"][n % 3] as string, n);
      const client = await open(url, "channels=b.*,a&last=3");
      await publishJson(url, "a", 9);
      await untilMessages(client, 4);
      expect(dataOf(client)).to.deep.equal([4, 6, 7, 9]);
    });

    it("resumes from its cursor without losing or repeating a message", async () => {
      const { url } = await start();
      const first = await open(url, "channels=doors");
      await publishBatch(url, "doors", numbers(5));
      await untilMessages(first, 5);
      const cursor = eventsOf(first, "message").at(-1)?.["id"];
      first.destroy();
      await publishBatch(url, "doors", numbers(5, 5));
      const second = await open(url, `channels=doors&after=${cursor}`);
      await publishBatch(url, "doors", numbers(5, 10));
      await untilMessages(second, 10);
      expect(dataOf(second)).to.deep.equal(numbers(10, 5));
    });

    it("resumes from where it was opened, and from where it was closed", async () => {
      const { url } = await start();
      const first = await open(url, "channels=doors");
      const opened = first.events[0]?.["cursor"];
      await publishJson(url, "doors", 0);
      await untilMessages(first, 1);
      await fetch(closeUrl(url, first), { method: "POST" });
      await expectClosed(first, "client", false);
      await publishJson(url, "doors", 1);
      const second = await open(url, `channels=doors&after=${opened}`);
      const third = await open(url, `channels=doors&after=${first.events.at(-1)?.["cursor"]}`);
      await untilMessages(second, 2);
      await untilMessages(third, 1);
      expect([dataOf(second), dataOf(third)]).to.deep.equal([[0, 1], [1]]);
    });

    it("goes on from the cursor of every other transport, and they from its own", async () => {
      const { url } = await start();
      let after = "earliest";
      const received: unknown[] = [];
      for (const other of [FRAME, POLL, SSE, NDJSON, WEBSOCKET]) {
        for (const next of [other, fixture]) {
          // One while nobody is there, and one that comes at once.
          await publishJson(url, "doors", received.length);
          const client = await openTransport(next, url, `channels=doors,a&after=${after}`);
          await publishJson(url, "a", received.length + 1);
          await untilMessages(client, 2);
          client.destroy();
          received.push(...dataOf(client));
          after = String(eventsOf(client, "message").at(-1)?.["id"]);
        }
      }
      expect(received).to.deep.equal(numbers(20));
    });

    it("is told what it may have missed", async () => {
      const { url } = await start({ retainMessages: 2, trimMs: 10 });
      const first = await publishJson(url, "doors", 0);
      await publishBatch(url, "doors", numbers(10, 1));
      await eventually(
        5_000,
        async () => {
          const read = await fetch(`${url}/channels/doors/messages`);
          return ((await read.json()) as { messages: unknown[] }).messages.length === 2;
        },
        "the trim",
      );
      const expired = await open(url, `channels=doors&after=${first}`);
      await untilMessages(expired, 2);
      expect(eventsOf(expired, "gap")).to.have.lengthOf(1);
      expect(eventsOf(expired, "gap")[0]).to.include({ reason: "expired", after: first });
      expect(dataOf(expired)).to.deep.equal([9, 10]);
      expect(eventsOf(expired, "gap")[0]).to.have.all.keys(
        "type",
        "after",
        "upTo",
        "channels",
        "reason",
      );
      const foreign = await open(url, "channels=doors&after=0othrepoch.0000000000001");
      await untilMessages(foreign, 2);
      expect(eventsOf(foreign, "gap").map((gap) => gap["reason"])).to.include("epoch");
      const beyond = await open(url, `channels=doors&after=${first.replace(".0", ".9")}`);
      await untilEvents(beyond, () => eventsOf(beyond, "gap").length > 0, "a gap");
      expect(eventsOf(beyond, "gap")[0]).to.include({ reason: "epoch" });
    });

    it("is given what other channels have in the range of a gap", async () => {
      const { url } = await start({ retention: ["log.*=2/60000"], trimMs: 10 });
      const after = await publishJson(url, "other", 0);
      for (const n of numbers(10)) await publishJson(url, n % 2 === 0 ? "doors" : "log.a", n);
      await eventually(
        5_000,
        async () => {
          const read = await fetch(`${url}/channels/log.a/messages`);
          return ((await read.json()) as { messages: unknown[] }).messages.length === 2;
        },
        "the trim",
      );
      const client = await open(url, `channels=doors,log.*&after=${after}`);
      await untilMessages(client, 7);
      expect(dataOf(client)).to.deep.equal([0, 2, 4, 6, 7, 8, 9]);
      expect(eventsOf(client, "gap").map((gap) => gap["channels"])).to.deep.equal([["log.a"]]);
    });

    it("ends at once by its control request, and a message published afterwards does not come", async () => {
      const server = await start();
      const { url } = server;
      const client = await open(url, "channels=doors");
      await publishJson(url, "doors", 1);
      await untilMessages(client, 1);
      const answer = await fetch(closeUrl(url, client), { method: "POST" });
      expect(answer.status).to.equal(200);
      const receipt = (await answer.json()) as Record<string, unknown>;
      expect(receipt).to.include({ closed: true, reason: "client", messages: 1 });
      // A poll acknowledges with its next one.
      if (capabilities.events) expect(receipt["acked"]).to.equal(null);
      expect(receipt["stream"]).to.equal(client.events[0]?.["stream"]);
      expect(receipt["bytes"]).to.be.a("number").and.be.above(0);
      expect(receipt["openMs"]).to.be.within(0, 20_000);
      expect(await openStreams(server)).to.equal(0);
      await publishJson(url, "doors", 2);
      await expectClosed(client, "client", false);
      await expectNothingMore(url, client);
      expect(dataOf(client)).to.deep.equal([1]);
      expect(client.events.at(-1)?.["cursor"]).to.equal(receipt["cursor"]);
      const again = await fetch(closeUrl(url, client), { method: "POST" });
      expect(await again.json()).to.deep.equal(receipt);
    });

    it("hears that an operator ended it, by its channel or by its client", async () => {
      const server = await start();
      const byChannel = await open(server.url, "channels=doors.*");
      const byClient = await open(server.url, "channels=lifts&client=panel");
      await admin(server, "/channels/doors.a/close");
      await expectClosed(byChannel, "admin", false);
      expect(byClient.events).to.have.lengthOf(1);
      await admin(server, "/clients/panel/close");
      await expectClosed(byClient, "admin", false);
      await expectNothingMore(server.url, byChannel, byClient);
    });

    it("hears that a newer stream of its client took its place", async () => {
      const server = await start();
      const { url } = server;
      const older = await open(url, "channels=doors&client=panel");
      const takeover = `takeover=1&earlier=${older.events[0]?.["stream"]}`;
      const newer = await open(url, `channels=doors&client=panel&${takeover}`);
      await expectClosed(older, "replaced", false);
      await expectNothingMore(url, older);
      await untilMessages(newer, 1);
      expect(await openStreams(server)).to.equal(1);
    });

    it("hears that the server stops, and is to come back", async () => {
      const { url } = await start();
      const client = await open(url, "channels=doors");
      await stop();
      await expectClosed(client, "shutdown", true);
    });

    it("is named in the listing by its transport, without its id", async () => {
      const server = await start();
      const client = await open(server.url, "channels=doors&client=panel");
      const answer = await fetch(`${server.url}/streams`, {
        headers: { Authorization: `Bearer ${server.adminToken}` },
      });
      const text = await answer.text();
      expect(text).to.not.contain(String(client.events[0]?.["stream"]));
      const [listed] = (JSON.parse(text) as { streams: WireEvent[] }).streams;
      expect(listed).to.include({ client: "panel", transport });
    });

    if (capabilities.events)
      it("is told how long a silence may be", async () => {
        const { url } = await start({ heartbeatMs: 7_000 });
        const client = await open(url, "channels=doors");
        expect(client.events[0]).to.include({ type: "open", heartbeatMs: 7_000 });
      });

    if (capabilities.events)
      it("is told where the log is when nothing came for it, and can go on from there", async () => {
        const { url } = await start({ heartbeatMs: 60 });
        const client = await open(url, "channels=doors");
        const id = await publishJson(url, "lifts", 1);
        await untilEvents(client, () => eventsOf(client, "cursor").length > 0, "a cursor");
        const [told] = eventsOf(client, "cursor");
        expect(told).to.deep.equal({ type: "cursor", cursor: id });
        await publishJson(url, "doors", 2);
        const next = await open(url, `channels=doors&after=${told?.["cursor"]}`);
        await untilMessages(next, 1);
        expect(dataOf(next)).to.deep.equal([2]);
      });

    if (capabilities.stall)
      it("costs others nothing when its client reads nothing, and ends as slow", async () => {
        const server = await start({ stallMs: 500, retainMessages: 10_000, recycleBytes: 0 });
        const { url } = server;
        const stalled = await open(url, "channels=doors&client=stalled");
        stalled.stall();
        const reader = await openTransport(WEBSOCKET, url, "channels=doors");
        for (let batch = 0; batch < 40; batch++)
          await publishBatch(
            url,
            "doors",
            numbers(50).map((n) => [batch, n, "x".repeat(8_000)]),
          );
        await untilMessages(reader, 2_000);
        reader.destroy();
        // It ends as slow, where a connection stands for it; a poll is only gone when it is not
        // repeated.
        if (!capabilities.events) return;
        await eventually(
          10_000,
          async () => (await openStreams(server)) === 0,
          "the stalled stream to end",
        );
        const answer = await fetch(closeUrl(url, stalled), { method: "POST" });
        const receipt = (await answer.json()) as Record<string, unknown>;
        expect(receipt).to.include({ closed: true, reason: "slow" });
        expect(receipt["messages"]).to.be.below(2_000);
      });
  });
}
