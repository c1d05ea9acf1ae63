import { expect } from "chai";
import { closeConnections, openFrame } from "../support/raw-http.ts";
import { ask, expectProblem } from "../support/request.ts";
import { removeTemporaryDirectories } from "../support/temporary-directory.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { bearer, createSecretFile, signToken } from "../support/tokens.ts";

const TOKEN = "the-admin-token";
const ADMIN = { Authorization: `Bearer ${TOKEN}` };
const JSON_TYPE = { "Content-Type": "application/json" };

describe("what an admin says with a close", () => {
  let url: string;

  beforeEach(async () => {
    ({ url } = await startTestServer({ adminToken: TOKEN }));
  });
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  const post = (path: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
    ask(url, "POST", path, { headers: { ...JSON_TYPE, ...headers }, body });
  const closeOf = async (connection: Awaited<ReturnType<typeof openFrame>>["connection"]) =>
    (await connection.untilEvents((events) => events.at(-1)?.type === "close", "close")).at(-1);

  it("stands in a frame's script as data that no markup gets out of", async () => {
    const { connection } = await openFrame(url, "channels=doors");
    const text = "</script><script>parent.evil()</script>";
    expect(
      (await post("/channels/doors/close", JSON.stringify({ text }), ADMIN)).json,
    ).to.deep.equal({ closed: 1 });
    expect(await closeOf(connection)).to.include({ type: "close", reason: "admin", text });
    expect(connection.body).to.not.contain("evil()</script>");
    expect(connection.body).to.contain("\\u003c/script\\u003e");
  });

  it("may have 500 characters, and is refused with one more", async () => {
    const { connection } = await openFrame(url, "channels=doors&client=panel");
    const text = "\u{1d11e}".repeat(500);
    const tooLong = await post("/clients/panel/close", JSON.stringify({ text: `${text}.` }), ADMIN);
    expectProblem(tooLong, 400, "FF_BODY_INVALID");
    expect(connection.ended).to.equal(false);
    const escaped = JSON.stringify({ text }).replaceAll("\u{1d11e}", "\\ud834\\udd1e");
    expect((await post("/clients/panel/close", escaped, ADMIN)).json).to.deep.equal({ closed: 1 });
    expect(await closeOf(connection)).to.include({ text });
  });

  for (const body of [
    "7",
    '"text"',
    "[]",
    "null",
    '{"text":7}',
    '{"txt":"a"}',
    '{"text":"a","b":1}',
    "{",
  ]) {
    it(`is refused as ${body}, and nothing is closed`, async () => {
      const { connection } = await openFrame(url, "channels=doors&client=panel");
      for (const path of ["/clients/panel/close", "/channels/doors/close", "/streams/1/close"])
        expectProblem(await post(path, body, ADMIN), 400, "FF_BODY_INVALID");
      expect(connection.ended).to.equal(false);
    });
  }

  for (const [name, body, headers] of [
    ["nothing", "", {}],
    ["nothing, as a form", "", { "Content-Type": "application/x-www-form-urlencoded" }],
    ["an object without text", "{}", {}],
    ["an empty text", '{"text":""}', {}],
  ] as const) {
    it(`is left out where the body is ${name}`, async () => {
      const { connection } = await openFrame(url, "channels=doors&client=panel");
      const answer = await post("/clients/panel/close", body, { ...headers, ...ADMIN });
      expect(answer.json).to.deep.equal({ closed: 1 });
      expect(await closeOf(connection)).to.have.all.keys(
        "type",
        "reason",
        "reconnect",
        "retryMs",
        "cursor",
      );
    });
  }

  it("may come as curl sends JSON, which it calls a form", async () => {
    const { connection } = await openFrame(url, "channels=doors");
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    await post("/channels/doors/close", '{"text":"at 6"}', { ...form, ...ADMIN });
    expect(await closeOf(connection)).to.include({ text: "at 6" });
  });

  it("counts for a stream by its id only with the admin's token: a client says nothing to itself", async () => {
    const body = '{"text":"not from an admin"}';
    for (const headers of [{}, { Authorization: "Bearer a-wrong-token-of-many" }]) {
      const { connection, open } = await openFrame(url, "channels=doors");
      const receipt = await post(`/streams/${open["stream"]}/close`, body, headers);
      expect(receipt.json).to.include({ reason: "client" }).and.not.have.property("text");
      expect(await closeOf(connection))
        .to.include({ reason: "client" })
        .and.not.have.property("text");
    }
    const { open } = await openFrame(url, "channels=doors");
    const receipt = await post(`/streams/${open["stream"]}/close`, body, ADMIN);
    expect(receipt.json).to.include({ reason: "admin", text: "not from an admin" });
  });

  it("is never waited for where no token came: a client's own close needs no body", async () => {
    const { open } = await openFrame(url, "channels=doors");
    const headers = { ...JSON_TYPE, "Content-Length": "100" };
    const closing = fetch(`${url}/streams/${open["stream"]}/close`, {
      method: "POST",
      headers,
      body: new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from("{")) }),
      duplex: "half",
    } as RequestInit);
    expect((await closing).status).to.equal(200);
  });

  it("is shown as text on the receipt's page", async () => {
    const { open } = await openFrame(url, "channels=doors");
    await post("/channels/doors/close", '{"text":"<b>bold</b>"}', ADMIN);
    const page = await ask(url, "POST", `/streams/${open["stream"]}/close`, {
      headers: { Accept: "text/html" },
    });
    expect(page.text).to.contain("closed (admin: &#60;b&#62;bold&#60;/b&#62;)");
    expect(page.text).to.not.contain("<b>");
  });

  it("is told to a poll, and to its client again if it comes back", async () => {
    const poll = (more: string) => ask(url, "GET", `/stream?transport=poll&channels=doors${more}`);
    const { stream, cursor } = (await poll("&wait=0")).json;
    const waiting = poll(`&stream=${stream}&after=${cursor}&wait=20`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await post("/channels/doors/close", '{"text":"\\u2028</script>"}', ADMIN);
    const said = { stop: 1, reason: "admin", text: "\u2028</script>" };
    const answer = await waiting;
    expect(answer.json).to.include(said);
    expect(answer.text).to.not.contain("\u2028").and.not.contain("</script>");
    expect((await poll(`&stream=${stream}&after=${cursor}`)).json).to.include(said);
  });
});

describe("a close by the handle of a listing", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
    removeTemporaryDirectories();
  });

  it("ends that stream with admin, and tells how many ended", async () => {
    const { url } = await startTestServer({ adminToken: TOKEN });
    const first = await openFrame(url, "channels=doors");
    const second = await openFrame(url, "channels=doors");
    const close = (handle: number) =>
      ask(url, "POST", `/streams/${handle}/close`, { headers: ADMIN });
    expect((await close(2)).json).to.deep.equal({ closed: 1 });
    await second.connection.untilEvents((events) => events.at(-1)?.["reason"] === "admin", "close");
    expect((await close(2)).json).to.deep.equal({ closed: 0 });
    expect(first.connection.ended).to.equal(false);
  });

  it("is for admins, whoever else may close streams", async () => {
    const { path: secretFile, secret } = createSecretFile();
    const { url } = await startTestServer({ adminToken: TOKEN, secretFile });
    const close = (headers: Readonly<Record<string, string>>) =>
      ask(url, "POST", "/streams/1/close", { headers });
    expectProblem(await close({}), 401);
    const token = await signToken({ sub: "alice", foreverframe: { subscribe: ["**"] } }, secret);
    expectProblem(await close(bearer(token)), 403, "FF_FORBIDDEN");
    expect((await close(ADMIN)).json).to.deep.equal({ closed: 0 });
  });
});
