import { once } from "node:events";
import { connect as connectPlain } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { expect } from "chai";
import { pino } from "pino";
import { startServer } from "../../src/server.ts";
import { defaultConfig } from "../../src/settings/config.ts";
import { readTlsPair } from "../../src/tls/tls-pair.ts";
import { closeConnections, openFrame, publishJson, RawConnection } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { makeCertificate, TEST_TLS, trustTestCertificate } from "../support/test-certificate.ts";
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
import { eventually, within } from "../support/within.ts";

/** The beginning of a ClientHello: cut anywhere, it is one that is under way. */
const HELLO = Buffer.from(`1603010200010001fc0303${"5a".repeat(32)}20${"a5".repeat(32)}`, "hex");

describe("a server with TLS", function () {
  this.timeout(30_000);
  let distrust = () => {};
  const sockets = new Set<TLSSocket>();

  before(() => {
    distrust = trustTestCertificate();
  });
  afterEach(async () => {
    closeConnections();
    destroyClients();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await stopServers();
  });
  after(() => {
    distrust();
    removeTemporaryDirectories();
  });

  const start = (overrides = {}) => startTestServer({ ...TEST_TLS, ...overrides });
  /** Shake hands, or tell why that has failed. */
  const shake = async (url: string, options: ConnectionOptions = {}) => {
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port), ...options });
    sockets.add(socket);
    await within(5_000, once(socket, "secureConnect"), "the handshake");
    return socket;
  };
  const plain = (url: string) => new RawConnection(url.replace("https:", "http:"));

  it("says https in its address, and speaks TLS from 1.2 on", async () => {
    const { url } = await start();
    expect(url).to.match(/^https:\/\/127\.0\.0\.1:\d+$/);
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const socket = await shake(url, { minVersion: version, maxVersion: version });
      expect(socket.getProtocol()).to.equal(version);
    }
    const old = {
      minVersion: "TLSv1.1",
      maxVersion: "TLSv1.1",
      ciphers: "ALL:@SECLEVEL=0",
    } as const;
    const fault = await shake(url, old).then(() => null, String);
    expect(fault).to.match(/alert protocol version/);
  });

  it("offers HTTP/1.1 and no HTTP/2, and knows clients that ask for neither", async () => {
    const { url } = await start();
    const both = await shake(url, { ALPNProtocols: ["h2", "http/1.1"] });
    expect(both.alpnProtocol).to.equal("http/1.1");
    expect((await shake(url)).alpnProtocol).to.equal(false);
    const fault = await shake(url, { ALPNProtocols: ["h2"] }).then(() => null, String);
    expect(fault).to.match(/no application protocol/);
  });

  it("lets no client begin the handshake anew on its connection", async () => {
    const { url } = await start();
    const socket = await shake(url, { maxVersion: "TLSv1.2" });
    const refused = once(socket, "error");
    socket.renegotiate({}, () => {});
    const [fault] = await within(5_000, refused, "the refusal");
    expect(String(fault)).to.match(/no renegotiation/);
  });

  it("answers plain HTTP that it speaks HTTPS, and logs it once however often it comes", async () => {
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => void lines.push(line) });
    const config = defaultConfig({ port: 0, memory: true, ...TEST_TLS });
    const server = await startServer(config, logger);
    try {
      for (const method of ["GET", "POST", "GET", "HEAD"]) {
        const connection = plain(server.url);
        connection.send(`${method} /healthz HTTP/1.1`, "Host: localhost");
        await connection.untilEnded();
        expect(connection.head.status).to.equal(400);
        expect(connection.body).to.include("https://");
      }
      expect(lines.filter((line) => line.includes("plain HTTP"))).to.have.lengthOf(1);
      expect(lines).to.have.lengthOf(1);
    } finally {
      await server.drain();
    }
  });

  it("cuts a handshake that does not end, in the time for a request's head", async () => {
    const { url } = await start({ requestHeadMs: 300 });
    const silent = plain(url);
    const half = plain(url);
    half.socket.write(HELLO);
    await Promise.all([silent.untilEnded(), half.untilEnded()]);
    expect([silent.received, half.received]).to.deep.equal(["", ""]);
  });

  it("does not wait for a client that goes in the middle of the handshake", async () => {
    const { url } = await start({ requestHeadMs: 60_000 });
    const half = plain(url);
    half.socket.end(HELLO);
    await half.untilEnded();
  });

  it("takes a reset at each moment of the handshake, and serves others", async () => {
    const { url } = await start();
    for (let bytes = 0; bytes <= HELLO.length; bytes += 5) {
      const { socket } = plain(url);
      await once(socket, "connect");
      socket.write(HELLO.subarray(0, bytes));
      socket.resetAndDestroy();
    }
    for (const garbage of ["\0".repeat(100), "\x16\x03\x01\xff\xff".repeat(50), "SSH-2.0-x\r\n"])
      plain(url).socket.write(garbage, "latin1");
    // After the client's last word, which the server may not have heard yet.
    for (let n = 0; n < 20; n++) {
      const raw = connectPlain({ host: "127.0.0.1", port: Number(new URL(url).port) });
      (await shake(url, { socket: raw })).on("error", () => {});
      raw.resetAndDestroy();
    }
    expect((await ask(url, "GET", "/healthz")).status).to.equal(200);
  });

  it("drains at once when handshakes are under way", async () => {
    const server = await start({ drainMs: 20_000 });
    const half = plain(server.url);
    half.socket.write(HELLO);
    await once(half.socket, "connect");
    expect((await ask(server.url, "GET", "/healthz")).status).to.equal(200);
    await within(5_000, server.drain(), "the end of the drain");
    await half.untilEnded();
  });

  it("still answers a client that has ended its half", async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    const raw = connectPlain({ host: "127.0.0.1", port, allowHalfOpen: true });
    const socket = await shake(url, { socket: raw });
    let received = "";
    socket.on("data", (data) => {
      received += data;
    });
    // The last is answered some turns after the first.
    const request = "GET /channels/a/messages HTTP/1.1\r\nHost: localhost\r\n\r\n";
    socket.end(request.repeat(10));
    await within(5_000, once(socket, "end"), "the server's end");
    expect(received.match(/HTTP\/1\.1 200 /g)).to.have.lengthOf(10);
  });

  it("answers requests that offer another protocol, and those behind them", async () => {
    const { url } = await start();
    const connection = new RawConnection(url);
    const offer = ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAA"];
    connection.send("GET /healthz HTTP/1.1", "Host: localhost", ...offer);
    connection.send("GET /healthz HTTP/1.1", "Host: localhost", ...offer);
    connection.send("GET /healthz HTTP/1.1", "Host: localhost");
    await eventually(
      5_000,
      () => connection.received.match(/HTTP\/1\.1 200/g)?.length === 3,
      () => `three answers; so far: ${connection.received}`,
    );
  });

  for (const transport of [FRAME, NDJSON, SSE, WEBSOCKET]) {
    it(`gives messages of every size as they are, by ${transport.name}`, async () => {
      const { url } = await start({ maxMessageBytes: 8_388_608, recycleBytes: 0 });
      const client = await openTransport(transport, url, "channels=a");
      // Around the size of the pieces that are encrypted at once, and far above it.
      const sizes = [1, 65_200, 65_535, 65_536, 65_537, 131_072, 2, 5_000_000, 3, 200_000];
      const texts = sizes.map((size, n) => String.fromCharCode(97 + n).repeat(size));
      for (const text of texts) void publishJson(url, "a", text);
      await untilEvents(client, (events) => events.length > sizes.length, "all messages");
      const data = client.events.slice(1).map((event) => String(event["data"]));
      const told = (values: readonly string[]) =>
        values.map((value) => `${value[0]} ${value.length} ${new Set(value).size}`).sort();
      expect(told(data)).to.deep.equal(told(texts));
    });
  }

  it("gives a large answer whole to who reads it slowly", async () => {
    const { url } = await start({ maxMessageBytes: 8_388_608 });
    await publishJson(url, "a", "x".repeat(8_000_000));
    const connection = new RawConnection(url);
    connection.send("GET /channels/a/messages HTTP/1.1", "Host: localhost", "Connection: close");
    for (let n = 0; n < 20; n++) {
      connection.socket.pause();
      await new Promise((resolve) => setTimeout(resolve, 10));
      connection.socket.resume();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await connection.untilEnded();
    expect(JSON.parse(connection.body).messages[0].data).to.have.lengthOf(8_000_000);
  });

  it("speaks by a new pair at once, and leaves open streams as they are", async () => {
    const server = await start();
    const { url } = server;
    const nameOf = async () => (await shake(url)).getPeerCertificate().subject.CN;
    const { connection } = await openFrame(url, "channels=a");
    expect(await nameOf()).to.equal("localhost");
    server.useTls(await readTlsPair(makeCertificate({ name: "push.example" })));
    expect(await nameOf()).to.equal("push.example");
    await publishJson(url, "a", 1);
    await connection.untilEvents((events) => events.at(-1)?.["data"] === 1, "the message");
    const old = {
      minVersion: "TLSv1.1",
      maxVersion: "TLSv1.1",
      ciphers: "ALL:@SECLEVEL=0",
    } as const;
    expect(await shake(url, old).then(() => null, String)).to.match(/alert protocol version/);
  });

  it("counts a connection until it is closed, and forgets it then", async () => {
    const { url, hub } = await start({ maxStreamsPerAddress: 5, maxStreams: 10 });
    for (let round = 0; round < 4; round++) {
      const frames = [];
      for (let n = 0; n < 5; n++) frames.push(await openFrame(url, "channels=a"));
      for (const { connection } of frames) connection.destroy();
      await eventually(5_000, () => hub.openStreams === 0, "their end");
    }
  });

  it("ends a stream whose client is gone without a word of TLS", async () => {
    const { url, hub } = await start();
    const raw = connectPlain({ host: "127.0.0.1", port: Number(new URL(url).port) });
    const socket = connect({ socket: raw });
    sockets.add(socket);
    socket.on("error", () => {});
    socket.write("GET /stream?channels=a HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await eventually(5_000, () => hub.openStreams === 1, "the stream");
    raw.resetAndDestroy();
    await eventually(5_000, () => hub.openStreams === 0, "its end");
  });
});
