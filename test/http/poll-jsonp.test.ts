import type { OutgoingHttpHeaders } from "node:http";
import { expect } from "chai";
import { closeConnections, publishJson } from "../support/raw-http.ts";
import { type Answer, ask, expectProblem } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { within } from "../support/within.ts";

const jsonp = (
  url: string,
  query: string,
  callback: string,
  headers: OutgoingHttpHeaders = { Referer: `${url}/page.html` },
): Promise<Answer> =>
  ask(url, "GET", `/stream?transport=poll&${query}&callback=${encodeURIComponent(callback)}`, {
    headers,
  });

/** What a browser says of a page of the server itself. */
const OWN = { "Sec-Fetch-Site": "same-origin" };

/**
 * Run an answer as a page's script would, with `app.show` and `show`, and return what they were
 * given.
 */
function run({ text }: Answer): readonly unknown[] {
  const shown: unknown[] = [];
  const show = (...values: readonly unknown[]) => shown.push(...values);
  new Function("app", "show", `"use strict";${text}`)({ show }, show);
  return shown;
}

/** Hold an answer to the form of a script, and return the one object that it calls `name` with. */
function expectScript(answer: Answer, name: string): Record<string, unknown> {
  expect(answer.status, answer.text).to.equal(200);
  expect(answer.headers["content-type"]).to.match(/^application\/javascript(;|$)/);
  expect(answer.headers["x-content-type-options"]).to.equal("nosniff");
  expect(answer.headers["cache-control"]).to.equal("no-store, no-transform");
  expect(answer.headers["x-accel-buffering"]).to.equal("no");
  expect(answer.headers["referrer-policy"]).to.equal("no-referrer");
  const start = `/**/${name}(`;
  expect(answer.text.slice(0, start.length)).to.equal(start);
  expect(answer.text.slice(-2)).to.equal(");");
  return JSON.parse(answer.text.slice(start.length, -2));
}

describe("a long poll as JSONP", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  for (const callback of ["show", "parent.push", "alert(1)"]) {
    it(`is refused with FF_CALLBACK_INVALID for ${callback} where it was not switched on`, async () => {
      const { url } = await startTestServer();
      const answer = await jsonp(url, "channels=doors&wait=0", callback);
      expectProblem(answer, 400, "FF_CALLBACK_INVALID");
      expect(answer.headers["x-content-type-options"]).to.equal("nosniff");
    });
  }

  it("is a script that calls the function with the answer of a poll, and nothing else", async () => {
    const { url } = await startTestServer({ jsonp: true });
    const id = await publishJson(url, "doors", { vid: 7 });
    const answer = expectScript(
      await jsonp(url, "channels=doors&last=1&wait=0", "app.show"),
      "app.show",
    );
    expect(answer).to.have.all.keys(
      "stream",
      "cursor",
      "messages",
      "gaps",
      "live",
      "stop",
      "reason",
    );
    expect(answer).to.deep.include({ cursor: id, gaps: [], live: true, stop: 0, reason: null });
    expect(answer).to.have.nested.property("messages[0].data.vid", 7);
    expect(answer).to.have.nested.property("messages[0].id", id);
  });

  it("is text that every script engine takes for the same data", async () => {
    const { url } = await startTestServer({ jsonp: true });
    const data = ["</script><!-- ]]>", "\u2028\u2029", "\ud834\udd1e\r\n\0", "*/;alert(1)//"];
    await publishJson(url, "doors", data);
    const answer = await jsonp(url, "channels=doors&last=1&wait=0", "app.show");
    expect(answer.text).to.not.match(/<\/script|<!--|[\u2028\u2029\0]/i);
    const [shown, ...more] = run(answer);
    expect(more).to.deep.equal([]);
    expect(shown).to.have.nested.property("messages[0].data").that.deep.equals(data);
  });

  it("is plain JSON without a callback", async () => {
    const { url } = await startTestServer({ jsonp: true });
    const answer = await ask(url, "GET", "/stream?transport=poll&channels=doors&wait=0");
    expect(answer.headers["content-type"]).to.match(/^application\/json/);
    expect(answer.json).to.include({ stop: 0, reason: null });
  });

  it("waits, goes on from its cursor in its stream, and hears of its close", async () => {
    const { url } = await startTestServer({ jsonp: true });
    const first = expectScript(await jsonp(url, "channels=doors&wait=0", "show"), "show");
    const query = `channels=doors&stream=${first["stream"]}&wait=60&after=`;
    const waiting = jsonp(url, `${query}${first["cursor"]}`, "show2");
    const id = await publishJson(url, "doors", 1);
    const second = expectScript(await within(2_000, waiting, "the message"), "show2");
    expect(second).to.include({ stream: first["stream"], cursor: id, stop: 0 });
    expect(second["messages"]).to.have.lengthOf(1);
    await ask(url, "POST", `/streams/${first["stream"]}/close`);
    const last = expectScript(await jsonp(url, `${query}${id}`, "show3"), "show3");
    expect(last).to.deep.include({ messages: [], stop: 1, reason: "client" });
  });

  for (const callback of ["$", "_", "a1", "a.b.c", "$1._2.A", "x".repeat(64)]) {
    it(`calls ${callback}`, async () => {
      const { url } = await startTestServer({ jsonp: true });
      expectScript(await jsonp(url, "channels=doors&wait=0", callback), callback);
    });
  }

  for (const callback of [
    "alert(1)",
    "opener.push",
    "parent.document.write",
    "a..b",
    ".a",
    "a.",
    "1a",
    "a.1",
    "a-b",
    "a b",
    "a[0]",
    "a;b",
    "a//",
    "a\n",
    "a\u2028",
    "é",
    "\u0430",
    "<script>",
    "x".repeat(65),
  ]) {
    it(`is refused with FF_CALLBACK_INVALID for ${JSON.stringify(callback)}, and is no script`, async () => {
      const { url } = await startTestServer({ jsonp: true });
      const answer = await jsonp(url, "channels=doors&wait=0", callback);
      expectProblem(answer, 400, "FF_CALLBACK_INVALID");
      expect(answer.headers["x-content-type-options"]).to.equal("nosniff");
    });
  }

  it("is refused for a bad callback even where something else is wrong", async () => {
    const { url } = await startTestServer({ jsonp: true });
    const answer = await jsonp(url, "channels=a..b&after=x!", "alert(1)");
    expect(answer.status).to.equal(400);
    expect(answer.headers["content-type"]).to.match(/^application\/problem\+json/);
  });

  for (const [what, query, headers, code, status] of [
    ["no selector", "channels=a..b", OWN, "FF_SELECTOR_INVALID", 400],
    ["no channels", "wait=0", OWN, "FF_SELECTOR_INVALID", 400],
    ["no cursor", "channels=doors&after=x!", OWN, "FF_CURSOR_INVALID", 400],
    ["no wait", "channels=doors&wait=61", OWN, "FF_PARAMETER_INVALID", 400],
    ["after and last", "channels=doors&after=a.1&last=1", OWN, "FF_PARAMETER_INVALID", 400],
    ["a page that hides where it is", "channels=doors&wait=0", {}, "FF_ORIGIN_REFUSED", 403],
    [
      "a foreign Origin",
      "channels=doors&wait=0",
      { Origin: "http://evil.example" },
      "FF_ORIGIN_REFUSED",
      403,
    ],
    [
      "a foreign Referer",
      "channels=doors&wait=0",
      { Referer: "http://evil.example/page" },
      "FF_ORIGIN_REFUSED",
      403,
    ],
    [
      "a page of another site",
      "channels=doors&wait=0",
      { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "script", "Sec-Fetch-Mode": "no-cors" },
      "FF_ORIGIN_REFUSED",
      403,
    ],
    ["a foreign Host", "channels=doors&wait=0", { Host: "evil.example" }, "FF_HOST_REFUSED", 403],
  ] as const) {
    it(`tells the function of ${code} for ${what}, with a status that runs`, async () => {
      const { url } = await startTestServer({ jsonp: true });
      await publishJson(url, "doors", "a secret");
      const answer = await jsonp(url, query, "app.show", headers);
      const error = expectScript(answer, "app.show");
      expect(answer.text).to.match(/^\/\*\*\/app\.show\(\{"type":"error",/);
      expect(error).to.have.all.keys("type", "code", "status", "detail", "reconnect");
      expect(error).to.include({ type: "error", code, status, reconnect: false });
      expect(error["detail"]).to.be.a("string").and.not.equal("");
      expect(run(answer)).to.deep.equal([error]);
    });
  }

  it("tells the function that there are too many streams, and to come back", async () => {
    const { url } = await startTestServer({ jsonp: true, maxStreamsPerClient: 1 });
    const query = "channels=doors&wait=0&client=panel";
    expectScript(await jsonp(url, query, "show"), "show");
    const error = expectScript(await jsonp(url, query, "show"), "show");
    const code = "FF_CLIENT_STREAMS_TOO_MANY";
    expect(error).to.include({ type: "error", code, status: 429, reconnect: true });
  });

  it("is for pages of an allowed origin, and of its own, which Referer tells", async () => {
    const { url } = await startTestServer({
      jsonp: true,
      allowedOrigins: ["https://pages.example"],
    });
    for (const page of ["https://pages.example/a/page", `${url}/page`]) {
      const answer = await jsonp(url, "channels=doors&wait=0", "show", { Referer: page });
      expect(expectScript(answer, "show")).to.include({ stop: 0 });
    }
  });
});
