import { expect } from "chai";
import { codesOf, LineClient, line } from "../support/publish-client.ts";
import { closeConnections } from "../support/raw-http.ts";
import { ask, expectProblem, kept } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

/** Send lines until the server has stopped reading, or all of them. Returns how many bytes went. */
async function flood(client: LineClient, text: string, bytes: number): Promise<number> {
  const { socket } = client.connection;
  const piece = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)));
  let last = -1;
  for (let sent = 0; sent < bytes; sent += piece.length) {
    socket.write(`${piece.length.toString(16)}\r\n`);
    socket.write(piece);
    if (socket.write("\r\n")) continue;
    last = socket.bytesWritten;
    const drained = await Promise.race([
      new Promise<boolean>((resolve) => socket.once("drain", () => resolve(true))),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 400)),
    ]);
    if (!drained) break;
  }
  return last < 0 ? bytes : socket.bytesWritten - socket.writableLength;
}

describe("the limits of a publish connection", function () {
  this.timeout(20_000);

  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  const refused = '{"channel":",","data":1}\n';

  it("hold a client back that does not read its answers, and cut it after stallMs", async () => {
    const { url, hub } = await startTestServer({ stallMs: 2_000, publishesPerSecond: 0 });
    const client = new LineClient(url);
    client.write(line("doors", 1));
    await client.untilAnswers(1);
    client.connection.socket.pause();
    const sent = await flood(client, refused, 200_000_000);
    expect(sent).to.be.below(50_000_000);
    expect(hub.tally.publishLines * refused.length).to.be.below(50_000_000);
    const { publishConnections: counted } = hub.tally;
    await eventually(8_000, () => counted.closed === 1, "the end of the connection");
  });

  it("spare a client that reads its answers slowly", async () => {
    const { url, hub } = await startTestServer({ stallMs: 500, publishesPerSecond: 0 });
    const client = new LineClient(url);
    client.connection.socket.pause();
    for (let n = 0; n < 40; n++) client.write(refused.repeat(1_000));
    client.end();
    const reading = setInterval(() => {
      client.connection.socket.resume();
      setTimeout(() => client.connection.socket.pause(), 20);
    }, 100);
    try {
      expect(await client.untilComplete(15_000)).to.have.lengthOf(40_000);
    } finally {
      clearInterval(reading);
    }
    expect(hub.tally.publishConnections.closed).to.equal(1);
  });

  it("refuse lines beyond --publishes-per-second, one by one, and say when to come back", async () => {
    const { url } = await startTestServer({ publishesPerSecond: 5 });
    const client = new LineClient(url);
    client.write(Array.from({ length: 8 }, (_, n) => line("doors", n)).join(""));
    const answers = await client.untilAnswers(8);
    expect(codesOf(answers)).to.deep.equal([
      ...new Array(5).fill("id"),
      ...new Array(3).fill("FF_PUBLISH_RATE"),
    ]);
    expect(answers[7]?.error).to.include({ status: 429, retryAfter: 1 });
    const publish = await ask(url, "POST", "/channels/doors/messages", {
      headers: { "Content-Type": "application/json" },
      body: "1",
    });
    expectProblem(publish, 429, "FF_PUBLISH_RATE");
  });

  it("hold lines back, and refuse none, while much waits for the log", async () => {
    const { url } = await startTestServer({ maxPendingBytes: 20_000, publishesPerSecond: 0 });
    const client = new LineClient(url);
    const data = "x".repeat(1_000);
    client.write(Array.from({ length: 500 }, () => line("doors", data)).join(""));
    client.end();
    expect(new Set(codesOf(await client.untilComplete()))).to.deep.equal(new Set(["id"]));
    expect(await kept(url, "doors")).to.have.lengthOf(500);
  });

  it("refuse a line that could never wait for the log", async () => {
    const { url } = await startTestServer({ maxPendingBytes: 1_024 });
    const client = new LineClient(url);
    client.write(line("doors", "x".repeat(1_022)) + line("doors", "x".repeat(1_023)));
    expect(codesOf(await client.untilAnswers(2))).to.deep.equal(["id", "FF_BATCH_TOO_LARGE"]);
  });

  it("answer FF_CHANNELS_TOO_MANY and FF_LOG_FULL to the lines that meet them", async () => {
    const { url } = await startTestServer({ maxChannels: 1, maxLogBytes: 2_000 });
    const client = new LineClient(url);
    client.write(line("a", 1) + line("b", 1) + line("a", "x".repeat(2_000)) + line("a", 2));
    const answers = await client.untilAnswers(4);
    expect(codesOf(answers)).to.deep.equal(["id", "FF_CHANNELS_TOO_MANY", "FF_LOG_FULL", "id"]);
    expect(answers[2]?.error).to.include({ status: 503, retryAfter: 5 });
  });

  it("are as many connections as --max-publish-connections, unless one has published nothing", async () => {
    const { url, hub } = await startTestServer({ maxPublishConnections: 2 });
    const clients = [new LineClient(url), new LineClient(url)];
    for (const client of clients) {
      client.write(line("doors", 1));
      await client.untilAnswers(1);
    }
    const one = () => ask(url, "POST", "/publish", { body: line("doors", 2) });
    expectProblem(await one(), 503, "FF_PUBLISH_CONNECTIONS_TOO_MANY");
    clients[0]?.connection.destroy();
    await eventually(5_000, () => hub.tally.publishConnections.closed === 1, "the end of one");
    const idle = new LineClient(url);
    await eventually(5_000, () => idle.connection.received !== "", "the third");
    expect((await one()).status).to.equal(200);
    await idle.connection.untilEnded();
    clients[1]?.write(line("doors", 3));
    await clients[1]?.untilAnswers(2);
  });

  it("leave the time of a whole request aside: it may have no end", async () => {
    const { url } = await startTestServer({ requestBodyMs: 200, requestHeadMs: 200 });
    const client = new LineClient(url);
    const began = performance.now();
    for (let n = 1; performance.now() - began < 2_600; n++) {
      client.write(line("doors", n));
      await client.untilAnswers(n);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(client.isComplete).to.equal(false);
  });
});
