import { expect } from "chai";
import { closeConnections, openFrame, publishJson, RawConnection } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { killProcesses, startServeProcess } from "../support/serve-process.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { eventually, within } from "../support/within.ts";

/** More than the kernel holds for a connection that nobody reads. */
async function publishMuch(url: string): Promise<void> {
  for (let n = 0; n < 10; n++) {
    await ask(url, "POST", "/channels/a/messages", {
      headers: { "Content-Type": "application/x-ndjson" },
      body: Array.from({ length: 50 }, () => `"${"x".repeat(60_000)}"`).join("\n"),
    });
  }
}

describe("a server that gets SIGTERM", function () {
  this.timeout(30_000);

  afterEach(() => {
    closeConnections();
    killProcesses();
    removeTemporaryDirectories();
  });

  it("tells every stream shutdown with a retryMs of its own, finishes them, and exits with 0", async () => {
    const { process: server, url } = await startServeProcess(["--memory", "--retry-ms", "4000"]);
    const streams = await Promise.all(
      Array.from({ length: 30 }, () => openFrame(url, "channels=doors")),
    );
    server.kill("SIGTERM");
    const { code, stderr } = await within(5_000, server.outcome, "the end of the server");
    expect(code, stderr).to.equal(0);
    const closes = streams.map(({ connection }) => connection.frameEvents().at(-1));
    for (const close of closes)
      expect(close).to.include({ type: "close", reason: "shutdown", reconnect: true });
    for (const { connection } of streams) {
      expect(connection.rawBody.endsWith("</body></html>\r\n0\r\n\r\n")).to.equal(true);
    }
    const pauses = closes.map((close) => Number(close?.["retryMs"]));
    for (const pause of pauses) expect(pause).to.be.within(2_000, 6_000);
    expect(new Set(pauses).size, "different pauses").to.be.above(20);
  });

  it("finishes the publish that is under way, and refuses a new stream on a connection that it has with 503", async () => {
    const data = createTemporaryDirectory();
    const { process: server, url } = await startServeProcess(["--data", data]);
    // Unread, so that the drain waits for it up to a second.
    const stuck = await openFrame(url, "channels=a&transport=frame");
    stuck.connection.socket.pause();
    const publisher = new RawConnection(url);
    publisher.send(
      "POST /channels/doors/messages HTTP/1.1",
      "Host: localhost",
      "Content-Type: text/plain",
      "Content-Length: 8",
    );
    const late = new RawConnection(url);
    late.socket.write("GET /stream?channels=a HTTP/1.1\r\n");
    await eventually(
      2_000,
      async () => (await ask(url, "GET", "/healthz")).status === 200,
      "an answer",
    );
    server.kill("SIGTERM");
    await eventually(5_000, () => server.stderr.includes("draining"), "the drain");
    late.socket.write("Host: localhost\r\n\r\n");
    publisher.socket.write("in time!");
    const { code } = await within(12_000, server.outcome, "the end of the server");
    expect(code).to.equal(0);
    await eventually(2_000, () => publisher.head.status === 201, "the answer to the publish");
    const { id } = JSON.parse(publisher.rawBody);
    expect(late.head.status).to.equal(503);
    expect(late.head.headers["retry-after"]).to.equal("5");
    expect(late.frameEvents()[0]).to.include({
      type: "error",
      code: "FF_DRAINING",
      reconnect: true,
    });

    const second = await startServeProcess(["--data", data]);
    const { json } = await ask(second.url, "GET", "/channels/doors/messages");
    expect(json.messages.map((message: { id: string }) => message.id)).to.deep.equal([id]);
  });

  it("ends within drainMs while a client neither reads nor leaves, and while a request does not end", async () => {
    const { process: server, url } = await startServeProcess(["--memory", "--drain-ms", "1500"]);
    const { connection } = await openFrame(url, "channels=a");
    connection.socket.pause();
    await publishMuch(url);
    const half = new RawConnection(url);
    half.send(
      "POST /channels/a/messages HTTP/1.1",
      "Host: localhost",
      "Content-Type: text/plain",
      "Content-Length: 9",
    );
    await ask(url, "GET", "/healthz");
    const started = performance.now();
    server.kill("SIGTERM");
    const { code } = await within(5_000, server.outcome, "the end of the server");
    expect(code).to.equal(0);
    expect(performance.now() - started).to.be.below(3_500);
  });

  it("does not wait for the last bytes of a stream beyond drainMs", async () => {
    const { process: server, url } = await startServeProcess(["--memory", "--drain-ms", "300"]);
    const { connection } = await openFrame(url, "channels=a");
    connection.socket.pause();
    await publishMuch(url);
    const started = performance.now();
    server.kill("SIGTERM");
    await within(5_000, server.outcome, "the end of the server");
    // Without the limit, a stream that has ended is given a second.
    expect(performance.now() - started).to.be.below(950);
  });

  it("ends soon when a stream's connection was cut for a second request on it, and another has had none", async () => {
    const { process: server, url } = await startServeProcess(["--memory", "--drain-ms", "30000"]);
    const connection = new RawConnection(url);
    connection.send(
      "GET /stream?channels=a HTTP/1.1",
      "Host: localhost",
      "",
      "GET /healthz HTTP/1.1",
      "Host: localhost",
    );
    await connection.untilEnded();
    const { connection: open } = await openFrame(url, "channels=a");
    const silent = new RawConnection(url);
    await eventually(2_000, () => !silent.socket.connecting, "a connection without a request");
    server.kill("SIGTERM");
    const { code } = await within(5_000, server.outcome, "the end of the server");
    expect(code).to.equal(0);
    expect(open.frameEvents().at(-1)).to.include({ reason: "shutdown" });
  });

  it("ends at once at a second signal", async () => {
    const { process: server, url } = await startServeProcess(["--memory", "--drain-ms", "60000"]);
    const half = new RawConnection(url);
    half.send(
      "POST /channels/a/messages HTTP/1.1",
      "Host: localhost",
      "Content-Type: text/plain",
      "Content-Length: 9",
    );
    await ask(url, "GET", "/healthz");
    server.kill("SIGTERM");
    await eventually(5_000, () => server.stderr.includes("draining"), "the drain");
    server.kill("SIGTERM");
    const { signal } = await within(2_000, server.outcome, "the end of the server");
    expect(signal).to.equal("SIGTERM");
  });

  it("ends at once at a second signal also while the log is written, and has what it answered", async () => {
    const data = createTemporaryDirectory();
    const { process: server, url } = await startServeProcess(["--data", data]);
    const answered: string[] = [];
    const publishers = Promise.allSettled(
      Array.from({ length: 16 }, async () => {
        for (;;) answered.push(await publishJson(url, "doors", "x"));
      }),
    );
    await eventually(5_000, () => answered.length > 200, "200 publishes");
    server.kill("SIGTERM");
    server.kill("SIGINT"); // another, since two of the same may become one
    await within(2_000, server.outcome, "the end of the server");
    await publishers;
    const again = await startServeProcess(["--data", data]);
    const { json } = await ask(again.url, "GET", "/channels/doors/messages?limit=1000");
    const stored = json.messages.map(({ id }: { id: string }) => id);
    expect(answered.filter((id) => !stored.includes(id))).to.deep.equal([]);
  });

  it("loses no message that it answered 201 while it stopped", async () => {
    const data = createTemporaryDirectory();
    const { process: server, url } = await startServeProcess([
      "--data",
      data,
      "--retain-messages",
      "100000",
    ]);
    const answered: string[] = [];
    const publishers = Promise.allSettled(
      Array.from({ length: 8 }, async () => {
        for (;;) answered.push(await publishJson(url, "doors", "x"));
      }),
    );
    await eventually(5_000, () => answered.length > 200, "200 publishes");
    server.kill("SIGTERM");
    await within(12_000, server.outcome, "the end of the server");
    await publishers;
    const second = await startServeProcess(["--data", data, "--retain-messages", "100000"]);
    const kept = new Set<string>();
    for (let after = "earliest"; ; ) {
      const { json } = await ask(
        second.url,
        "GET",
        `/channels/doors/messages?limit=1000&after=${after}`,
      );
      if (json.messages.length === 0) break;
      for (const { id } of json.messages) kept.add(id);
      after = json.cursor;
    }
    expect(answered.filter((id) => !kept.has(id))).to.deep.equal([]);
  });
});
