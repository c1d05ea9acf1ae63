import type { IncomingMessage } from "node:http";
import { expect } from "chai";
import { WebSocket } from "ws";
import { closeConnections, publishJson, RawConnection } from "../support/raw-http.ts";
import { ask } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually, within } from "../support/within.ts";

const sockets = new Set<WebSocket>();

function connect(url: string, query: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/stream?${query}`, { headers });
  const events: { readonly type: string; readonly [member: string]: unknown }[] = [];
  let code: number | null = null;
  socket.on("message", (data, isBinary) => {
    expect(isBinary).to.equal(false);
    events.push(JSON.parse(String(data)));
  });
  socket.on("close", (closeCode) => {
    code = closeCode;
  });
  socket.on("error", () => {});
  sockets.add(socket);
  return {
    socket,
    events,
    untilOpen: () => eventually(5_000, () => events.length > 0, "the open event"),
    untilClosed: () => eventually(5_000, () => code !== null && [code], "the end"),
  };
}

/** What a refused handshake is answered. */
async function refusal(url: string, query: string, headers: Record<string, string> = {}) {
  const { socket } = connect(url, query, headers);
  const response = await within(
    5_000,
    new Promise<IncomingMessage>((resolve) =>
      socket.once("unexpected-response", (_request, answer) => resolve(answer)),
    ),
    "a refusal",
  );
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return {
    status: response.statusCode,
    type: response.headers["content-type"],
    problem: JSON.parse(Buffer.concat(parts).toString()),
  };
}

describe("a WebSocket stream", () => {
  afterEach(async () => {
    for (const socket of sockets) socket.terminate();
    sockets.clear();
    closeConnections();
    await stopServers();
  });

  it("is chosen by the upgrade alone, and ends with code 1000 when its client says so", async () => {
    const { url, hub } = await startTestServer();
    const client = connect(url, "channels=doors");
    await client.untilOpen();
    client.socket.send('{"type":"close"}');
    expect(await client.untilClosed()).to.deep.equal([1_000]);
    expect(client.events.at(-1)).to.include({ type: "close", reason: "client", reconnect: false });
    expect(hub.openStreams).to.equal(0);
  });

  it("does not mind events of types that it does not know", async () => {
    const { url } = await startTestServer();
    const client = connect(url, "channels=doors&transport=ws");
    await client.untilOpen();
    client.socket.send('{"type":"hello"}');
    client.socket.ping();
    await publishJson(url, "doors", 1);
    await eventually(5_000, () => client.events.length === 2, "the message");
  });

  const garbage: readonly (readonly [string, string | Buffer])[] = [
    ["a binary frame", Buffer.from('{"type":"close"}')],
    ["text that is no JSON", "close, please"],
    ["JSON that is no event", "[]"],
    ["a frame of more than 4 KiB", `{"type":"${"x".repeat(4_096)}"}`],
  ];
  for (const [what, data] of garbage) {
    it(`is ended by ${what}, and no other is`, async () => {
      const { url, hub } = await startTestServer();
      const client = connect(url, "channels=doors");
      const other = connect(url, "channels=doors");
      await client.untilOpen();
      await other.untilOpen();
      client.socket.send(data);
      await client.untilClosed();
      await eventually(5_000, () => hub.openStreams === 1, "one stream");
      await publishJson(url, "doors", 1);
      await eventually(5_000, () => other.events.length === 2, "the other's message");
    });
  }

  it("takes a frame of exactly 4 KiB", async () => {
    const { url } = await startTestServer();
    const client = connect(url, "channels=doors");
    await client.untilOpen();
    const text = JSON.stringify({ type: "x".repeat(4_096 - 11) });
    expect(text.length).to.equal(4_096);
    client.socket.send(text);
    await publishJson(url, "doors", 1);
    await eventually(5_000, () => client.events.length === 2, "the message");
  });

  it("has an event as its heartbeat, which a page can see", async () => {
    const { url } = await startTestServer({ heartbeatMs: 60 });
    const client = connect(url, "channels=doors");
    await eventually(
      5_000,
      () => client.events.some(({ type }) => type === "heartbeat"),
      "a heartbeat",
    );
  });

  for (const [query, headers, status, code] of [
    ["channels=a..b", {}, 400, "FF_SELECTOR_INVALID"],
    ["channels=doors&transport=flash", {}, 400, "FF_TRANSPORT_UNKNOWN"],
    ["channels=doors", { Origin: "http://evil.example" }, 403, "FF_ORIGIN_REFUSED"],
    ["channels=doors", { Host: "evil.example" }, 403, "FF_HOST_REFUSED"],
  ] as const) {
    it(`is refused with ${code} before the upgrade for ${query} ${JSON.stringify(headers)}`, async () => {
      const { url, hub } = await startTestServer();
      const { status: seen, type, problem } = await refusal(url, query, headers);
      expect(seen).to.equal(status);
      expect(type).to.match(/^application\/problem\+json/);
      expect(problem).to.include({ code, status });
      expect(hub.openStreams).to.equal(0);
    });
  }

  for (const [name, value] of [
    ["Sec-WebSocket-Version", "7"],
    ["Sec-WebSocket-Key", "too short"],
  ] as const) {
    it(`is refused for the ${name} "${value}", and told the version that is spoken`, async () => {
      const { url, hub } = await startTestServer();
      const connection = new RawConnection(url);
      const headers = {
        Host: new URL(url).host,
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        [name]: value,
      };
      connection.send(
        "GET /stream?channels=doors HTTP/1.1",
        ...Object.entries(headers).map((header) => header.join(": ")),
      );
      await connection.untilEnded();
      expect(connection.head.status).to.equal(400);
      expect(connection.head.headers["sec-websocket-version"]).to.equal("13");
      expect(connection.body).to.contain("FF_REQUEST_INVALID");
      expect(hub.openStreams).to.equal(0);
    });
  }

  it("is refused when the server is full, and let in by a page of its own or an allowed origin", async () => {
    const { url } = await startTestServer({
      maxStreams: 2,
      allowedOrigins: ["https://pages.example"],
    });
    const own = connect(url, "channels=doors", { Origin: url });
    const allowed = connect(url, "channels=doors", { Origin: "https://pages.example" });
    await own.untilOpen();
    await allowed.untilOpen();
    expect(await refusal(url, "channels=doors")).to.include({ status: 503 });
  });

  it("needs an upgrade, and says so", async () => {
    const { url } = await startTestServer();
    const answer = await ask(url, "GET", "/stream?channels=doors&transport=ws");
    expect(answer.status).to.equal(426);
    expect(answer.headers["upgrade"]).to.equal("websocket");
    expect(answer.json.code).to.equal("FF_UPGRADE_REQUIRED");
  });

  it("ends with its socket when that is cut", async () => {
    const { url, hub } = await startTestServer();
    const client = connect(url, "channels=doors");
    await client.untilOpen();
    client.socket.terminate();
    await eventually(5_000, () => hub.openStreams === 0, "no stream");
  });
});

describe("an offer to upgrade to something else", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("is ignored: the request is answered as any other, and the connection goes on", async () => {
    const { url } = await startTestServer();
    const { host } = new URL(url);
    const connection = new RawConnection(url);
    const offer = [
      "Connection: Upgrade, HTTP2-Settings",
      "Upgrade: h2c",
      "HTTP2-Settings: AAMAAABk",
    ];
    connection.send("GET /healthz HTTP/1.1", `Host: ${host}`, ...offer);
    await eventually(5_000, () => connection.received.includes("\r\n\r\n"), "the first answer");
    expect(connection.received).to.match(/^HTTP\/1\.1 200 OK/);
    connection.socket.write(
      [
        "POST /channels/doors/messages HTTP/1.1",
        `Host: ${host}`,
        "Content-Type: application/json",
        "Content-Length: 9",
        ...offer,
        "",
        '{"vid":7}',
      ].join("\r\n"),
    );
    await eventually(
      5_000,
      () => connection.received.includes("HTTP/1.1 201"),
      "the second answer",
    );
    const read = await ask(url, "GET", "/channels/doors/messages");
    expect(read.json.messages[0].data).to.deep.equal({ vid: 7 });
  });
});
