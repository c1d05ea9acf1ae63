import { expect } from "chai";
import { EventSource } from "eventsource";
import { closeConnections, publishJson, RawConnection } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

async function openStream(url: string, query: string, headers: readonly string[] = []) {
  const connection = new RawConnection(url);
  connection.send(`GET /stream?${query} HTTP/1.1`, `Host: ${new URL(url).host}`, ...headers);
  await eventually(5_000, () => connection.body.includes("\n\n"), "the first event");
  return connection;
}

const blocks = ({ body }: RawConnection) => body.split("\n\n").slice(0, -1);
const untilBlocks = (connection: RawConnection, count: number) =>
  eventually(
    5_000,
    () => blocks(connection).length >= count && blocks(connection),
    `${count} events`,
  );

describe("server-sent events", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
    removeTemporaryDirectories();
  });

  it("are an id and data for a message, and a name and an id for other events", async () => {
    const { url } = await startTestServer();
    const stream = await openStream(url, "channels=doors&transport=sse");
    expect(stream.head.headers["content-type"]).to.equal("text/event-stream; charset=utf-8");
    expect(stream.head.headers["cache-control"]).to.equal("no-store, no-transform");
    const id = await publishJson(url, "doors", "one\r\ntwo\ndata: three");
    const [open, message] = await untilBlocks(stream, 2);
    expect(open).to.match(/^event: ff-open\nid: [^\n]+\ndata: \{"type":"open"[^\n]*\}$/);
    expect(message).to.match(new RegExp(`^id: ${id}\\ndata: \\{"type":"message"[^\\n]*\\}$`));
  });

  it("are what Accept asks for, where transport does not say otherwise", async () => {
    const { url } = await startTestServer();
    const accept = ["Accept: text/event-stream"];
    const asked = await openStream(url, "channels=doors", accept);
    expect(asked.body).to.match(/^event: ff-open/);
    const told = new RawConnection(url);
    told.send(
      "GET /stream?channels=doors&transport=ndjson HTTP/1.1",
      `Host: ${new URL(url).host}`,
      ...accept,
    );
    await eventually(5_000, () => told.body.startsWith('{"type":"open"'), "the NDJSON");
  });

  it("go on after Last-Event-ID, whatever after and last say", async () => {
    const { url } = await startTestServer();
    const ids: string[] = [];
    for (const n of [0, 1, 2, 3]) ids.push(await publishJson(url, "doors", n));
    for (const query of [`after=${ids[3]}`, "last=1"]) {
      const stream = await openStream(url, `channels=doors&transport=sse&${query}`, [
        `Last-Event-ID: ${ids[1]}`,
      ]);
      const [, first, second] = await untilBlocks(stream, 3);
      expect([first, second].map((block) => /^id: (.*)$/m.exec(block ?? "")?.[1])).to.deep.equal(
        ids.slice(2),
      );
    }
  });

  it("end for good with an id that is answered 204, and a recycled or stopped one with a pause", async () => {
    const { url } = await startTestServer({ retryMs: 5 });
    const stream = await openStream(url, "channels=doors&transport=sse");
    const open = JSON.parse(/^data: (.*)$/m.exec(stream.body)?.[1] ?? "");
    await ask(url, "POST", `/${open.close}`);
    const [, close] = await untilBlocks(stream, 2);
    const id = /^event: ff-close\nid: (\S+)\ndata: /.exec(close ?? "")?.[1];
    expect(id).to.equal(`${open.cursor}.end`);
    expect(close).to.not.contain("retry:");
    const again = await ask(url, "GET", "/stream?channels=doors&transport=sse", {
      headers: { "Last-Event-ID": String(id) },
    });
    expect(again.status).to.equal(204);
    expect(again.text).to.equal("");

    const stopped = await openStream(url, "channels=doors&transport=sse");
    await stopServers();
    const [, shutdown] = await untilBlocks(stopped, 2);
    const retry = Number(/^retry: (\d+)$/m.exec(shutdown ?? "")?.[1]);
    expect(retry).to.be.at.least(1_000);
    expect(shutdown)
      .to.match(/^id: [^\n]*[^d]$/m)
      .and.not.contain(".end");
  });

  it("have a comment as their heartbeat", async () => {
    const { url } = await startTestServer({ heartbeatMs: 60 });
    const stream = await openStream(url, "channels=doors&transport=sse");
    await eventually(5_000, () => stream.body.endsWith(":\n\n"), "a comment");
  });

  it("are refused with a problem document, and a bad Last-Event-ID too", async () => {
    const { url } = await startTestServer();
    const answer = await ask(url, "GET", "/stream?channels=doors&transport=sse", {
      headers: { "Last-Event-ID": "no cursor!" },
    });
    expect(answer.status).to.equal(400);
    expect(answer.json.code).to.equal("FF_CURSOR_INVALID");
  });

  it("reach an EventSource over a restart of the server, each once, until it is ended for good", async function () {
    this.timeout(20_000);
    const data = createTemporaryDirectory();
    const first = await startTestServer({ memory: false, data, retryMs: 10 });
    const port = Number(new URL(first.url).port);
    let requests = 0;
    const source = new EventSource(`${first.url}/stream?channels=doors`, {
      fetch: (input, init) => {
        requests++;
        return fetch(input, init);
      },
    });
    const received: unknown[] = [];
    const closes: unknown[] = [];
    let streamUrl = "";
    source.addEventListener("message", (event) => received.push(JSON.parse(event.data).data));
    source.addEventListener("ff-open", (event) => {
      streamUrl = JSON.parse(event.data).close;
    });
    source.addEventListener("ff-close", (event) => closes.push(JSON.parse(event.data).reason));
    try {
      await eventually(5_000, () => streamUrl !== "", "the stream");
      await publishJson(first.url, "doors", 1);
      await eventually(5_000, () => received.length === 1, "the first message");
      await stopServers();
      const second = await startTestServer({ memory: false, data, port });
      await publishJson(second.url, "doors", 2);
      await eventually(10_000, () => received.length === 2, "the second message");
      expect(received).to.deep.equal([1, 2]);
      await ask(second.url, "POST", `/${streamUrl}`);
      await eventually(10_000, () => source.readyState === EventSource.CLOSED, "its end");
      expect(closes).to.deep.equal(["shutdown", "client"]);
      // The first, the one after the restart, and the one that was answered 204.
      expect(requests).to.equal(3);
    } finally {
      source.close();
    }
  });
});
