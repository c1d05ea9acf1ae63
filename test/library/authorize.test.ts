import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { networkInterfaces } from "node:os";
import { expect } from "chai";
import { createForeverframe, type Foreverframe } from "../../src/foreverframe.ts";
import type { Authorize, AuthorizeQuestion } from "../../src/http/authorize.ts";
import type { ForeverframeOptions } from "../../src/options.ts";
import { closeConnections, openFrame } from "../support/raw-http.ts";
import { ask as send } from "../support/request.ts";
import {
  destroyClients,
  FRAME,
  NDJSON,
  openTransport,
  POLL,
  SSE,
  untilEvents,
  WEBSOCKET,
} from "../support/transport-clients.ts";

describe("authorize", () => {
  let ff: Foreverframe;
  let server: Server;
  let asked: AuthorizeQuestion[] = [];

  const start = async (options: ForeverframeOptions, host = "127.0.0.1"): Promise<string> => {
    ff = await createForeverframe({ memory: true, drainMs: 1_000, ...options });
    server = createServer((_request, response) => response.end());
    ff.attach(server, { path: "/push" });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`;
  };
  /** Ask of everybody, and answer what `answer` says. */
  const startAsking = (answer: ReturnType<Authorize>, options: ForeverframeOptions = {}) =>
    start({
      ...options,
      authorize: (_request, question) => {
        asked.push(question);
        return answer;
      },
    });
  const json = { "Content-Type": "application/json" };
  /** All that a request can want, and what is asked about it. */
  const REQUESTS: readonly (readonly [string, string, RequestInit, AuthorizeQuestion])[] = [
    ["stream", "/stream?channels=b,a.*&client=k", {}, ask("subscribe", ["a.*", "b"], "k")],
    ["head", "/stream?channels=a", { method: "HEAD" }, ask("subscribe", ["a"])],
    ["poll", "/stream?channels=a&transport=poll&wait=0", {}, ask("subscribe", ["a"])],
    [
      "posted poll",
      "/stream?transport=poll&wait=0",
      { method: "POST", body: new URLSearchParams({ channels: "a" }) },
      ask("subscribe", ["a"]),
    ],
    ["events", "/stream?channels=a&transport=sse", {}, ask("subscribe", ["a"])],
    ["read", "/channels/a/messages", {}, ask("subscribe", ["a"])],
    [
      "publish",
      "/channels/a/messages",
      { method: "POST", headers: json, body: "1" },
      ask("publish", ["a"]),
    ],
    [
      "publish to several",
      "/messages",
      { method: "POST", headers: json, body: '{"channels":["a","b"],"data":1}' },
      ask("publish", ["a", "b"]),
    ],
    ["close", "/streams/n1.x/close", { method: "POST" }, ask("close")],
    ["list of streams", "/streams", {}, ask("admin")],
    ["list of channels", "/channels", {}, ask("admin")],
    ["close of a channel", "/channels/a/close", { method: "POST" }, ask("admin", ["a"])],
    ["close of a client", "/clients/k/close", { method: "POST" }, ask("admin", [], "k")],
    ["delete", "/channels/a", { method: "DELETE" }, ask("admin", ["a"])],
  ];

  function ask(
    action: AuthorizeQuestion["action"],
    channels: readonly string[] = [],
    client: string | null = null,
  ): AuthorizeQuestion {
    return { action, channels, client };
  }

  beforeEach(() => {
    asked = [];
  });
  afterEach(async () => {
    destroyClients();
    closeConnections();
    await ff.drain();
    server.close();
    server.closeAllConnections();
  });

  for (const [name, path, init, question] of REQUESTS) {
    it(`is asked about a ${name}, and refuses it with 403 FF_FORBIDDEN`, async () => {
      const url = await startAsking(false);
      const response = await fetch(url + path, { ...init, redirect: "error" });
      expect(response.status).to.equal(403);
      expect(asked).to.deep.equal([question]);
      if (init.method !== "HEAD") expect(await response.text()).to.contain("FF_FORBIDDEN");
      expect(await ff.channels()).to.deep.equal([]);
      expect(await ff.streams()).to.deep.equal([]);
    });
  }

  it("is not asked for pages, health, and a right admin token", async () => {
    const url = await startAsking(false, { adminToken: "the-admin-token" });
    for (const path of ["/", "/foreverframe.js", "/healthz"])
      expect((await fetch(url + path)).status, path).to.equal(200);
    const list = (token: string) =>
      fetch(`${url}/streams`, { headers: { Authorization: `Bearer ${token}` } });
    expect((await list("the-admin-token")).status).to.equal(200);
    expect((await list("another")).status).to.equal(401);
    expect(asked).to.deep.equal([]);
  });

  it("is given the request, and may say which client it is", async () => {
    const url = await start({
      authorize: async ({ headers, url: path }) => {
        expect(path).to.match(/^\/stream/);
        return { allow: headers.cookie === "session=7", client: "kiosk-7" };
      },
    });
    const refused = await fetch(`${url}/stream?channels=a&client=kiosk-8`);
    expect(refused.status).to.equal(403);
    await openFrame(url, "channels=a&client=kiosk-8", ["Cookie: session=7"]);
    expect((await ff.streams())[0]).to.include({ client: "kiosk-7" });
  });

  it("is asked about the close of a stream by its client's name", async () => {
    const url = await start({
      authorize: (_request, { action, client }) => action !== "close" || client === "mine",
    });
    const mine = await openFrame(url, "channels=a&client=mine");
    const other = await openFrame(url, "channels=a&client=other");
    const close = ({ open }: typeof mine) => fetch(`${url}/${open["close"]}`, { method: "POST" });
    expect((await close(other)).status).to.equal(403);
    expect((await close(mine)).status).to.equal(200);
  });

  it("refuses by a document that a frame's page hears", async () => {
    const url = await startAsking(false);
    const response = await fetch(`${url}/stream?channels=a&transport=frame`);
    expect(await response.text()).to.match(/parent\.push\(\{"type":"error","code":"FF_FORBIDDEN"/);
  });

  for (const transport of [FRAME, NDJSON, SSE, POLL, WEBSOCKET]) {
    it(`ends a stream by ${transport.name} with expired, when its time is over`, async () => {
      const url = await startAsking({ allow: true, expiresInMs: 600 });
      const client = await openTransport(transport, url, "channels=a");
      const opened = performance.now();
      await untilEvents(client, (events) => events.some(({ type }) => type === "close"), "close");
      expect(client.events.at(-1)).to.include({ reason: "expired", reconnect: false });
      // A poll renews it by each of its requests.
      expect(performance.now() - opened).to.be.below(transport === POLL ? 5_000 : 1_500);
    });
  }

  it("ends also a stream whose client reads nothing", async () => {
    const url = await startAsking({ allow: true, expiresInMs: 400 });
    const { connection } = await openFrame(url, "channels=a");
    connection.socket.pause();
    for (let n = 0; n < 200; n++) await ff.publish("a", "x".repeat(60_000));
    const started = performance.now();
    while ((await ff.streams()).length > 0 && performance.now() - started < 5_000)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await ff.streams()).to.deep.equal([]);
  });

  for (const [name, authorize] of [
    ["throws", () => Promise.reject(new Error("the database is away"))],
    ["returns nothing", () => undefined],
    ["returns text", () => "yes"],
    ["returns an object without allow", () => ({})],
    ["returns a client that is a number", () => ({ allow: true, client: 7 })],
    ["returns a client without a name", () => ({ allow: true, client: "" })],
    ["returns a subject of a megabyte", () => ({ allow: true, subject: "x".repeat(1_000_000) })],
    [
      "throws what another library would show the client",
      () => Promise.reject(Object.assign(new Error("the database is away"), { expose: true })),
    ],
  ] as const) {
    it(`allows nothing when the function ${name}, and logs why`, async () => {
      const lines: unknown[] = [];
      const logger = {
        debug() {},
        info() {},
        warn() {},
        error: (...line: unknown[]) => void lines.push(line),
      };
      const url = await start({ authorize: authorize as unknown as Authorize, logger });
      const response = await fetch(`${url}/channels/a/messages`, {
        method: "POST",
        headers: json,
        body: "1",
      });
      expect(response.status).to.equal(500);
      expect(await response.text()).to.not.contain("database");
      expect(lines).to.have.lengthOf(1);
      expect(await ff.channels()).to.deep.equal([]);
    });
  }

  it("takes nothing from what the function returns but a permission", async () => {
    const more = { isAdmin: true, principal: { subject: "root", issuedAt: Infinity } };
    let subject = "alice";
    const authorize = () => ({ allow: true, subject, ...more });
    const url = await start({ authorize: authorize as Authorize });
    const { json: opened } = await send(url, "GET", "/stream?transport=poll&wait=0&channels=a");
    subject = "mallory";
    const { status } = await send(url, "POST", `/streams/${opened.stream}/close`);
    expect(status).to.equal(404);
  });

  it("refuses a lifetime that is over", async () => {
    const url = await startAsking({ allow: true, expiresInMs: 0 });
    expect((await fetch(`${url}/stream?channels=a`)).status).to.equal(403);
  });

  describe("where there is none", () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ internal, family }) => !internal && family === "IPv4")?.address;
    /** Ask for health as somebody who reaches the machine by its network does. */
    const callFromOutside = (url: string, host: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect({ host: outside ?? "", port: Number(new URL(url).port) });
        socket.on("error", reject);
        socket.once("data", (data) => {
          socket.destroy();
          resolve(String(data));
        });
        socket.write(`GET /push/healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      });

    it("lets only this machine call, unless the application says that it is open", async () => {
      if (outside === undefined) throw new Error("this machine has no network to be called by");
      const closed = await start({}, "0.0.0.0");
      expect((await fetch(`${closed}/healthz`)).status).to.equal(200);
      expect(await callFromOutside(closed, outside)).to.contain("FF_FORBIDDEN");
      await ff.drain();
      server.close();
      const open = await start({ open: true, allowedHosts: ["app.example"] }, "0.0.0.0");
      expect(await callFromOutside(open, "app.example")).to.contain("200 OK");
      expect(await callFromOutside(open, "evil.example")).to.contain("FF_HOST_REFUSED");
    });

    it("takes any Host where the application decides itself", async () => {
      const url = await startAsking(true);
      const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port) });
      socket.write("GET /push/healthz HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n\r\n");
      const answer = await new Promise((resolve) => socket.once("data", (d) => resolve(String(d))));
      expect(answer).to.contain("200 OK");
    });
  });
});
