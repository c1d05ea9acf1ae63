import { expect } from "chai";
import { closeConnections, RawConnection } from "../support/raw-http.ts";
import { expectProblem, kept, publishRaw } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

const FORM = "application/x-www-form-urlencoded";

describe("text that is published", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  for (const text of ["hello", " ", "1", "null", "a\r\nb\n", "ünï 🚪 \u2028 \0", "</script>"]) {
    it(`is one string as it was sent: ${JSON.stringify(text)}`, async () => {
      const { url } = await startTestServer();
      const answer = await publishRaw(url, "doors", "text/plain;charset=UTF-8", text);
      expect(answer.status, answer.text).to.equal(201);
      expect(answer.json).to.have.all.keys("id", "channel");
      expect((await kept(url, "doors")).map(({ data }) => data)).to.deep.equal([text]);
    });
  }

  for (const [what, body] of Object.entries({
    "is empty": "",
    "is not UTF-8": Buffer.from([0x61, 0xff]),
    "ends inside a character": Buffer.from("é").subarray(0, 1),
    "has a surrogate encoded as UTF-8": Buffer.from([0xed, 0xa0, 0x80]),
  })) {
    it(`is refused with 400 FF_BODY_INVALID when it ${what}`, async () => {
      const { url } = await startTestServer();
      expectProblem(await publishRaw(url, "doors", "text/plain", body), 400, "FF_BODY_INVALID");
      expect(await kept(url, "doors")).to.deep.equal([]);
    });
  }

  it("is refused when its charset is not UTF-8", async () => {
    const { url } = await startTestServer();
    const body = Buffer.from("caf\xe9", "latin1");
    const answer = await publishRaw(url, "doors", "text/plain; charset=iso-8859-1", body);
    expect(answer.status).to.be.oneOf([400, 415]);
    expect(await kept(url, "doors")).to.deep.equal([]);
  });
});

describe("a form that is published", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  for (const [body, data] of [
    ["msg=hello", "hello"],
    ["msg=a+b%20c%26d%3De%2B", "a b c&d=e+"],
    ["msg=%C3%BCn%C3%AF+%F0%9F%9A%AA", "ünï 🚪"],
    ["msg=7", "7"],
    ["msg=", ""],
    ["msg=first&submit=Send", "first"],
    ["submit=Send&msg=second", "second"],
    ["vid=7&note=open+door", { vid: "7", note: "open door" }],
    ["constructor=1&a=", { constructor: "1", a: "" }],
  ] as const) {
    it(`is ${JSON.stringify(data)} for ${body}`, async () => {
      const { url } = await startTestServer();
      const answer = await publishRaw(url, "doors", FORM, body);
      expect(answer.status, answer.text).to.equal(201);
      expect((await kept(url, "doors")).map((message) => message.data)).to.deep.equal([data]);
    });
  }

  for (const [what, body] of Object.entries({
    "is empty": "",
    "has a __proto__ field": "a=1&__proto__=2",
    "has a __proto__ field written with escapes": "%5F_proto__=2",
    "is not UTF-8": "msg=%FF",
  })) {
    it(`is refused with 400 FF_BODY_INVALID when it ${what}`, async () => {
      const { url } = await startTestServer();
      expectProblem(await publishRaw(url, "doors", FORM, body), 400, "FF_BODY_INVALID");
      expect(await kept(url, "doors")).to.deep.equal([]);
    });
  }
});

describe("the size of a message", () => {
  const limit = 1_000;

  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  for (const [type, exact, over] of [
    ["application/json", `"${"x".repeat(limit - 2)}"`, `"${"x".repeat(limit - 1)}"`],
    ["application/json", `1${" ".repeat(limit - 1)}`, `1${" ".repeat(limit)}`],
    ["application/json", `"${"é".repeat(limit / 2 - 1)}"`, `"${"é".repeat(limit / 2 - 1)}x"`],
    ["text/plain", "x".repeat(limit), "x".repeat(limit + 1)],
    ["text/plain", "é".repeat(limit / 2), `x${"é".repeat(limit / 2)}`],
    [FORM, `msg=${"x".repeat(limit - 4)}`, `msg=${"x".repeat(limit + 1)}`],
    [
      "application/x-ndjson",
      `1\n"${"x".repeat(limit - 2)}"\n2`,
      `1\n"${"x".repeat(limit - 1)}"\n2`,
    ],
  ] as const) {
    const beginning = JSON.stringify(exact.slice(0, 6));
    it(`may be exactly the limit as ${type}, and not a byte more: ${beginning}...`, async () => {
      const { url } = await startTestServer({ maxMessageBytes: limit });
      const taken = await publishRaw(url, "doors", type, exact);
      expect(taken.status, taken.text).to.equal(201);
      const count = (await kept(url, "doors")).length;
      expectProblem(await publishRaw(url, "doors", type, over), 413, "FF_MESSAGE_TOO_LARGE");
      expect(await kept(url, "doors")).to.have.lengthOf(count);
    });
  }

  it("is limited where no length is sent, too", async () => {
    const { url } = await startTestServer({ maxMessageBytes: limit });
    const body = Array.from({ length: 11 }, () => Buffer.alloc(100, "x"));
    const taken = await publishRaw(url, "doors", "text/plain", body.slice(1));
    expect(taken.status, taken.text).to.equal(201);
    const refused = await publishRaw(url, "doors", "text/plain", body);
    expectProblem(refused, 413, "FF_MESSAGE_TOO_LARGE");
  });

  it("is refused before the body has come when its length says enough", async () => {
    const { url } = await startTestServer({ maxMessageBytes: limit });
    const connection = new RawConnection(url);
    connection.send(
      "POST /channels/doors/messages HTTP/1.1",
      `Host: ${new URL(url).host}`,
      "Content-Type: text/plain",
      "Content-Length: 10000000000",
    );
    await eventually(3_000, () => connection.head.status === 413, "the answer 413");
  });

  for (const body of ['{"vid":7', '[{"vid":7},]', '{"a":1} x']) {
    it(`is refused where it is meant as JSON and is none, as curl sends it: ${body}`, async () => {
      const { url } = await startTestServer();
      const answer = await publishRaw(url, "doors", FORM, body);
      expectProblem(answer, 400, "FF_BODY_INVALID");
      expect(answer.json.detail).to.include("is not JSON");
      expect(await kept(url, "doors")).to.deep.equal([]);
    });
  }
});
