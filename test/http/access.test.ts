import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { expect } from "chai";
import { tellsItsSource } from "../../src/http/middleware/access.ts";
import { closeConnections, openFrame, publishJson } from "../support/raw-http.ts";
import { type Answer, ask, closePathOf, dataOf, kept, untilMessages } from "../support/request.ts";
import { startTestServer, stopServers } from "../support/test-server.ts";

const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

/** One request of each kind; each changes or shows something if it is let through. */
const REQUESTS = {
  "opening a frame": { method: "HEAD", path: "/stream?channels=doors" },
  "opening an NDJSON stream": { method: "HEAD", path: "/stream?transport=ndjson&channels=doors" },
  "publishing JSON": {
    method: "POST",
    path: "/channels/doors/messages",
    headers: { "Content-Type": "application/json" },
    body: "1",
  },
  "publishing a form": {
    method: "POST",
    path: "/channels/doors/messages",
    headers: FORM,
    body: "msg=1",
  },
  "publishing text": {
    method: "POST",
    path: "/channels/doors/messages",
    headers: { "Content-Type": "text/plain" },
    body: "1",
  },
  "publishing to several channels": {
    method: "POST",
    path: "/messages",
    headers: { "Content-Type": "application/json" },
    body: '{"channels":["doors"],"data":1}',
  },
  reading: { method: "GET", path: "/channels/doors/messages" },
  "seeing the control page": { method: "GET", path: "/control?stream={stream}" },
  "closing a stream": { method: "POST", path: "/streams/{stream}/close", headers: FORM, body: "" },
} as const satisfies Record<
  string,
  { method: string; path: string; headers?: OutgoingHttpHeaders; body?: string }
>;

type Kind = keyof typeof REQUESTS;
const KINDS = Object.keys(REQUESTS) as readonly Kind[];
const POSTS = KINDS.filter((kind) => REQUESTS[kind].method === "POST");

function send(
  url: string,
  kind: Kind,
  stream: string,
  extra: OutgoingHttpHeaders,
): Promise<Answer> {
  const request: { method: string; path: string; headers?: OutgoingHttpHeaders; body?: string } =
    REQUESTS[kind];
  const { method, path, headers = {}, body = "" } = request;
  return ask(url, method, path.replace("{stream}", stream), {
    headers: { ...headers, ...extra },
    ...(method === "POST" ? { body } : {}),
  });
}

/**
 * Send one kind of request to a server with an open stream, and hold that a refusal changed
 * nothing.
 */
async function expectRefused(
  kind: Kind,
  extra: (url: string) => OutgoingHttpHeaders,
): Promise<void> {
  const { url } = await startTestServer();
  const { connection, open } = await openFrame(url, "channels=doors");
  const answer = await send(url, kind, String(open["stream"]), extra(url));
  expect(answer.status, answer.text).to.equal(403);
  expect(answer.headers["cache-control"]).to.include("no-store");
  if (!kind.startsWith("opening")) {
    expect(answer.headers["content-type"]).to.match(/^application\/problem\+json/);
    expect(answer.json.code).to.be.oneOf(["FF_HOST_REFUSED", "FF_ORIGIN_REFUSED"]);
  }
  expect(await kept(url, "doors")).to.deep.equal([]);
  await publishJson(url, "doors", "still open");
  expect(dataOf(await untilMessages(connection, 1))).to.deep.equal(["still open"]);
}

/** Send one kind of request to a server with an open stream, and hold that it was let through. */
async function expectPassed(
  kind: Kind,
  extra: (url: string) => OutgoingHttpHeaders,
  settings: Parameters<typeof startTestServer>[0] = {},
): Promise<void> {
  const { url } = await startTestServer(settings);
  const { open } = await openFrame(url, "channels=doors");
  const answer = await send(url, kind, String(open["stream"]), extra(url));
  expect(answer.status, answer.text).to.be.oneOf([200, 201]);
}

const portOf = (url: string): string => new URL(url).port;

describe("who may call", () => {
  afterEach(async () => {
    closeConnections();
    await stopServers();
  });

  for (const kind of KINDS) {
    it(`refuses ${kind} when Host is a name that was rebound to this address`, () =>
      expectRefused(kind, (url) => ({
        Host: `rebound.example:${portOf(url)}`,
        Origin: `http://rebound.example:${portOf(url)}`,
        "Sec-Fetch-Site": "same-origin",
      })));

    for (const site of ["cross-site", "same-site"]) {
      it(`refuses ${kind} when Sec-Fetch-Site is ${site}`, () =>
        expectRefused(kind, () => ({ "Sec-Fetch-Site": site })));
    }

    it(`refuses ${kind} when Origin is another site`, () =>
      expectRefused(kind, () => ({ Origin: "http://other.example" })));

    it(`refuses ${kind} when Origin is null`, () =>
      expectRefused(kind, () => ({ Origin: "null" })));

    it(`lets ${kind} through for a page of the server itself`, () =>
      expectPassed(kind, (url) => ({
        Origin: url,
        Referer: `${url}/page.html`,
        "Sec-Fetch-Site": "same-origin",
      })));

    it(`lets ${kind} through for a program that sends none of a browser's headers`, () =>
      expectPassed(kind, () => ({})));

    it(`lets ${kind} through for a page of an allowed origin`, () =>
      expectPassed(
        kind,
        () => ({ Origin: "https://intranet.example", "Sec-Fetch-Site": "cross-site" }),
        { allowedOrigins: ["https://intranet.example"] },
      ));
  }

  for (const kind of POSTS) {
    it(`refuses ${kind} when there is no Origin and Referer is another site's`, () =>
      expectRefused(kind, () => ({ Referer: "http://other.example/page" })));

    it(`lets ${kind} through when there is no Origin and Referer is the server's own`, () =>
      expectPassed(kind, (url) => ({ Referer: `${url}/page.html?x=1` })));
  }

  it("does not take a Referer that was blanked for one that says where a request comes from", () => {
    const request = (referer: string) => ({ headers: { referer } }) as IncomingMessage;
    expect(
      ["", "-", "****", "http://a.example/page"].map((text) => tellsItsSource(request(text))),
    ).to.deep.equal([false, false, false, true]);
  });

  it("lets a request that changes nothing through, whatever its Referer", () =>
    expectPassed("reading", () => ({ Referer: "http://other.example/page" })));

  it("lets through what somebody typed into the address bar", () =>
    expectPassed("seeing the control page", () => ({ "Sec-Fetch-Site": "none" })));

  for (const [what, host] of Object.entries({
    "another name": "other.example",
    "another address": "192.0.2.1",
    "a name that starts like this address": "127.0.0.1.other.example",
    "a name that starts like localhost": "localhost.other.example",
    "a name that ends like localhost": "notlocalhost",
    "localhost as a user's name": "localhost@other.example",
    "another name with localhost as its port": "other.example:localhost",
  })) {
    it(`refuses the Host that is ${what}: ${host}`, async () => {
      const { url } = await startTestServer();
      const answer = await ask(url, "GET", "/channels/doors/messages", { headers: { Host: host } });
      expect(answer.status).to.be.oneOf([400, 403]);
      expect(answer.headers["content-type"]).to.match(/^application\/problem\+json/);
    });
  }

  for (const host of [
    "localhost",
    "LOCALHOST",
    "LocalHost:{port}",
    "127.0.0.1",
    "[::1]:{port}",
    "[::1]",
    "localhost:1",
  ]) {
    it(`takes the loopback name ${host} as Host`, async () => {
      const { url } = await startTestServer();
      const headers = { Host: host.replace("{port}", portOf(url)) };
      const answer = await ask(url, "GET", "/channels/doors/messages", { headers });
      expect(answer.status, answer.text).to.equal(200);
    });
  }

  it("takes a Host of allowedHosts with any port and in any case, and no other", async () => {
    const { url } = await startTestServer({ allowedHosts: ["push.example"] });
    const status = async (host: string): Promise<number> => {
      const headers = { Host: host };
      return (await ask(url, "GET", "/channels/doors/messages", { headers })).status;
    };
    expect(await status("push.example")).to.equal(200);
    expect(await status("PUSH.example:8080")).to.equal(200);
    expect(await status("localhost")).to.equal(200);
    expect(await status("other.push.example")).to.equal(403);
    expect(await status("push.example.org")).to.equal(403);
  });

  for (const [what, origin] of Object.entries({
    "the same host on another port": "http://127.0.0.1:1",
    "another loopback name": "http://localhost:{port}",
    "a name that starts like this address": "http://127.0.0.1:{port}.other.example",
    "an extension's page": "chrome-extension://abcdef",
  })) {
    it(`takes as another origin ${what}`, async () => {
      const { url } = await startTestServer();
      const headers = { Origin: origin.replace("{port}", portOf(url)) };
      const answer = await ask(url, "GET", "/channels/doors/messages", { headers });
      expect(answer.status, answer.text).to.equal(403);
    });
  }

  it("takes as its own origin the same host and port by https, which a proxy before it may speak", async () => {
    const { url } = await startTestServer();
    const headers = { Origin: url.replace("http:", "https:") };
    const answer = await ask(url, "GET", "/channels/doors/messages", { headers });
    expect(answer.status, answer.text).to.equal(200);
  });

  it("shows a page to somebody who follows a link from another site, but not in a frame, and nothing but pages", async () => {
    const { url } = await startTestServer();
    const status = async (path: string, destination: string): Promise<number> => {
      const headers = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": destination,
      };
      return (await ask(url, "GET", path, { headers })).status;
    };
    expect(await status("/", "document")).to.equal(200);
    expect(await status("/doors.html", "document")).to.equal(200);
    expect(await status("/", "iframe")).to.equal(403);
    expect(await status("/channels/doors/messages", "document")).to.equal(403);
    expect(await status("/stream?channels=doors", "document")).to.equal(403);
  });

  it("refuses an origin that only looks like an allowed one", async () => {
    const { url } = await startTestServer({ allowedOrigins: ["https://intranet.example"] });
    for (const Origin of [
      "http://intranet.example",
      "https://intranet.example:8443",
      "https://intranet.example.org",
      "https://x.intranet.example",
      "null",
    ]) {
      const headers = { Origin };
      const answer = await ask(url, "GET", "/channels/doors/messages", { headers });
      expect(answer.status, Origin).to.equal(403);
    }
  });

  it("refuses an allowed origin's page when the Host is not on the list", async () => {
    const { url } = await startTestServer({ allowedOrigins: ["https://intranet.example"] });
    const headers = { Host: "other.example", Origin: "https://intranet.example" };
    const answer = await ask(url, "GET", "/channels/doors/messages", { headers });
    expect(answer.status).to.equal(403);
  });

  it("says nothing that another site's page could read, to an origin that is not allowed", async () => {
    const { url } = await startTestServer();
    const { open } = await openFrame(url, "channels=doors");
    const headers = { Origin: "http://other.example" };
    for (const path of ["/channels/doors/messages", closePathOf(url, open)]) {
      const answer = await ask(url, "GET", path, { headers });
      expect(answer.headers).not.to.have.property("access-control-allow-origin");
    }
  });
});
