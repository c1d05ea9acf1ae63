import { expect } from "chai";
import { closeLineSockets, codesOf, LineSocket, line } from "../support/publish-client.ts";
import { closeConnections, RawConnection } from "../support/raw-http.ts";
import { ask, kept } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually, within } from "../support/within.ts";

describe("a publish connection over a WebSocket", function () {
  this.timeout(20_000);

  afterEach(async () => {
    closeLineSockets();
    closeConnections();
    await stopServers();
  });

  const connect = async (url: string) => {
    const client = new LineSocket(url);
    await client.untilOpen();
    return client;
  };

  it("takes a line a text frame, and answers each with a frame, in order", async () => {
    const { url } = await startTestServer();
    const client = await connect(url);
    for (let n = 0; n < 500; n++) client.socket.send(line("doors", n).trim());
    const ids = (await client.untilAnswers(500)).map(({ id }) => String(id));
    expect(ids).to.deep.equal([...ids].sort());
    expect((await kept(url, "doors")).map(({ data }) => data)).to.deep.equal(
      Array.from({ length: 500 }, (_, n) => n),
    );
  });

  it("takes several lines a frame, a frame in fragments, and an empty one", async () => {
    const { url } = await startTestServer();
    const client = await connect(url);
    client.socket.send("");
    client.socket.send(line("doors", 1) + line("doors", 2));
    const text = line("doors", "\u00e9").trim();
    client.socket.send(text.slice(0, 10), { fin: false });
    client.socket.send(text.slice(10), { fin: true });
    expect(codesOf(await client.untilAnswers(3))).to.deep.equal(["id", "id", "id"]);
    expect((await kept(url, "doors")).at(-1)?.data).to.equal("\u00e9");
  });

  it("refuses a line and goes on; longer answers come whole", async () => {
    const { url } = await startTestServer();
    const client = await connect(url);
    client.socket.send(line("doors,", 1));
    client.socket.send(line("doors", 1));
    expect(codesOf(await client.untilAnswers(2))).to.deep.equal(["FF_CHANNEL_INVALID", "id"]);
  });

  const ENDINGS: readonly (readonly [what: string, frame: string | Buffer, code: string])[] = [
    ["a binary frame", Buffer.from(line("doors", 1)), "FF_BODY_INVALID"],
    ["a frame that is not JSON", '{"channel":', "FF_BODY_INVALID"],
    ["a line that is too long", line("doors", "x".repeat(80_000)), "FF_MESSAGE_TOO_LARGE"],
  ];
  for (const [what, frame, code] of ENDINGS) {
    it(`ends with 1003 behind its error at ${what}`, async () => {
      const { url } = await startTestServer();
      const client = await connect(url);
      client.socket.send(line("doors", 1));
      client.socket.send(frame);
      client.socket.send(line("doors", 2));
      expect(await client.untilClosed()).to.equal(1_003);
      expect(codesOf(client.answers)).to.deep.equal(["id", code]);
      expect(await kept(url, "doors")).to.have.lengthOf(1);
    });
  }

  it("ends with 1007 at a text frame that is not UTF-8, and with 1009 at one that is far too long", async () => {
    const { url } = await startTestServer();
    const client = await connect(url);
    client.socket.send(Buffer.from('{"channel":"doors","data":"\xe9"}', "latin1"), {
      binary: false,
    });
    expect(await client.untilClosed()).to.equal(1_007);
    const other = await connect(url);
    other.socket.send("x".repeat(1_000_000));
    expect(await other.untilClosed()).to.equal(1_009);
    expect(await kept(url, "doors")).to.have.lengthOf(0);
  });

  it("is held back while it does not read its answers, and is cut after stallMs", async () => {
    const { url, hub } = await startTestServer({ stallMs: 1_000, publishesPerSecond: 0 });
    const client = await connect(url);
    client.socket.pause();
    const refused = '{"channel":",","data":1}\n'.repeat(2_000);
    for (let n = 0; n < 400; n++) client.socket.send(refused);
    const { publishConnections: counted } = hub.tally;
    await eventually(10_000, () => counted.closed === 1, "the end of the connection");
    expect(hub.tally.publishLines).to.be.below(400 * 2_000);
  });

  it("answers pings, and ends with 1012 when the server stops", async () => {
    const server = await startTestServer({ drainMs: 10_000 });
    const client = await connect(server.url);
    const pong = new Promise((resolve) => client.socket.once("pong", resolve));
    client.socket.ping();
    await within(5_000, pong, "a pong");
    client.socket.send(line("doors", 1));
    await client.untilAnswers(1);
    await within(3_000, server.drain(), "the server's end");
    expect(await client.untilClosed()).to.equal(1_012);
  });

  it("is counted until it is gone, however it goes", async () => {
    const { url, hub } = await startTestServer();
    const [closed, cut] = [await connect(url), await connect(url)];
    closed.socket.close();
    cut.socket.terminate();
    const { publishConnections: counted } = hub.tally;
    await eventually(5_000, () => counted.closed === 2, "the end of both");
    expect(counted.opened).to.equal(2);
  });

  it("is refused with 400 where the handshake is incomplete", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    const { host } = new URL(url);
    connection.send(
      "GET /publish HTTP/1.1",
      `Host: ${host}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
    );
    await connection.untilEnded();
    expect(connection.head.status).to.equal(400);
    expect((await ask(url, "GET", "/livez")).status).to.equal(200);
  });
});
