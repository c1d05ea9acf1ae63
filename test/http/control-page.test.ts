import { expect } from "chai";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { type Answer, ask, closePathOf, dataOf, untilMessages } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

/**
 * The one form of a page, without its scripts: its method, and the path that its action resolves
 * to.
 */
function formOf(page: Answer, address: string): { readonly method: string; readonly path: string } {
  const html = page.text.replace(/<script[\s\S]*?<\/script>/gi, "");
  const [form = "", attributes = ""] = /<form([^>]*)>[\s\S]*?<\/form>/i.exec(html) ?? [];
  expect(form, "a button that submits without script").to.match(/<(button|input)[^>]*>/i);
  const [, method = ""] = /method="?(\w+)"?/i.exec(attributes) ?? [];
  const [, action = ""] = /action="([^"]*)"/i.exec(attributes) ?? [];
  return { method: method.toLowerCase(), path: new URL(action, address).pathname };
}

describe("GET /control", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  it("has a form, usable without script, that posts to where the stream is closed", async () => {
    const { url } = await startTestServer();
    const { connection, open } = await openFrame(url, "channels=doors");
    const address = `/control?stream=${String(open["stream"])}`;
    const page = await ask(url, "GET", address);
    expect(page.status).to.equal(200);
    expect(page.headers["content-type"]).to.equal("text/html; charset=utf-8");
    expect(page.headers["cache-control"]).to.include("no-store");
    const form = formOf(page, `${url}${address}`);
    expect(form).to.deep.equal({ method: "post", path: closePathOf(url, open) });
    const answer = await ask(url, "POST", form.path, {
      headers: {
        "Content-Type": "application/x-www-form-urlencoded",
        Accept: "text/html,*/*;q=0.8",
        Origin: url,
        "Sec-Fetch-Site": "same-origin",
      },
      body: "",
    });
    expect(answer.status).to.equal(200);
    expect(answer.text).to.include("parent.controlled({");
    const events = await connection.untilEvents(
      (seen) => seen.at(-1)?.type === "close",
      "the close event",
    );
    expect(events.at(-1)).to.include({ reason: "client", reconnect: false });
  });

  it("changes nothing, and neither does any other GET that names the stream", async () => {
    const { url } = await startTestServer();
    const { connection, open } = await openFrame(url, "channels=doors");
    const stream = String(open["stream"]);
    for (const path of [
      `/control?stream=${stream}`,
      `/control?stream=${stream}&close=1&action=close`,
      `/streams/${stream}/close`,
      `/streams/${stream}`,
    ]) {
      for (const method of ["GET", "HEAD"]) await ask(url, method, path);
    }
    await publishJson(url, "doors", "still open");
    expect(dataOf(await untilMessages(connection, 1))).to.deep.equal(["still open"]);
  });

  it("shows another state when the stream is closed", async () => {
    const { url } = await startTestServer();
    const { open } = await openFrame(url, "channels=doors");
    const address = `/control?stream=${String(open["stream"])}`;
    const before = await ask(url, "GET", address);
    await ask(url, "POST", closePathOf(url, open));
    const after = await ask(url, "GET", address);
    expect(after.status).to.equal(200);
    expect(after.text).not.to.equal(before.text);
  });

  it("holds nothing of the request as markup", async () => {
    const { url } = await startTestServer();
    for (const evil of ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>']) {
      const page = await ask(url, "GET", `/control?stream=${encodeURIComponent(evil)}`, {
        headers: { Accept: "text/html" },
      });
      expect(page.status).to.be.within(200, 499);
      if (String(page.headers["content-type"]).includes("html")) {
        expect(page.text).not.to.include(evil);
      }
      expect(page.headers).to.include({ "x-content-type-options": "nosniff" });
    }
  });

  it("lets only its own script run, by a nonce that is another one each time", async () => {
    const { url } = await startTestServer();
    const nonces = new Set<string>();
    for (let n = 0; n < 3; n++) {
      const { open } = await openFrame(url, "channels=doors");
      const { headers, text } = await ask(url, "POST", closePathOf(url, open), {
        headers: { Accept: "text/html" },
      });
      const policy = String(headers["content-security-policy"]);
      const [, nonce = ""] =
        /script-src 'nonce-([\w+/=]{22,})' 'unsafe-inline';/.exec(policy) ?? [];
      expect(text).to.contain(`<script nonce="${nonce}">try{parent.controlled(`);
      nonces.add(nonce);
    }
    expect(nonces.size).to.equal(3);
  });
});
