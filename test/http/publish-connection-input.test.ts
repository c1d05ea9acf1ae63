import { expect } from "chai";
import { codesOf, LineClient, line } from "../support/publish-client.ts";
import { closeConnections, RawConnection } from "../support/raw-http.ts";
import { ask, expectProblem, kept } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

describe("bad input on a publish connection", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  const dataOf = async (url: string) => (await kept(url, "doors")).map(({ data }) => data);

  it("may split lines at each byte, within a character too", async () => {
    const { url } = await startTestServer();
    const body = Buffer.from(`${line("doors", "\u00e9\u{1f6aa}")}${line("doors", 2)}`);
    const pieces = Array.from(body, (_, at) => body.subarray(at, at + 1));
    const answer = await ask(url, "POST", "/publish", { body: pieces });
    expect(answer.text.trim().split("\n")).to.have.lengthOf(2);
    expect(await dataOf(url)).to.deep.equal(["\u00e9\u{1f6aa}", 2]);
    for (let at = 1; at < body.length; at++) {
      const parts = [body.subarray(0, at), body.subarray(at)];
      const { text } = await ask(url, "POST", "/publish", { body: parts });
      expect(text.match(/"id"/g), `split at ${at}`).to.have.lengthOf(2);
    }
  });

  it("may have CR LF, a byte order mark, blank lines, and no end of the last line", async () => {
    const { url } = await startTestServer();
    const body = `\ufeff${line("doors", 1).trim()}\r\n\n \t\r\n\r\n${line("doors", 2)}\n${line("doors", 3).trim()}`;
    const { text } = await ask(url, "POST", "/publish", { body });
    expect(text.match(/"id"/g)).to.have.lengthOf(3);
    expect(await dataOf(url)).to.deep.equal([1, 2, 3]);
  });

  const ENDING: readonly (readonly [what: string, bytes: Buffer, code: string])[] = [
    ["is not JSON", Buffer.from('{"channel":"doors","data":1\n'), "FF_BODY_INVALID"],
    ["is two values", Buffer.from('{"channel":"doors","data":1} 2\n'), "FF_BODY_INVALID"],
    [
      "has a byte order mark of its own",
      Buffer.from(`\ufeff${line("doors", 1)}`),
      "FF_BODY_INVALID",
    ],
    [
      "is not UTF-8",
      Buffer.from('{"channel":"doors","data":"\xe9"}\n', "latin1"),
      "FF_BODY_INVALID",
    ],
    ["is too long", Buffer.from(line("doors", "x".repeat(80_000))), "FF_MESSAGE_TOO_LARGE"],
  ];
  for (const [what, bytes, code] of ENDING) {
    it(`ends the connection with ${code} behind a line that ${what}`, async () => {
      const { url } = await startTestServer();
      const client = new LineClient(url);
      client.write(line("doors", "before"));
      client.write(
        Buffer.concat([Buffer.from(line("doors", 2)), bytes, Buffer.from(line("doors", 3))]),
      );
      expect(codesOf(await client.untilComplete())).to.deep.equal(["id", "id", code]);
      expect(await dataOf(url)).to.deep.equal(["before", 2]);
      await client.connection.untilEnded();
    });
  }

  it("ends within a line that has no end, long before a gibibyte of it has come", async () => {
    const { url } = await startTestServer();
    const client = new LineClient(url);
    const { socket } = client.connection;
    socket.write(`${(2 ** 30).toString(16)}\r\n{"channel":"doors","data":"`);
    const piece = Buffer.alloc(65_536, "x");
    let sent = 0;
    const send = () => {
      while (!socket.destroyed && sent < 2 ** 30) {
        sent += piece.length;
        if (!socket.write(piece)) return void socket.once("drain", send);
      }
    };
    send();
    expect(codesOf(await client.untilComplete())).to.deep.equal(["FF_MESSAGE_TOO_LARGE"]);
    await client.connection.untilEnded();
    expect(sent).to.be.below(2 ** 30);
  });

  it("refuses data nested deeper than 100 levels, and takes what comes behind it", async () => {
    const { url } = await startTestServer();
    const nested = (levels: number) =>
      `{"channel":"doors","data":${"[".repeat(levels)}${"]".repeat(levels)}}\n`;
    const client = new LineClient(url);
    client.write(nested(100) + nested(101) + nested(20_000) + line("doors", 1));
    expect(codesOf(await client.untilAnswers(4))).to.deep.equal([
      "id",
      "FF_BODY_INVALID",
      "FF_BODY_INVALID",
      "id",
    ]);
  });

  it("keeps what is whole of a body that breaks off in a line, and answers it", async () => {
    const { url } = await startTestServer();
    const client = new LineClient(url);
    client.write(`${line("doors", 1)}${line("doors", 2)}{"channel":"doors",`);
    client.connection.socket.end();
    await client.connection.untilEnded();
    expect(codesOf(client.answers)).to.deep.equal(["id", "id"]);
    expect(await dataOf(url)).to.deep.equal([1, 2]);
  });

  it("does not take the rest of a body that breaks off, even if it would be a line", async () => {
    const { url } = await startTestServer();
    const client = new LineClient(url);
    client.write(line("doors", 1) + line("doors", 2).trim());
    client.connection.socket.end();
    await client.connection.untilEnded();
    expect(await dataOf(url)).to.deep.equal([1]);
  });

  it("survives a reset while lines are on their way to the log", async () => {
    const { url, hub } = await startTestServer();
    for (let n = 0; n < 20; n++) {
      const client = new LineClient(url);
      client.write(Array.from({ length: 200 }, (_, i) => line("doors", i)).join(""));
      if (n % 2) await client.untilAnswers(1);
      client.connection.socket.resetAndDestroy();
    }
    const { publishConnections: counted } = hub.tally;
    await eventually(5_000, () => counted.opened === counted.closed, "the end of all");
    const client = new LineClient(url);
    client.write(line("lifts", 1));
    await client.untilAnswers(1);
  });

  it("refuses a Content-Encoding, a multipart body and another charset before any line", async () => {
    const { url } = await startTestServer();
    const refused = async (headers: Record<string, string>, status: number, code: string) =>
      expectProblem(
        await ask(url, "POST", "/publish", { headers, body: line("doors", 1) }),
        status,
        code,
      );
    await refused({ "Content-Encoding": "gzip" }, 415, "FF_BODY_ENCODING_UNSUPPORTED");
    await refused({ "Content-Type": "multipart/form-data" }, 415, "FF_BODY_TYPE_UNSUPPORTED");
    await refused(
      { "Content-Type": "application/x-ndjson; charset=utf-16" },
      415,
      "FF_BODY_TYPE_UNSUPPORTED",
    );
    expect(await kept(url, "doors")).to.have.lengthOf(0);
  });

  it("answers 100 before the body where the client expects it", async () => {
    const { url } = await startTestServer();
    const client = new LineClient(url, { Expect: "100-continue" });
    await eventually(
      5_000,
      () => client.connection.received.startsWith("HTTP/1.1 100 Continue\r\n\r\n"),
      "100 Continue",
    );
    client.connection.received = client.connection.received.slice(25);
    client.write(line("doors", 1));
    expect(codesOf(await client.untilAnswers(1))).to.deep.equal(["id"]);
  });

  it("answers HTTP/1.0 without chunks, and ends", async () => {
    const { url } = await startTestServer();
    const connection = new RawConnection(url);
    const body = line("doors", 1) + line("doors", 2);
    connection.socket.write(
      `POST /publish HTTP/1.0\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await connection.untilEnded();
    expect(connection.head.headers).not.to.have.property("transfer-encoding");
    expect(connection.body.match(/"id"/g)).to.have.lengthOf(2);
  });
});
