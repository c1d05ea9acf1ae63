import { Socket } from "node:net";
import { expect } from "chai";
import { newMessage } from "../support/messages.ts";
import { closeConnections, openFrame, publishJson, RawConnection } from "../support/raw-http.ts";
import { kept } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

const HOST = "Host: localhost";
const UPGRADE = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];
/**
 * What comes behind it is not read far enough to see that the client has gone: so it ends soon by
 * itself.
 */
const POLL = "GET /stream?transport=poll&channels=quiet&wait=3 HTTP/1.1";
const EVERYTHING_SOON = {
  requestHeadMs: 500,
  requestBodyMs: 700,
  stallMs: 400,
  keepAliveMs: 300,
  pollKeptMs: 100,
};
/** Appended to the log, since a request has no time for it. */
const LONG_MESSAGE = newMessage("long", JSON.stringify("x".repeat(12_000_000)));

/** How a connection comes into each state that it can be in. */
const STATES: Readonly<Record<string, (connection: RawConnection) => Promise<unknown>>> = {
  "before any byte": async () => {},
  "within a request's head": async ({ socket }) => socket.write("GET /healthz HTTP/1.1\r\nHo"),
  "within a request's body": async (connection) => {
    connection.send("POST /channels/a/messages HTTP/1.1", HOST, "Content-Length: 100");
    connection.socket.write("1");
  },
  "within a chunked body": async (connection) => {
    connection.send("POST /channels/a/messages HTTP/1.1", HOST, "Transfer-Encoding: chunked");
    connection.socket.write("5\r\n12");
  },
  "while its poll waits": async (connection) => connection.send(POLL, HOST),
  "while others wait behind its poll": async (connection) => {
    connection.send(POLL, HOST);
    for (let n = 0; n < 40; n++) connection.send("GET /healthz HTTP/1.1", HOST);
  },
  "while an upgrade waits behind its poll": async (connection) => {
    connection.send(POLL, HOST);
    connection.send("GET /stream?channels=a HTTP/1.1", HOST, ...UPGRADE);
  },
  "while another protocol waits behind its poll": async (connection) => {
    connection.send(POLL, HOST);
    connection.send("GET /healthz HTTP/1.1", HOST, "Connection: Upgrade", "Upgrade: h2c");
  },
  "while garbage waits behind its poll": async (connection) => {
    connection.send(POLL, HOST);
    connection.send("garbage");
  },
  "while an answer is not read": async (connection) => {
    connection.socket.pause();
    connection.send("GET /channels/long/messages HTTP/1.1", HOST);
  },
  "after an answer": async (connection) => {
    connection.send("GET /healthz HTTP/1.1", HOST);
    await eventually(2_000, () => connection.received.includes("200 OK"), "the answer");
  },
  "after an answer that ends it": async (connection) => {
    connection.send("GET /healthz HTTP/1.1", HOST, "Connection: close");
    await eventually(2_000, () => connection.received.includes("200 OK"), "the answer");
  },
  "when an upgrade is refused": async (connection) =>
    connection.send(
      "GET /stream?channels=a HTTP/1.1",
      HOST,
      "Origin: http://x.example",
      ...UPGRADE,
    ),
  "when an upgrade leads to no stream": async (connection) =>
    connection.send("GET /healthz HTTP/1.1", HOST, ...UPGRADE),
  "when another protocol is offered": async (connection) =>
    connection.send("GET /healthz HTTP/1.1", HOST, "Connection: Upgrade", "Upgrade: h2c"),
  "when it is a stream": async (connection) => {
    connection.send("GET /stream?channels=quiet HTTP/1.1", HOST);
    await connection.untilEvents(([first]) => first?.type === "open", "open");
  },
  "when it is becoming a stream": async (connection) =>
    connection.send("GET /stream?channels=quiet HTTP/1.1", HOST),
  "when it is a WebSocket": async (connection) => {
    connection.send("GET /stream?channels=quiet HTTP/1.1", HOST, ...UPGRADE);
    await eventually(2_000, () => connection.received.includes('"type":"open"'), "open");
  },
  "when it is a stream that ends": async (connection) => {
    connection.send("GET /stream?channels=quiet HTTP/1.1", HOST);
    const [open] = await connection.untilEvents(([first]) => first?.type === "open", "open");
    await fetch(`${connection.url}/${open?.["close"]}`, { method: "POST" });
  },
};

/** What can become of it then. */
const EVENTS: Readonly<Record<string, (socket: Socket) => unknown>> = {
  "is reset": (socket) => socket.resetAndDestroy(),
  "is reset in the next turn": (socket) => setImmediate(() => socket.resetAndDestroy()),
  "is closed": (socket) => socket.destroy(),
  "is ended by half": (socket) => socket.end(),
  "brings bytes too many": (socket) => socket.write(Buffer.alloc(200_000, "x\r\n")),
  "brings an upgrade": (socket) =>
    socket.write(`GET /healthz HTTP/1.1\r\n${HOST}\r\n${UPGRADE.join("\r\n")}\r\n\r\n`),
  "brings nothing more": () => {},
};

/**
 * Open sockets of a server and its clients, which are all in this process. Not all that the process
 * has open: the browsers of other suites are driven over sockets, too.
 */
function openSockets(url: string): number {
  const port = Number(new URL(url).port);
  // Not in the types, since it is not documented; what is documented tells no ports.
  const { _getActiveHandles: handles } = process as unknown as {
    _getActiveHandles(): readonly unknown[];
  };
  return handles
    .call(process)
    .filter(
      (handle) =>
        handle instanceof Socket && (handle.localPort === port || handle.remotePort === port),
    ).length;
}

describe("a connection", function () {
  this.timeout(60_000);

  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  for (const [event, act] of Object.entries(EVENTS)) {
    it(`that ${event}, in whatever state, is let go, and others notice nothing`, async () => {
      const { url, hub, log } = await startTestServer(EVERYTHING_SOON);
      await log.append({ messages: [LONG_MESSAGE] });
      const bystander = await openFrame(url, "channels=doors");
      await eventually(5_000, () => openSockets(url) === 2, "nothing but the bystander");
      for (const [state, enter] of Object.entries(STATES)) {
        const connection = new RawConnection(url);
        await enter(connection);
        act(connection.socket);
        // To the log itself: the short times of this server would refuse a late publish, too.
        await log.append({ messages: [newMessage("doors", JSON.stringify(state))] });
        const seen = await bystander.connection.untilEvents(
          (events) => events.at(-1)?.["data"] === state,
          `the bystander's message when a connection ${event} ${state}`,
        );
        expect(seen.every(({ type }) => type === "open" || type === "message")).to.equal(true);
        if (event === "brings nothing more")
          await new Promise((resolve) => setTimeout(resolve, 50));
        connection.destroy();
        await eventually(
          10_000,
          () => hub.openStreams === 1 && openSockets(url) === 2,
          `the end of the connection that ${event} ${state}`,
        );
      }
    });
  }

  for (const state of [
    "before any byte",
    "within a request's head",
    "within a request's body",
    "within a chunked body",
    "while an answer is not read",
    "after an answer",
    "when an upgrade is refused",
  ]) {
    it(`is ended by the server ${state}, when nothing more comes`, async () => {
      const { url, log } = await startTestServer(EVERYTHING_SOON);
      await log.append({ messages: [LONG_MESSAGE] });
      await eventually(5_000, () => openSockets(url) === 0, "no connection");
      const connection = new RawConnection(url);
      await eventually(5_000, () => openSockets(url) === 2, "both halves");
      await STATES[state]?.(connection);
      // The client's half, and no more of the server's.
      await eventually(10_000, () => openSockets(url) <= 1, "the server's end of it");
    });
  }
});

describe("requests on one connection", function () {
  this.timeout(60_000);

  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("are all answered, in their order, however many come at once", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    const paths = Array.from({ length: 300 }, (_, n) => `/channels/a${n}/messages?limit=0`);
    connection.socket.write(
      paths.map((path) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n\r\n`).join("") +
        `GET /healthz HTTP/1.1\r\n${HOST}\r\nConnection: close\r\n\r\n`,
    );
    await connection.untilEnded(10_000);
    expect(connection.received.match(/HTTP\/1\.1 400/g)).to.have.lengthOf(300);
    expect(connection.received.match(/HTTP\/1\.1 200/g)).to.have.lengthOf(1);
  });

  it("are stored in their order where they are publishes, which need not wait for one another", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    const publish = (n: number) =>
      `POST /channels/a/messages HTTP/1.1\r\n${HOST}\r\nContent-Type: application/json\r\nContent-Length: ${String(n).length}\r\n\r\n${n}`;
    connection.socket.write(Array.from({ length: 200 }, (_, n) => publish(n)).join(""));
    connection.send("GET /channels/a/messages?limit=1000 HTTP/1.1", HOST, "Connection: close");
    await connection.untilEnded(10_000);
    const ids = [...connection.received.matchAll(/\{"id":"([^"]+)"/g)].map(([, id]) => id);
    expect(ids).to.have.lengthOf(200);
    expect(ids).to.deep.equal(ids.toSorted());
    // The read waited for all of them.
    const data = [...connection.received.matchAll(/"data":(\d+)/g)].map(([, n]) => Number(n));
    expect(data).to.deep.equal(Array.from({ length: 200 }, (_, n) => n));
  });

  it("are stored in their order also where many connections have so many that they wait for their turns", async () => {
    const { url } = await startTestServer({ retainMessages: 10_000 });
    const publish = (n: number, channel: number) =>
      `POST /channels/c${channel}/messages HTTP/1.1\r\n${HOST}\r\nContent-Type: text/plain\r\nContent-Length: ${4 + (n % 7) * 500}\r\n\r\n${String(n).padStart(4, "0")}${"x".repeat((n % 7) * 500)}`;
    const numbers = Array.from({ length: 300 }, (_, n) => n);
    const connections = Array.from({ length: 30 }, (_, channel) => {
      const connection = new RawConnection(url);
      connection.socket.write(numbers.map((n) => publish(n, channel)).join(""));
      return connection;
    });
    for (const [channel, connection] of connections.entries()) {
      await eventually(
        20_000,
        () => connection.received.match(/201 Created/g)?.length === numbers.length,
        "all answers",
      );
      const stored = await kept(url, `c${channel}`);
      expect(stored.map(({ data }) => Number(String(data).slice(0, 4)))).to.deep.equal(numbers);
    }
  });

  it("are answered before an upgrade behind them, and before another protocol's request", async () => {
    const { url } = await startTestServer();
    const publish = (more: readonly string[]) =>
      `${["POST /channels/a/messages HTTP/1.1", HOST, ...more, "Content-Type: text/plain", "Content-Length: 1"].join("\r\n")}\r\n\r\n1`;
    const other = new RawConnection(url);
    other.socket.write(publish([]) + publish(["Connection: Upgrade", "Upgrade: h2c"]));
    await eventually(2_000, () => other.received.split("201 Created").length === 3, "two answers");
    const upgraded = new RawConnection(url);
    upgraded.socket.write(publish([]));
    upgraded.send("GET /stream?channels=a HTTP/1.1", HOST, ...UPGRADE);
    await eventually(2_000, () => upgraded.received.includes('"type":"open"'), "the WebSocket");
    expect(upgraded.received).to.match(/201 Created[\s\S]*101 Switching Protocols/);
  });

  it("are answered before what is no request behind them", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    connection.send("GET /stream?transport=poll&channels=a&wait=1 HTTP/1.1", HOST);
    connection.send("garbage");
    await connection.untilEnded(5_000);
    expect(connection.received).to.match(/^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 400 /);
  });

  it("are answered before a body behind them that is broken, or that does not come", async () => {
    const { url } = await startTestServer({ requestBodyMs: 1_000, requestHeadMs: 500 });
    const poll = "GET /stream?transport=poll&channels=a&wait=2 HTTP/1.1";
    for (const [body, status] of [
      ["xyz\r\n", 400],
      ["5\r\n1", 408],
    ] as const) {
      const connection = new RawConnection(url);
      connection.send(poll, HOST);
      connection.send(
        "POST /channels/a/messages HTTP/1.1",
        HOST,
        "Content-Type: text/plain",
        "Transfer-Encoding: chunked",
      );
      connection.socket.write(body);
      await connection.untilEnded(8_000);
      const statuses = [...connection.received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, s]) => s);
      expect(statuses, body).to.deep.equal(["200", String(status)]);
    }
  });

  it("are answered also where their client ends its half behind them", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    connection.socket.end(
      `POST /channels/a/messages HTTP/1.1\r\n${HOST}\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi`,
    );
    await connection.untilEnded(3_000);
    expect(connection.head.status).to.equal(201);
  });

  it("may be followed by an empty line, also where the last is for a stream", async () => {
    const { url } = await startTestServer();
    for (const pause of [0, 50]) {
      const connection = new RawConnection(url);
      connection.send("GET /stream?channels=a HTTP/1.1", HOST);
      if (pause > 0) await connection.untilEvents(([first]) => first !== undefined, "open");
      connection.socket.write("\r\n");
      await connection.untilEvents(([first]) => first?.type === "open", "open");
      const id = await publishJson(url, "a", pause);
      await connection.untilEvents((events) => events.at(-1)?.["id"] === id, "the message");
    }
  });

  it("have nothing to say of the next while one is answered: the server reads no further", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    connection.send(POLL, HOST);
    connection.socket.write(`GET /healthz HTTP/1.1\r\n${HOST}\r\n\r\n`.repeat(400_000));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(connection.socket.writableLength, "bytes that wait at the client").to.be.above(0);
  });
});
