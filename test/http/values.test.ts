import { expect } from "chai";
import { closeConnections } from "../support/raw-http.ts";
import { ask, expectProblem, kept } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

const FORM = "application/x-www-form-urlencoded";

const send = (url: string, type: string, body: string, path = "/channels/doors/messages") =>
  ask(url, "POST", path, { headers: { "Content-Type": type }, body });

const dataOf = async (url: string) => (await kept(url, "doors")).map(({ data }) => data);

describe("what publishers really send", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  for (const body of ['{"vid":7}', '[1,"a=b&c"]', ' {"a":"100%"}\n', "{}"]) {
    it(`is JSON where a form's whole body is, as curl -d sends it: ${JSON.stringify(body)}`, async () => {
      const { url } = await startTestServer();
      expect((await send(url, FORM, body)).status).to.equal(201);
      expect(await dataOf(url)).to.deep.equal([JSON.parse(body)]);
    });
  }

  for (const [body, data] of [
    ["{a=1", { "{a": "1" }],
    ["7", { "7": "" }],
    ["[]=1&[]=2", { "[]": ["1", "2"] }],
  ] as const) {
    it(`stays a form where it is no object and no array: ${body}`, async () => {
      const { url } = await startTestServer();
      expect((await send(url, FORM, body)).status).to.equal(201);
      expect(await dataOf(url)).to.deep.equal([data]);
    });
  }

  it("may have 1,000 fields, and not one more", async () => {
    const { url } = await startTestServer();
    expect((await send(url, FORM, "a&".repeat(1_000))).status).to.equal(201);
    expectProblem(await send(url, FORM, "a&".repeat(1_001)), 400, "FF_BODY_INVALID");
  });

  it("is told of http_build_query where PHP's curl made it multipart", async () => {
    const { url } = await startTestServer();
    const answer = await send(url, "multipart/form-data; boundary=x", "--x--");
    expectProblem(answer, 415, "FF_BODY_TYPE_UNSUPPORTED");
    expect(answer.json.detail).to.include("http_build_query");
  });

  for (const [type, body, data] of [
    ["application/json", '{"vid":7}', [{ vid: 7 }]],
    ["application/x-ndjson", "1\n2", [1, 2]],
    ["text/plain", "hi", ["hi"]],
    [FORM, "msg=hi", ["hi"]],
  ] as const) {
    it(`may begin with a byte order mark as ${type}`, async () => {
      const { url } = await startTestServer();
      expect((await send(url, type, `\ufeff${body}`)).status).to.equal(201);
      expect(await dataOf(url)).to.deep.equal(data);
      expectProblem(await send(url, "application/json", "\ufeff"), 400, "FF_BODY_INVALID");
    });
  }

  it("may be as deep to several channels as to one, and not deeper", async () => {
    const { url } = await startTestServer();
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    const spread = (depth: number) =>
      send(url, "application/json", `{"channels":["a"],"data":${nested(depth)}}`, "/messages");
    expect((await send(url, "application/json", nested(100))).status).to.equal(201);
    expect((await spread(100)).status).to.equal(201);
    expectProblem(await send(url, "application/json", nested(101)), 400, "FF_BODY_INVALID");
    expectProblem(await spread(101), 400, "FF_BODY_INVALID");
  });

  it("takes an empty parameter for one that is not there, and spaces around the selectors of a list", async () => {
    const { url } = await startTestServer();
    await send(url, "text/plain", "hi");
    const query =
      "transport=poll&wait=0&client=&after=&callback=&last=1&channels=lifts,%20doors%20";
    const answer = await ask(url, "GET", `/stream?${query}`);
    expect(answer.status, answer.text).to.equal(200);
    expect(answer.json.messages).to.have.lengthOf(1);
  });

  it("takes 64 selectors of 128 bytes each, in the longest spelling", async () => {
    const { url } = await startTestServer();
    const selectors = Array.from({ length: 64 }, (_, n) =>
      `${"門".repeat(42)}${String.fromCharCode(48 + n)}x`.slice(0, 43),
    );
    const query = encodeURIComponent(selectors.join(","));
    expect(query.length).to.be.above(24_000);
    const answer = await ask(url, "GET", `/stream?transport=poll&wait=0&channels=${query}`);
    expect(answer.status, answer.text.slice(0, 200)).to.equal(200);
  });

  it("may poll with a form as POST, with parameters in either place", async () => {
    const { url } = await startTestServer();
    await send(url, "text/plain", "hi");
    for (const [query, form] of [
      ["transport=poll", "channels=doors&last=1&wait=0"],
      ["", "transport=poll&channels=doors&last=1&wait=0"],
      ["transport=poll&channels=doors&last=1&wait=0", ""],
    ] as const) {
      const answer = await send(url, FORM, form, `/stream?${query}`);
      expect(answer.status, answer.text).to.equal(200);
      expect(answer.json.messages[0].data).to.equal("hi");
    }
    const frame = await send(url, FORM, "channels=doors", "/stream");
    expectProblem(frame, 405, "FF_METHOD_NOT_ALLOWED");
    const foreign = await ask(url, "POST", "/stream?transport=poll&channels=doors", {
      headers: { Origin: "http://x.example" },
    });
    expect(foreign.status).to.equal(403);
  });

  for (const name of ["a/b", "100%", "ü", "a b", "%2F", "?x#y", ".", "..", "😀"]) {
    it(`may call its client ${JSON.stringify(name)}, and an operator can close it by that, as a URL library sends it`, async () => {
      const { url, adminToken } = await startTestServer();
      const query = `transport=poll&wait=0&channels=a&client=${encodeURIComponent(name)}`;
      expect((await ask(url, "GET", `/stream?${query}`)).status).to.equal(200);
      const target = new URL(`/clients/${encodeURIComponent(name)}/close`, url);
      const headers = { Authorization: `Bearer ${adminToken}` };
      const answer = await fetch(target, { method: "POST", headers });
      expect(await answer.json()).to.deep.equal({ closed: 1 });
    });
  }

  it("holds an address off that guesses admin tokens; the right one passes if it is long enough", async () => {
    const { url, adminToken } = await startTestServer();
    const call = (token: string) =>
      ask(url, "GET", "/streams", { headers: { Authorization: `Bearer ${token}` } });
    for (let n = 0; n < 10; n++) expectProblem(await call(`wrong${n}`), 401, "FF_ADMIN_REQUIRED");
    expectProblem(await call("wrong"), 429, "FF_ADMIN_GUESSES");
    expect((await call(adminToken)).status).to.equal(200);
    expectProblem(await call("wrong"), 429, "FF_ADMIN_GUESSES");
  });

  it("holds off the right admin token, too, where it is short: guesses would find it else", async () => {
    const { url } = await startTestServer({ adminToken: "secret" });
    const call = (token: string) =>
      ask(url, "GET", "/streams", { headers: { Authorization: `Bearer ${token}` } });
    expect((await call("secret")).status).to.equal(200);
    for (let n = 0; n < 10; n++) expectProblem(await call(`wrong${n}`), 401, "FF_ADMIN_REQUIRED");
    expectProblem(await call("secret"), 429, "FF_ADMIN_GUESSES");
  });
});
