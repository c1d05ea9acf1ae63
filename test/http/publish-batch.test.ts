import { expect } from "chai";
import { closeConnections, openFrame } from "../support/raw-http.ts";
import {
  type Answer,
  ask,
  dataOf,
  expectProblem,
  kept,
  messagesOf,
  publishRaw,
  untilMessages,
} from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

const publishBatch = (url: string, body: string): Promise<Answer> =>
  publishRaw(url, "doors", "application/x-ndjson", body);

function publishTogether(url: string, body: string): Promise<Answer> {
  const headers = { "Content-Type": "application/json" };
  return ask(url, "POST", "/messages", { headers, body });
}

describe("a batch in NDJSON", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("is answered 201 with the ids of its messages, in the order of its lines", async () => {
    const { url } = await startTestServer();
    const { connection } = await openFrame(url, "channels=doors");
    const answer = await publishBatch(url, '{"n":0}\n[1]\n"2"\n');
    expect(answer.status, answer.text).to.equal(201);
    expect(Object.keys(answer.json)).to.deep.equal(["ids"]);
    const messages = messagesOf(await untilMessages(connection, 3));
    expect(messages.map((message) => message["id"])).to.deep.equal(answer.json.ids);
    expect(dataOf(messages)).to.deep.equal([{ n: 0 }, [1], "2"]);
  });

  for (const [what, body] of Object.entries({
    "with CRLF": "1\r\n2\r\n3\r\n",
    "with blank lines": "\n1\n\n\r\n2\n3\n\n",
    "whose last line does not end": "1\n2\n3",
  })) {
    it(`${what} has the same messages`, async () => {
      const { url } = await startTestServer();
      const answer = await publishBatch(url, body);
      expect(answer.status, answer.text).to.equal(201);
      expect(answer.json.ids).to.have.lengthOf(3);
      expect((await kept(url, "doors")).map(({ data }) => data)).to.deep.equal([1, 2, 3]);
    });
  }

  it("may be one message", async () => {
    const { url } = await startTestServer();
    const answer = await publishBatch(url, '"</script>"');
    expect(answer.json.ids).to.have.lengthOf(1);
    expect((await kept(url, "doors")).map(({ data }) => data)).to.deep.equal(["</script>"]);
  });

  it("is not mixed with what others publish at the same time", async () => {
    const { url } = await startTestServer();
    const { connection } = await openFrame(url, "channels=doors");
    const names = ["a", "b", "c", "d", "e"];
    await Promise.all(
      names.map((name) => {
        const lines = Array.from({ length: 40 }, (_, n) => `{"name":"${name}","n":${n}}`);
        return publishBatch(url, lines.join("\n"));
      }),
    );
    const data = dataOf(await untilMessages(connection, 200)) as { name: string; n: number }[];
    expect(data.map(({ n }) => n)).to.deep.equal(Array.from({ length: 200 }, (_, n) => n % 40));
    const order = data.filter(({ n }) => n === 0).map(({ name }) => name);
    expect(data.map(({ name }) => name)).to.deep.equal(
      order.flatMap((name) => Array.from({ length: 40 }, () => name)),
    );
  });

  for (const [what, line] of Object.entries({
    "is broken": "{",
    "has a __proto__ key": '{"__proto__":1}',
    "has two values": "1 2",
    "is not JSON": "text",
  })) {
    it(`is refused as a whole with 400 FF_BODY_INVALID when one line ${what}`, async () => {
      const { url } = await startTestServer();
      const answer = await publishBatch(url, `1\n2\n${line}\n3\n`);
      expectProblem(answer, 400, "FF_BODY_INVALID");
      expect(await kept(url, "doors")).to.deep.equal([]);
    });
  }

  it("is refused as a whole when one line is too large for a message", async () => {
    const { url } = await startTestServer({ maxMessageBytes: 10 });
    expectProblem(await publishBatch(url, '1\n"0123456789"\n'), 413, "FF_MESSAGE_TOO_LARGE");
    expect(await kept(url, "doors")).to.deep.equal([]);
  });

  for (const body of ["", "\n", "\r\n\n"]) {
    it(`is refused with 400 when it holds no message: ${JSON.stringify(body)}`, async () => {
      const { url } = await startTestServer();
      expectProblem(await publishBatch(url, body), 400, "FF_BODY_INVALID");
    });
  }

  it("may have maxBatchMessages messages, and not one more", async () => {
    const { url } = await startTestServer({ maxBatchMessages: 3 });
    expect((await publishBatch(url, "1\n2\n3\n")).status).to.equal(201);
    expectProblem(await publishBatch(url, "1\n2\n3\n4\n"), 413, "FF_BATCH_TOO_LARGE");
    expect(await kept(url, "doors")).to.have.lengthOf(3);
  });

  it("may have maxBatchBytes bytes, and not one more", async () => {
    const { url } = await startTestServer({ maxBatchBytes: 20, maxMessageBytes: 10 });
    expect((await publishBatch(url, `${"1234567\n".repeat(2)}123\n`)).status).to.equal(201);
    const over = await publishBatch(url, `${"1234567\n".repeat(2)}1234\n`);
    expectProblem(over, 413, "FF_BATCH_TOO_LARGE");
    expect(await kept(url, "doors")).to.have.lengthOf(3);
  });
});

describe("POST /messages", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("appends to each channel, with an id for each in the order given", async () => {
    const { url } = await startTestServer();
    const { connection } = await openFrame(url, "channels=**");
    const answer = await publishTogether(url, '{"channels":["b","a.x","c"],"data":{"n":-0}}');
    expect(answer.status, answer.text).to.equal(201);
    expect(Object.keys(answer.json)).to.deep.equal(["ids"]);
    const messages = messagesOf(await untilMessages(connection, 3));
    expect(messages.map((message) => message["id"])).to.deep.equal(answer.json.ids);
    expect(messages.map((message) => message["channel"])).to.deep.equal(["b", "a.x", "c"]);
    expect(dataOf(messages)).to.deep.equal([{ n: -0 }, { n: -0 }, { n: -0 }]);
  });

  it("takes null as data", async () => {
    const { url } = await startTestServer();
    const answer = await publishTogether(url, '{"channels":["a"],"data":null}');
    expect(answer.status, answer.text).to.equal(201);
    expect((await kept(url, "a"))[0]?.data).to.equal(null);
  });

  for (const [what, body, code] of [
    ["one channel has a bad name", '{"channels":["a","b..c"],"data":1}', "FF_CHANNEL_INVALID"],
    ["one channel is a pattern", '{"channels":["a","b.*"],"data":1}', "FF_CHANNEL_INVALID"],
    ["one channel is no string", '{"channels":["a",1],"data":1}', undefined],
    ["there are no channels", '{"channels":[],"data":1}', undefined],
    ["channels is a string", '{"channels":"a","data":1}', undefined],
    ["channels is missing", '{"data":1}', undefined],
    ["data is missing", '{"channels":["a"]}', undefined],
    [
      "the data has a __proto__ key",
      '{"channels":["a"],"data":{"__proto__":1}}',
      "FF_BODY_INVALID",
    ],
    ["the body is an array", '[{"channels":["a"],"data":1}]', undefined],
    ["the body is null", "null", undefined],
    ["the body is empty", "", "FF_BODY_INVALID"],
    ["the body is broken", '{"channels":["a"],"data":1', "FF_BODY_INVALID"],
  ] as const) {
    it(`answers 400 and keeps nothing when ${what}`, async () => {
      const { url } = await startTestServer();
      expectProblem(await publishTogether(url, body), 400, code);
      expect(await kept(url, "a")).to.deep.equal([]);
    });
  }

  it("answers 413 and keeps nothing when the channels are too many", async () => {
    const { url } = await startTestServer({ maxPublishChannels: 2 });
    const answer = await publishTogether(url, '{"channels":["a","b","c"],"data":1}');
    expectProblem(answer, 413, "FF_BATCH_TOO_LARGE");
    expect(await kept(url, "a")).to.deep.equal([]);
    const taken = await publishTogether(url, '{"channels":["a","b"],"data":1}');
    expect(taken.status, taken.text).to.equal(201);
  });

  it("answers 413 when the data is larger than a message may be", async () => {
    const { url } = await startTestServer({ maxMessageBytes: 100 });
    const body = JSON.stringify({ channels: ["a"], data: "x".repeat(200) });
    expectProblem(await publishTogether(url, body), 413, "FF_MESSAGE_TOO_LARGE");
  });

  it("answers 415 to a body that is not JSON by its type", async () => {
    const { url } = await startTestServer();
    const headers = { "Content-Type": "text/plain" };
    const body = '{"channels":["a"],"data":1}';
    const answer = await ask(url, "POST", "/messages", { headers, body });
    expectProblem(answer, 415, "FF_BODY_TYPE_UNSUPPORTED");
  });
});
