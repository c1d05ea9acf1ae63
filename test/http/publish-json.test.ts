import { expect } from "chai";
import { closeConnections, openFrame } from "../support/raw-http.ts";
import {
  ask,
  dataOf,
  expectProblem,
  kept,
  openNdjson,
  publishRaw,
  untilMessages,
} from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

const JSON_TYPE = "application/json";

/** JSON texts as a publisher writes them; each arrives equal to what JSON.parse makes of it. */
const TEXTS = {
  null: "null",
  true: "true",
  false: "false",
  zero: "0",
  "minus zero": "-0",
  "minus zero deep inside": '{"a":[1,-0,{"b":-0.0}]}',
  "a number too large for a double": "1e999",
  "a negative number too large for a double, inside": "[-1e999]",
  "a number too small for a double": "1e-999",
  "an integer beyond 2^53": "12345678901234567890",
  "a number with many digits": "0.1000000000000000055511151231257827",
  "an empty string": '""',
  "an empty array": "[]",
  "an empty object": "{}",
  "an empty key": '{"":{"":1}}',
  "whitespace around and inside": ' \r\n\t{ "a" : [ 1 , 2 ] }\n',
  "keys that look like numbers": '{"2":1,"1":2,"a":3}',
  "a key given twice": '{"a":1,"a":2}',
  "names that every object has": '{"constructor":{"prototype":1},"toString":2,"hasOwnProperty":3}',
  "a toJSON key": '{"toJSON":1,"then":2}',
  "text in several scripts": '"ünï — Ωμέγα 漢字 עברית 🚪👩‍👩‍👧"',
  "a surrogate pair escaped": '"\\ud83d\\udeaa"',
  "a lone high surrogate": '"a\\ud800b"',
  "a lone low surrogate as a key": '{"\\udfff":"\\ud800\\ud800"}',
  "a NUL": '"a\\u0000b"',
  "all control characters": `"${Array.from({ length: 32 }, (_, n) => `\\u00${n.toString(16).padStart(2, "0")}`).join("")}\u007f\u0085"`,
  "line and paragraph separators": '"a\u2028b\u2029c\\u2028"',
  "a byte order mark inside": '"a\ufeffb"',
  "the end of a script": '"</script><script>alert(1)</script>"',
  "the end of a script as a key, in capitals": '{"</SCRIPT>":"</ScRiPt >"}',
  "the start of a comment": '"<!--<script>"',
  "the end of a comment and of CDATA": '"--> ]]> <![CDATA["',
  "the end of a call": '"\\"})</script>"',
  "quotes, backslashes and slashes": '"\\"\\\\\\/\'`$1"',
  "an event in the data": '{"type":"close","reason":"client","id":"x"}',
} as const;

/** What the HTML parser or an old script engine would act on, as bytes in latin1. */
const DANGEROUS = /<\/script|<!--|\]\]>|\xe2\x80\xa8|\xe2\x80\xa9|\0/i;

describe("JSON that is published", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  for (const [what, text] of Object.entries(TEXTS)) {
    it(`arrives equal to what JSON.parse makes of it: ${what}`, async () => {
      const { url } = await startTestServer();
      const frame = await openFrame(url, "channels=doors");
      const ndjson = await openNdjson(url, "channels=doors");
      const answer = await publishRaw(url, "doors", JSON_TYPE, text);
      expect(answer.status, answer.text).to.equal(201);
      const value: unknown = JSON.parse(text);
      const expected = [value];
      expect(dataOf(await untilMessages(frame.connection, 1))).to.deep.equal(expected);
      await eventually(5_000, () => ndjson.connection.ndjsonEvents().length === 2, "the line");
      expect(dataOf(ndjson.connection.ndjsonEvents())).to.deep.equal(expected);
      expect((await kept(url, "doors")).map(({ data }) => data)).to.deep.equal(expected);
      const later = await openFrame(url, "channels=doors&last=1");
      expect(dataOf(await untilMessages(later.connection, 1))).to.deep.equal(expected);
    });
  }

  it("holds nothing that a browser would take for markup, in the bytes of a frame", async () => {
    const { url } = await startTestServer();
    const { connection } = await openFrame(url, "channels=doors");
    const texts = Object.values(TEXTS);
    for (const text of texts) await publishRaw(url, "doors", JSON_TYPE, text);
    await untilMessages(connection, texts.length);
    const scripts = connection.chunks
      .slice(1)
      .join("")
      .split("<script>parent.push(")
      .slice(1)
      .map((script) => script.replace(/\)<\/script>$/, ""));
    expect(scripts).to.have.lengthOf(texts.length);
    for (const script of scripts) expect(script).not.to.match(DANGEROUS);
  });

  it("is answered 201 with its id and its channel", async () => {
    const { url } = await startTestServer();
    const answer = await publishRaw(url, "doors.north", JSON_TYPE, "1");
    expect(answer.status).to.equal(201);
    expect(answer.headers["content-type"]).to.match(/^application\/json/);
    expect(answer.json).to.have.all.keys("id", "channel");
    expect(answer.json.channel).to.equal("doors.north");
    expect((await kept(url, "doors.north")).map(({ id }) => id)).to.deep.equal([answer.json.id]);
  });

  it("may have a charset of UTF-8 with its type", async () => {
    const { url } = await startTestServer();
    const answer = await publishRaw(url, "doors", "application/json; charset=UTF-8", '"é"');
    expect(answer.status, answer.text).to.equal(201);
  });

  it("may come in chunks that cut a character in two", async () => {
    const { url } = await startTestServer();
    const bytes = Buffer.from('{"a":"🚪é"}');
    const body = Array.from(bytes, (byte) => Buffer.from([byte]));
    expect((await publishRaw(url, "doors", JSON_TYPE, body)).status).to.equal(201);
    expect((await kept(url, "doors"))[0]?.data).to.deep.equal({ a: "🚪é" });
  });

  for (const [what, body] of Object.entries({
    "is empty": "",
    "is only whitespace": " \n ",
    "ends too early": '{"a":',
    "has something after it": "1 2",
    "has single quotes": "{'a':1}",
    "has a comma too many": "[1,]",
    "is NaN": "NaN",
    "has a raw line end in a string": '"a\nb"',
    "is not UTF-8": Buffer.from([0x22, 0xff, 0x22]),
    "is cut inside a character": Buffer.from([0x22, 0xc3, 0x22]),
    "has a surrogate encoded as UTF-8": Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]),
    "is UTF-16": Buffer.from('"a"', "utf16le"),
    "has a __proto__ key": '{"__proto__":{"a":1}}',
    "has a __proto__ key far inside": '[{"a":[{"b":{"__proto__":null}}]}]',
    "has a __proto__ key written with escapes": '{"\\u005f_proto\\u005F_":1}',
    "is nested 30000 deep": `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
    "is an object nested 10000 deep": `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`,
  })) {
    it(`is refused with 400 FF_BODY_INVALID and not kept when it ${what}`, async () => {
      const { url } = await startTestServer();
      expectProblem(await publishRaw(url, "doors", JSON_TYPE, body), 400, "FF_BODY_INVALID");
      expect(await kept(url, "doors")).to.deep.equal([]);
    });
  }

  it("may hold __proto__ as a value, or as part of a key", async () => {
    const { url } = await startTestServer();
    const body = '{"a":"__proto__","x__proto__":["\\"__proto__\\":1"]}';
    expect((await publishRaw(url, "doors", JSON_TYPE, body)).status).to.equal(201);
    expect((await kept(url, "doors"))[0]?.data).to.deep.equal(JSON.parse(body));
  });

  for (const encoding of ["gzip", "br", "deflate", "x-unknown"]) {
    it(`is refused with 415 when its Content-Encoding is ${encoding}`, async () => {
      const { url } = await startTestServer();
      const answer = await publishRaw(url, "doors", JSON_TYPE, "1", {
        "Content-Encoding": encoding,
      });
      expectProblem(answer, 415, "FF_BODY_ENCODING_UNSUPPORTED");
      expect(await kept(url, "doors")).to.deep.equal([]);
    });
  }

  for (const type of [
    "application/xml",
    "image/png",
    "application/jsonx",
    "json",
    "multipart/form-data; boundary=x",
  ]) {
    it(`is refused with 415 when it says that it is ${type}`, async () => {
      const { url } = await startTestServer();
      const answer = await publishRaw(url, "doors", type, "1");
      expectProblem(answer, 415, "FF_BODY_TYPE_UNSUPPORTED");
    });
  }

  it("is refused with 415 when it does not say what it is", async () => {
    const { url } = await startTestServer();
    const answer = await ask(url, "POST", "/channels/doors/messages", { body: "1" });
    expectProblem(answer, 415, "FF_BODY_TYPE_UNSUPPORTED");
  });

  it("is refused when its charset is not UTF-8", async () => {
    const { url } = await startTestServer();
    const body = Buffer.from('"\xe9"', "latin1");
    const answer = await publishRaw(url, "doors", `${JSON_TYPE}; charset=latin1`, body);
    expect(answer.status).to.be.oneOf([400, 415]);
    expect(await kept(url, "doors")).to.deep.equal([]);
  });
});
