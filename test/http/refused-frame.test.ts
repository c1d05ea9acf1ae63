import { expect } from "chai";
import { closeConnections, openFrame } from "../support/raw-http.ts";
import { ask, closePathOf, expectFrameRefusal, expectProblem } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";
import { eventually } from "../support/within.ts";

const BAD_CALLBACKS = {
  "a call": "alert(1)",
  "an empty name": "a..b",
  "a dot first": ".a",
  "a dot last": "a.",
  "a digit first": "1a",
  "a hyphen": "a-b",
  "a letter beyond ASCII": "%C3%A9",
  "a space": "a%20b",
  "a line end": "a%0A",
  brackets: "a%5B0%5D",
  "the end of a script": "%3C%2Fscript%3E",
  "65 bytes": `parent.${"a".repeat(58)}`,
  "a function of the frame's own": "push",
  "the window that opened it": "opener.push",
  "the window that opened its parent": "parent.opener.push",
  "its parent's document": "parent.document.forms.publish.submit",
  "the topmost window": "top.push",
  "its grandparent": "parent.parent.push",
  "a constructor": "parent.push.constructor",
};

describe("a refused display frame", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  for (const [what, callback] of Object.entries(BAD_CALLBACKS)) {
    it(`answers 400 FF_CALLBACK_INVALID to parent.push when the callback has ${what}`, async () => {
      const { url } = await startTestServer();
      const answer = await ask(url, "GET", `/stream?channels=doors&callback=${callback}`);
      const event = expectFrameRefusal(answer, 400, "FF_CALLBACK_INVALID");
      expect(event["reconnect"]).to.equal(false);
    });
  }

  it("takes a callback of exactly 64 bytes", async () => {
    const { url } = await startTestServer();
    const callback = `parent.${"a".repeat(28)}.${"b".repeat(28)}`;
    const answer = await ask(url, "GET", `/stream?channels=,&callback=${callback}`);
    expectFrameRefusal(answer, 400, "FF_SELECTOR_INVALID");
  });

  it("pushes its error to parent.push and not to the callback asked for", async () => {
    const { url } = await startTestServer();
    const answer = await ask(url, "GET", "/stream?channels=,&callback=parent.other");
    expectFrameRefusal(answer, 400, "FF_SELECTOR_INVALID");
    expect(answer.text).not.to.include("parent.other");
  });

  it("pushes its error to the callback of its own client, and to none that looks like it", async () => {
    const { url } = await startTestServer();
    const refusalTo = async (callback: string) =>
      (await ask(url, "GET", `/stream?channels=,&callback=${callback}`)).text;
    for (const callback of ["parent.foreverframe.push", "parent.foreverframe.push12"])
      expect(await refusalTo(callback)).to.contain(`<script>${callback}({"type":"error"`);
    for (const callback of [
      "parent.foreverframe.open",
      "parent.foreverframe.push1234567",
      "parent.foreverframe.push.constructor",
      "parent.foreverframe.push%0A",
      "top.foreverframe.push",
    ])
      expect(await refusalTo(callback), callback).to.contain('<script>parent.push({"type":"error"');
  });

  it("answers a document where transport=frame is written out, too", async () => {
    const { url } = await startTestServer();
    const answer = await ask(url, "GET", "/stream?transport=frame&channels=doors&after=!");
    expectFrameRefusal(answer, 400, "FF_CURSOR_INVALID");
  });

  it("answers 403 and a document when the Host is not on the list", async () => {
    const { url } = await startTestServer();
    const answer = await ask(url, "GET", "/stream?channels=doors", {
      headers: { Host: "rebound.example" },
    });
    expectFrameRefusal(answer, 403, "FF_HOST_REFUSED");
  });

  it("answers 403 and a document when the page that asks is of another site", async () => {
    const { url } = await startTestServer();
    const answer = await ask(url, "GET", "/stream?channels=doors", {
      headers: { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe" },
    });
    expectFrameRefusal(answer, 403, "FF_ORIGIN_REFUSED");
  });

  it("answers 503, to be tried again, when as many streams are open as may be", async () => {
    const { url } = await startTestServer({ maxStreams: 1 });
    await openFrame(url, "channels=doors");
    const answer = await ask(url, "GET", "/stream?channels=doors");
    const event = expectFrameRefusal(answer, 503, "FF_STREAMS_TOO_MANY");
    expect(event["reconnect"]).to.equal(true);
  });

  it("makes room for another stream at once when one is closed", async () => {
    const { url } = await startTestServer({ maxStreams: 1 });
    for (let n = 0; n < 5; n += 1) {
      const { open } = await openFrame(url, "channels=doors");
      await ask(url, "POST", closePathOf(url, open));
    }
  });

  it("makes room for another stream when a client goes away", async () => {
    const { url } = await startTestServer({ maxStreams: 1 });
    const { connection } = await openFrame(url, "channels=doors");
    connection.destroy();
    await eventually(
      2_000,
      async () => {
        const answer = await ask(url, "HEAD", "/stream?channels=doors");
        return answer.status === 200;
      },
      "room for another stream",
    );
  });

  it("holds nothing of the request as markup or script", async () => {
    const { url } = await startTestServer();
    const evil = "</script><script>alert(1)</script><!--";
    for (const query of [
      `channels=${encodeURIComponent(`${evil},`)}`,
      `channels=a&after=${encodeURIComponent(evil)}`,
      `channels=a&last=${encodeURIComponent(evil)}`,
      `channels=a&callback=${encodeURIComponent(evil)}`,
    ]) {
      const answer = await ask(url, "GET", `/stream?${query}`);
      expectFrameRefusal(answer, 400);
      expect(answer.text).not.to.include("<script>alert");
      expect(answer.text).not.to.include("<!--");
    }
  });

  it("is application/problem+json for another transport", async () => {
    const { url } = await startTestServer();
    const query = "transport=ndjson&channels=doors&after=!";
    expectProblem(await ask(url, "GET", `/stream?${query}`), 400, "FF_CURSOR_INVALID");
  });

  it("is application/problem+json for a transport that is not known", async () => {
    const { url } = await startTestServer();
    const answer = await ask(url, "GET", "/stream?transport=pigeon&channels=doors");
    expectProblem(answer, 400, "FF_TRANSPORT_UNKNOWN");
  });
});
