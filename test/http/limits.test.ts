import { expect } from "chai";
import { newMessage } from "../support/messages.ts";
import { closeConnections, openFrame, publishJson, RawConnection } from "../support/raw-http.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { within } from "../support/within.ts";

describe("a limit", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  const refusal = async (url: string, query: string) => {
    const answer = await fetch(`${url}/stream?transport=ndjson&${query}`);
    const retryAfter = answer.headers.get("retry-after");
    return { status: answer.status, retryAfter, ...((await answer.json()) as { code: string }) };
  };

  for (const [name, overrides, query, code, status] of [
    ["of streams", { maxStreams: 2 }, "channels=a", "FF_STREAMS_TOO_MANY", 503],
    [
      "of streams per address",
      { maxStreamsPerAddress: 2 },
      "channels=a",
      "FF_ADDRESS_STREAMS_TOO_MANY",
      429,
    ],
    [
      "of streams per client",
      { maxStreamsPerClient: 2 },
      "channels=a&client=x",
      "FF_CLIENT_STREAMS_TOO_MANY",
      429,
    ],
  ] as const) {
    it(`${name} lets so many in, refuses one more with ${code}, keeps those that are open, and has room again after a close`, async () => {
      const { url } = await startTestServer(overrides);
      const first = await openFrame(url, query);
      const { open } = await openFrame(url, query);
      expect(await refusal(url, query)).to.include({ status, code, retryAfter: "5" });
      await publishJson(url, "a", 1);
      await first.connection.untilEvents((events) => events.length === 2, "the message");
      await fetch(`${url}/${open["close"]}`, { method: "POST" });
      await openFrame(url, query);
    });
  }

  it("of streams per client does not count those that a takeover replaces", async () => {
    const { url } = await startTestServer({ maxStreamsPerClient: 1 });
    const { open } = await openFrame(url, "channels=a&client=x");
    await openFrame(url, `channels=a&client=x&takeover=1&earlier=${open["stream"]}`);
    await openFrame(url, "channels=a&client=y");
  });

  it("of streams in all has room for one that takes over", async () => {
    const { url } = await startTestServer({ maxStreams: 1, maxStreamsPerAddress: 1 });
    const { open } = await openFrame(url, "channels=a&client=x");
    const takeover = `takeover=1&earlier=${open["stream"]}`;
    const refused = await refusal(url, `channels=a&client=y&${takeover}`);
    expect(refused).to.include({ code: "FF_TAKEOVER_REFUSED" });
    await openFrame(url, `channels=a&client=x&${takeover}`);
    const late = await refusal(url, "channels=a&client=y");
    expect(late).to.include({ code: "FF_STREAMS_TOO_MANY" });
  });

  it("of streams holds when many come at once", async () => {
    const { url, hub } = await startTestServer({ maxStreams: 10 });
    const connections = Array.from({ length: 40 }, () => {
      const connection = new RawConnection(url);
      connection.send("GET /stream?channels=a HTTP/1.1", "Host: localhost");
      return connection;
    });
    await Promise.all(
      connections.map((connection) =>
        connection.untilEvents(([first]) => first !== undefined, "an answer"),
      ),
    );
    const opened = connections.filter((connection) => connection.frameEvents()[0]?.type === "open");
    expect(opened).to.have.lengthOf(10);
    expect(hub.openStreams).to.equal(10);
  });

  it("of selectors refuses one more", async () => {
    const { url } = await startTestServer({ maxSelectors: 2 });
    await openFrame(url, "channels=a,b");
    expect(await refusal(url, "channels=a,b,c")).to.include({
      status: 400,
      code: "FF_SELECTOR_INVALID",
    });
  });

  it("of publishes in a second refuses one more with 429, and lets the next in after a while", async () => {
    const { url } = await startTestServer({ publishesPerSecond: 5 });
    const publish = () =>
      fetch(`${url}/channels/a/messages`, {
        method: "POST",
        body: "x",
        headers: { "Content-Type": "text/plain" },
      });
    const answers = await Promise.all(Array.from({ length: 6 }, publish));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).to.deep.equal([201, 201, 201, 201, 201, 429]);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers.get("retry-after")).to.equal("1");
    expect(await refused?.json()).to.have.property("code", "FF_PUBLISH_RATE");
    await within(
      5_000,
      (async () => {
        while ((await publish()).status !== 201);
      })(),
      "room for another publish",
    );
  });

  it("of publishes that wait for the log refuses what is too much now with 503, and what always would be with 413", async () => {
    const { url, hub } = await startTestServer({ maxPendingBytes: 1_024 });
    const message = (bytes: number) => newMessage("a", JSON.stringify("x".repeat(bytes - 2)));
    const waiting = hub.publish({ messages: [message(1_024)] });
    const refused = await hub.publish({ messages: [message(3)] }).catch((error: unknown) => error);
    expect(refused).to.have.property("code", "FF_PUBLISHES_TOO_MANY");
    await waiting;
    const answer = await fetch(`${url}/channels/a/messages`, {
      method: "POST",
      body: JSON.stringify("x".repeat(1_023)),
      headers: { "Content-Type": "application/json" },
    });
    expect(answer.status).to.equal(413);
    expect(await answer.json()).to.have.property("code", "FF_BATCH_TOO_LARGE");
  });

  it("of receipts forgets the oldest", async () => {
    const { url } = await startTestServer({ maxReceipts: 2 });
    const closes: string[] = [];
    for (let n = 0; n < 3; n++) {
      const { open } = await openFrame(url, "channels=a");
      closes.push(`${url}/${open["close"]}`);
      await fetch(closes[n] as string, { method: "POST" });
    }
    const again = await Promise.all(closes.map((close) => fetch(close, { method: "POST" })));
    expect(again.map(({ status }) => status)).to.deep.equal([404, 200, 200]);
  });

  it("of the time for a request's head ends a connection that sends none, with 408", async () => {
    const { url } = await startTestServer({ requestHeadMs: 200, requestBodyMs: 400 });
    const connection = new RawConnection(url);
    connection.socket.write("POST /channels/a/messages HTTP/1.1\r\nHost: localhost\r\n");
    await connection.untilEnded();
    expect(connection.head.status).to.equal(408);
    expect(JSON.parse(connection.rawBody)).to.have.property("code", "FF_REQUEST_TIMEOUT");
  });

  it("of the time for a request's body ends a connection whose body does not come, and stores nothing", async () => {
    const { url } = await startTestServer({ requestHeadMs: 200, requestBodyMs: 400 });
    const connection = new RawConnection(url);
    connection.send(
      "POST /channels/a/messages HTTP/1.1",
      "Host: localhost",
      "Content-Type: text/plain",
      "Content-Length: 10",
    );
    connection.socket.write("half");
    await connection.untilEnded();
    const { messages } = (await (await fetch(`${url}/channels/a/messages`)).json()) as {
      messages: unknown[];
    };
    expect(messages).to.deep.equal([]);
  });

  it("of the time for a request does not end a stream", async () => {
    const { url } = await startTestServer({
      requestHeadMs: 100,
      requestBodyMs: 100,
      heartbeatMs: 3_000,
    });
    const { connection } = await openFrame(url, "channels=a");
    const heartbeat = within(
      6_000,
      new Promise((resolve) => connection.socket.once("data", resolve)),
      "a heartbeat",
    );
    await heartbeat;
    expect(connection.ended).to.equal(false);
  });
});
