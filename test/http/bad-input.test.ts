import { expect } from "chai";
import { closeConnections, openFrame, publishJson, RawConnection } from "../support/raw-http.ts";
import {
  ask,
  closePathOf,
  dataOf,
  expectFrameRefusal,
  expectProblem,
  kept,
  untilMessages,
} from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

/** Send bytes on a connection of their own and wait until the server has answered and ended it. */
async function sendBytes(url: string, bytes: string): Promise<RawConnection> {
  const connection = new RawConnection(url);
  connection.socket.write(bytes, "latin1");
  await connection.untilEnded();
  return connection;
}

/** Hold an answer read from the wire to the form that every error has. */
function expectRawProblem(connection: RawConnection, status: number, code: string): void {
  expect(connection.head.status, connection.received).to.equal(status);
  expect(connection.head.headers["content-type"]).to.match(/^application\/problem\+json/);
  const problem = JSON.parse(connection.body) as Record<string, unknown>;
  expect(problem).to.include({ status, code });
  expect(problem).to.include.all.keys("type", "title", "detail");
}

describe("a request that is no request", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  for (const [what, bytes] of Object.entries({
    "a garbage request line": "\x16\x03\x01 garbage\r\n\r\n",
    "a method nobody knows": "FROB / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a header without a name": "GET / HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n",
    "a NUL in a header": "GET / HTTP/1.1\r\nHost: localhost\r\nA: \0\r\n\r\n",
    "a length that is no number":
      "POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    "a length and chunks":
      "POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  })) {
    it(`is answered 400 FF_REQUEST_INVALID, and others are served on: ${what}`, async () => {
      const { url } = await startTestServer();
      const { connection } = await openFrame(url, "channels=doors");
      expectRawProblem(await sendBytes(url, bytes), 400, "FF_REQUEST_INVALID");
      await publishJson(url, "doors", 1);
      expect(dataOf(await untilMessages(connection, 1))).to.deep.equal([1]);
    });
  }

  it("is answered 400 when it is HTTP/1.1 and has no Host", async () => {
    const { url } = await startTestServer();
    const connection = await sendBytes(url, "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
    expect(connection.head.status).to.equal(400);
  });

  it("is answered 431 FF_HEADERS_TOO_LARGE when its head is too large", async () => {
    const { url } = await startTestServer();
    const head = `GET / HTTP/1.1\r\nHost: localhost\r\nA: ${"x".repeat(40_000)}\r\n\r\n`;
    expectRawProblem(await sendBytes(url, head), 431, "FF_HEADERS_TOO_LARGE");
    expect((await ask(url, "GET", "/healthz")).status).to.equal(200);
  });

  it("is answered 431 with one header too many, and taken with one less", async () => {
    const { url } = await startTestServer();
    const request = (count: number) => {
      const headers = Array.from({ length: count - 2 }, (_, n) => `x${n}: 1\r\n`).join("");
      return `GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`;
    };
    expect((await sendBytes(url, request(128))).head.status).to.equal(200);
    expectRawProblem(await sendBytes(url, request(129)), 431, "FF_HEADERS_TOO_LARGE");
  });

  it("is not to be stored either", async () => {
    const { url } = await startTestServer();
    const connection = await sendBytes(url, "garbage\r\n\r\n");
    expect(connection.head.headers).to.have.property("cache-control").that.includes("no-store");
  });

  for (const [what, [bytes, detail]] of Object.entries({
    "of a version that is not spoken": ["GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", "HTTP/2.0"],
    "without a Host": ["GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "no Host"],
    "to be a proxy": ["CONNECT a.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", "not a proxy"],
  } as const)) {
    it(`is told what is wrong where it is one ${what}`, async () => {
      const { url } = await startTestServer();
      const connection = new RawConnection(url);
      connection.socket.write(bytes, "latin1");
      await eventually(2_000, () => connection.received.includes("detail"), "an answer");
      expectRawProblem(connection, 400, "FF_REQUEST_INVALID");
      expect(connection.body).to.include(detail);
    });
  }

  it("is answered 400 where its address is none, and what its proxies say is refused, too", async () => {
    const { url } = await startTestServer({ trustedProxies: ["127.0.0.1"] });
    const contradiction = "Forwarded: for=192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n";
    const head = `GET http://[::1/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n`;
    const connection = await sendBytes(url, `${head}${contradiction}\r\n`);
    expectRawProblem(connection, 400, "FF_REQUEST_INVALID");
  });

  it("is told that its transfer coding is not taken, and its body is not stored as it came", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    connection.send(
      "POST /channels/a/messages HTTP/1.1",
      "Host: localhost",
      "Content-Type: text/plain",
      "Transfer-Encoding: gzip, chunked",
    );
    await eventually(2_000, () => connection.received.includes("detail"), "an answer");
    expectRawProblem(connection, 415, "FF_BODY_ENCODING_UNSUPPORTED");
    expect(await kept(url, "a")).to.deep.equal([]);
  });

  it("is answered once when it is refused before its body has come, and the body breaks off then", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    connection.send("POST /channels/a/messages HTTP/1.1", "Host: localhost", "Content-Length: 9");
    await eventually(2_000, () => connection.received.includes("detail"), "an answer");
    connection.socket.end("abc");
    await connection.untilEnded();
    expect(connection.received.match(/HTTP\/1\.1/g)).to.have.lengthOf(1);
  });

  it("is served where it expects something that nobody knows", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    connection.send("GET /healthz HTTP/1.1", "Host: localhost", "Expect: a-miracle");
    await eventually(2_000, () => connection.received.includes('"ok"'), "an answer");
  });

  it("leaves nothing in the log when its body breaks off", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    connection.send(
      "POST /channels/doors/messages HTTP/1.1",
      `Host: ${new URL(url).host}`,
      "Content-Type: text/plain",
      "Content-Length: 10",
    );
    connection.socket.end("123");
    await connection.untilEnded();
    expect(await kept(url, "doors")).to.deep.equal([]);
  });

  it("is answered 400 when a chunk of its body is broken, and nothing is kept", async () => {
    const { url } = await startTestServer();
    const connection = await sendBytes(
      url,
      "POST /channels/doors/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    );
    if (connection.received !== "") expect(connection.head.status).to.equal(400);
    expect(await kept(url, "doors")).to.deep.equal([]);
  });
});

describe("an address that is not served", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  for (const path of ["/nothing", "/channel", "/channels/doors/nothing", "/streams/x/nothing"]) {
    it(`is answered 404 FF_ROUTE_UNKNOWN: POST ${path}`, async () => {
      const { url } = await startTestServer();
      expectProblem(await ask(url, "POST", path), 404, "FF_ROUTE_UNKNOWN");
    });
  }

  it("is answered 404 for a path with broken or hostile encoding, or 400", async () => {
    const { url } = await startTestServer();
    for (const path of ["/%zz", "/%00", "/..%2f..%2fpackage.json", "/%2e%2e/package.json", "//x"]) {
      const answer = await ask(url, "GET", path);
      expect(answer.status, path).to.be.oneOf([400, 404]);
      expectProblem(answer, answer.status);
    }
  });

  for (const [method, path, allowed] of [
    ["POST", "/stream?channels=doors", "GET"],
    ["DELETE", "/channels/doors/messages", "POST"],
    ["PUT", "/channels/doors/messages", "GET"],
    ["GET", "/messages", "POST"],
    ["GET", "/streams/{stream}/close", "POST"],
    ["DELETE", "/streams/{stream}/close", "POST"],
    ["POST", "/control?stream={stream}", "GET"],
  ] as const) {
    it(`is answered 405 with what it allows for ${method} ${path}`, async () => {
      const { url } = await startTestServer();
      const { open } = await openFrame(url, "channels=doors");
      const answer = await ask(url, method, path.replace("{stream}", String(open["stream"])));
      expectProblem(answer, 405, "FF_METHOD_NOT_ALLOWED");
      expect(String(answer.headers["allow"]).split(/, */)).to.include(allowed);
      expect(String(answer.headers["allow"]).split(/, */)).not.to.include(method);
    });
  }
});

describe("the parameters of a request", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("are ignored where nobody knows them", async () => {
    const { url } = await startTestServer();
    const { connection } = await openFrame(url, "channels=doors&_=1&utm=x&__proto__=1&a=1&a=2");
    await publishJson(url, "doors", 1);
    await untilMessages(connection, 1);
    expect((await ask(url, "GET", "/channels/doors/messages?_=1")).status).to.equal(200);
  });

  for (const query of [
    "channels=doors&channels=lifts",
    "channels=doors&last=1&last=2",
    "channels=doors&after=earliest&after=earliest",
    "channels=doors&callback=a&callback=b",
  ]) {
    it(`are refused with 400 where one is given twice: ${query}`, async () => {
      const { url } = await startTestServer();
      expectFrameRefusal(await ask(url, "GET", `/stream?${query}`), 400);
    });
  }

  it("are refused with 400 where the transport is given twice", async () => {
    const { url } = await startTestServer();
    const query = "transport=ndjson&transport=frame&channels=doors";
    expect((await ask(url, "GET", `/stream?${query}`)).status).to.equal(400);
  });
});

describe("every answer", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("is neither stored nor guessed about, whatever it says", async () => {
    const { url } = await startTestServer();
    const { open } = await openFrame(url, "channels=doors");
    const headers = { "Content-Type": "application/json" };
    for (const [method, path, body] of [
      ["POST", "/channels/doors/messages", "1"],
      ["POST", "/channels/doors/messages", "{"],
      ["POST", "/messages", '{"channels":["doors"],"data":1}'],
      ["GET", "/channels/doors/messages", ""],
      ["GET", "/channels/a..b/messages", ""],
      ["GET", `/control?stream=${String(open["stream"])}`, ""],
      ["POST", closePathOf(url, open), ""],
      ["POST", "/streams/unknown/close", ""],
      ["GET", "/stream?channels=,", ""],
      ["HEAD", "/stream?channels=doors", ""],
      ["GET", "/nothing", ""],
      ["DELETE", "/messages", ""],
      ["GET", "/healthz", ""],
    ] as const) {
      const answer = await ask(url, method, path, body === "" ? {} : { headers, body });
      expect(answer.headers["cache-control"], `${method} ${path}`).to.include("no-store");
      expect(answer.headers["x-content-type-options"], `${method} ${path}`).to.equal("nosniff");
    }
  });

  it("to HEAD /stream has the stream's headers and ends, without opening one", async () => {
    const { url } = await startTestServer({ maxStreams: 1 });
    for (let n = 0; n < 3; n += 1) {
      const answer = await ask(url, "HEAD", "/stream?channels=doors");
      expect(answer.status).to.equal(200);
      expect(answer.headers["content-type"]).to.equal("text/html; charset=utf-8");
      expect(answer.text).to.equal("");
    }
    await openFrame(url, "channels=doors");
  });
});
