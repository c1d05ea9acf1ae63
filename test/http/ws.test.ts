import type { IncomingMessage } from "node:http";
import { expect } from "chai";
import { WebSocket } from "ws";
import { closeConnections, publishJson, RawConnection } from "../support/raw-http.ts";
import { ask, expectProblem } from "../support/request.ts";
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
  const text = Buffer.concat(parts).toString();
  const { statusCode: status = 0, headers: answered } = response;
  return { status, headers: answered, text, json: JSON.parse(text) };
}

const UPGRADE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** A handshake with headers of the test's own. */
function shakeHands(url: string, path: string, headers: Record<string, string> = {}) {
  const connection = new RawConnection(url);
  const lines = Object.entries({ Host: new URL(url).host, ...UPGRADE, ...headers });
  connection.send(`GET ${path} HTTP/1.1`, ...lines.map((header) => header.join(": ")));
  return connection;
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
    const seen = client.events.length;
    await publishJson(url, "doors", "too late");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(client.events).to.have.lengthOf(seen);
  });

  it("is given what was published before its client ended it, and its receipt says so", async () => {
    const { url } = await startTestServer();
    const client = connect(url, "channels=doors&transport=ws");
    await client.untilOpen();
    const id = await publishJson(url, "doors", 1);
    await eventually(5_000, () => client.events.length === 2, "the message");
    client.socket.send('{"type":"close"}');
    expect(await client.untilClosed()).to.deep.equal([1_000]);
    const close = { type: "close", reason: "client", reconnect: false, retryMs: 0, cursor: id };
    expect(client.events.slice(2)).to.deep.equal([close]);
    const receipt = await ask(url, "POST", `/${client.events[0]?.["close"]}`);
    expect(receipt.json).to.include({ closed: true, reason: "client", messages: 1, cursor: id });
  });

  it("hears the reason of its end before its socket is closed", async () => {
    const { url, adminToken } = await startTestServer();
    const client = connect(url, "channels=doors");
    await client.untilOpen();
    const headers = { Authorization: `Bearer ${adminToken}` };
    await ask(url, "POST", "/channels/doors/close", { headers });
    await client.untilClosed();
    expect(client.events.at(-1)).to.include({ type: "close", reason: "admin", reconnect: false });
  });

  it("is not compressed, though its client offers to", async () => {
    const { url } = await startTestServer();
    const client = connect(url, "channels=doors");
    await client.untilOpen();
    expect(client.socket.extensions).to.equal("");
  });

  it("does not mind events of types that it does not know", async () => {
    const { url } = await startTestServer();
    const client = connect(url, "channels=doors&transport=ws");
    await client.untilOpen();
    client.socket.send('{"type":"hello"}');
    client.socket.send('{"type":"closed","then":{"type":"close"}}');
    client.socket.ping();
    await publishJson(url, "doors", 1);
    await eventually(5_000, () => client.events.length === 2, "the message");
  });

  const garbage: readonly (readonly [string, string | Buffer, object?])[] = [
    ["a binary frame", Buffer.from('{"type":"close"}')],
    ["text that is no JSON", "close, please"],
    ["text that is empty", ""],
    ["text that is not UTF-8", Buffer.from('{"type":"\xff"}', "latin1"), { binary: false }],
    ["JSON that is a list", "[]"],
    ["JSON that is null", "null"],
    ["JSON without a type", '{"close":true}'],
    ["JSON whose type is a number", '{"type":7}'],
    ["a frame of 4 KiB and one byte", `{"type":"${"x".repeat(4_097 - 11)}"}`],
    ["a frame of over 4 KiB in fewer characters", `{"type":"${"\u20ac".repeat(2_000)}"}`],
  ];
  for (const [what, data, options = {}] of garbage) {
    it(`is ended by ${what}, and no other is`, async () => {
      const { url, hub } = await startTestServer();
      const client = connect(url, "channels=doors");
      const other = connect(url, "channels=doors");
      await client.untilOpen();
      await other.untilOpen();
      client.socket.send(data, options);
      await client.untilClosed();
      await eventually(5_000, () => hub.openStreams === 1, "one stream");
      await publishJson(url, "doors", 1);
      await eventually(5_000, () => other.events.length === 2, "the other's message");
    });
  }

  it("is ended by a message of over 4 KiB in several frames", async () => {
    const { url, hub } = await startTestServer();
    const client = connect(url, "channels=doors");
    await client.untilOpen();
    client.socket.send('{"type":"', { fin: false });
    client.socket.send("x".repeat(3_000), { fin: false });
    client.socket.send(`${"x".repeat(3_000)}"}`, { fin: true });
    await client.untilClosed();
    await eventually(5_000, () => hub.openStreams === 0, "no stream");
  });

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
    ["transport=ws", {}, 400, "FF_SELECTOR_INVALID"],
    ["channels=doors&after=x!", {}, 400, "FF_CURSOR_INVALID"],
    ["channels=doors&takeover=1", {}, 400, "FF_PARAMETER_INVALID"],
    ["channels=doors&last=1001", {}, 400, "FF_PARAMETER_INVALID"],
    ["channels=doors&transport=flash", {}, 400, "FF_TRANSPORT_UNKNOWN"],
    ["channels=doors", { Origin: "http://evil.example" }, 403, "FF_ORIGIN_REFUSED"],
    ["channels=doors", { Origin: "null" }, 403, "FF_ORIGIN_REFUSED"],
    ["channels=doors", { "Sec-Fetch-Site": "cross-site" }, 403, "FF_ORIGIN_REFUSED"],
    ["channels=doors", { Host: "evil.example" }, 403, "FF_HOST_REFUSED"],
    [
      "channels=doors",
      { Host: "evil.example", Origin: "http://evil.example" },
      403,
      "FF_HOST_REFUSED",
    ],
  ] as const) {
    it(`is refused with ${code} before the upgrade for ${query} ${JSON.stringify(headers)}`, async () => {
      const { url, hub } = await startTestServer();
      expectProblem(await refusal(url, query, headers), status, code);
      expect(hub.openStreams).to.equal(0);
    });
  }

  for (const [name, value] of [
    ["Sec-WebSocket-Version", "7"],
    ["Sec-WebSocket-Version", "14"],
    ["Sec-WebSocket-Key", "too short"],
  ] as const) {
    it(`is refused for the ${name} "${value}", and told the version that is spoken`, async () => {
      const { url, hub } = await startTestServer();
      const connection = shakeHands(url, "/stream?channels=doors", { [name]: value });
      await connection.untilEnded();
      expect(connection.head.status).to.equal(400);
      expect(connection.head.headers["sec-websocket-version"]).to.equal("13");
      expect(connection.body).to.contain("FF_REQUEST_INVALID");
      expect(hub.openStreams).to.equal(0);
    });
  }

  it("is refused with 429 to a client's stream too many, and let in when it takes over", async () => {
    const { url } = await startTestServer({ maxStreamsPerClient: 1 });
    const first = connect(url, "channels=doors&client=panel");
    await first.untilOpen();
    const refused = await refusal(url, "channels=doors&client=panel");
    expectProblem(refused, 429, "FF_CLIENT_STREAMS_TOO_MANY");
    const takeover = `takeover=1&earlier=${first.events[0]?.["stream"]}`;
    const newer = connect(url, `channels=doors&client=panel&${takeover}`);
    await newer.untilOpen();
    await first.untilClosed();
    expect(first.events.at(-1)).to.include({ reason: "replaced", reconnect: false });
  });

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
    expectProblem(answer, 426, "FF_UPGRADE_REQUIRED");
    expect(answer.headers["upgrade"]).to.equal("websocket");
  });

  it("ends with its socket when that is cut", async () => {
    const { url, hub } = await startTestServer();
    const client = connect(url, "channels=doors");
    await client.untilOpen();
    client.socket.terminate();
    await eventually(5_000, () => hub.openStreams === 0, "no stream");
  });
});

describe("a WebSocket stream whose client sends what is no event", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("ends at once, and says nothing behind its close frame, also to a client that goes on reading", async () => {
    const { url, hub } = await startTestServer({ heartbeatMs: 100 });
    const connection = shakeHands(url, "/stream?channels=a");
    await eventually(5_000, () => connection.received.includes('"open"'), "open");
    connection.socket.write(Buffer.from([0x82, 0x80, 0, 0, 0, 0])); // an empty binary frame
    await eventually(5_000, () => hub.openStreams === 0, "the end of the stream");
    await connection.untilEnded();
    expect(connection.received.slice(-4)).to.equal("\x88\x02\x03\xeb"); // Close, 1003
  });
});

describe("an offer to upgrade to something else", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("is ignored where the request names another transport, however it writes that", async () => {
    const { url } = await startTestServer();
    for (const name of ["transport", "%74ransport"]) {
      const connection = shakeHands(url, `/stream?channels=a&${name}=ndjson`);
      await eventually(5_000, () => connection.received.includes('"open"'), "open");
      expect(connection.head.headers).to.include({ "transfer-encoding": "chunked" });
    }
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

  const H2C = { Connection: "Upgrade", Upgrade: "h2c" };

  it("does not keep a body from being read that comes after its head, in pieces", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    const head = [
      "POST /channels/doors/messages HTTP/1.1",
      `Host: ${new URL(url).host}`,
      "Connection: Upgrade",
      "Upgrade: h2c",
      "Content-Type: application/json",
      "Transfer-Encoding: chunked",
    ];
    connection.send(...head);
    // Whatever comes in between shows that the head has been read.
    await publishJson(url, "doors", "between");
    connection.socket.write('5\r\n{"vid\r\n');
    await publishJson(url, "doors", "between");
    connection.socket.write('4\r\n":7}\r\n0\r\n\r\n');
    await eventually(5_000, () => connection.received.includes("\r\n\r\n"), "the answer");
    expect(connection.head).to.include({ version: "HTTP/1.1", status: 201 });
    const { json } = await ask(url, "GET", "/channels/doors/messages");
    expect(json.messages.at(-1).data).to.deep.equal({ vid: 7 });
  });

  it("is ignored by a stream, which is a display frame as any other", async () => {
    const { url } = await startTestServer();
    const connection = shakeHands(url, "/stream?channels=doors", H2C);
    await connection.untilEvents(([open]) => open?.type === "open", "open");
    expect(connection.head.status).to.equal(200);
    await publishJson(url, "doors", 1);
    await connection.untilEvents((events) => events[1]?.["data"] === 1, "the message");
  });

  it("is no WebSocket handshake where transport asks for one", async () => {
    const { url } = await startTestServer();
    const connection = shakeHands(url, "/stream?channels=doors&transport=ws", H2C);
    await eventually(5_000, () => connection.body.includes("FF_UPGRADE_REQUIRED"), "a refusal");
    expect(connection.head.status).to.equal(426);
  });
});
