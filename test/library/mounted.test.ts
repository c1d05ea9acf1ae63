import { createServer } from "node:http";
import { expect } from "chai";
import express from "express";
import fastify from "fastify";
import Koa from "koa";
import mount from "koa-mount";
import { WebSocket, WebSocketServer } from "ws";
import { ForeverframeError } from "../../src/errors.ts";
import { dataOf, listen, startLibrary, stopLibraries, take } from "../support/library.ts";
import { openFrame, publishJson, RawConnection } from "../support/raw-http.ts";
import { eventually, within } from "../support/within.ts";

describe("Foreverframe in an application", () => {
  afterEach(stopLibraries);

  it("passes on what is not its own, with nothing added to it", async () => {
    const ff = await startLibrary();
    const app = express();
    app.use(ff.node);
    app.use((_request, response) => void response.status(404).send("the application's"));
    const url = await listen(createServer(app));
    for (const path of ["/none", "/streamer", "/../secret", "/%ff"]) {
      const response = await fetch(url + path);
      expect([response.status, await response.text()]).to.deep.equal([404, "the application's"]);
      expect(response.headers.get("content-security-policy")).to.equal(null);
    }
    expect((await fetch(`${url}/stream`)).status).to.equal(400);
    expect((await fetch(`${url}/healthz`)).status).to.equal(200);
  });

  it("takes bodies that the application's parsers have read", async () => {
    const ff = await startLibrary();
    const app = express();
    app.use(express.json({ strict: false }), express.text(), express.urlencoded());
    app.use("/push", ff.node);
    const url = `${await listen(createServer(app))}/push`;
    const subscription = ff.subscribe("a");
    await publishJson(url, "a", { n: [1, null] });
    await publishJson(url, "a", "text");
    const post = (type: string, body: string) =>
      fetch(`${url}/channels/a/messages`, {
        method: "POST",
        headers: { "Content-Type": type },
        body,
      });
    expect((await post("text/plain", "plain")).status).to.equal(201);
    expect(dataOf(await take(subscription, 3))).to.deep.equal([{ n: [1, null] }, "text", "plain"]);
    const form = await post("application/x-www-form-urlencoded", "msg=x");
    expect(form.status).to.equal(400);
    expect(await form.text()).to.contain("before its body parser");
  });

  it("takes an offer of another protocol for none, where the application knows no upgrades", async () => {
    const ff = await startLibrary();
    const server = createServer((request, response) => response.end(`neighbour ${request.url}`));
    ff.attach(server, { path: "/push" });
    const url = await listen(server);
    const connection = new RawConnection(url);
    connection.send(
      "POST /n?a=1 HTTP/1.1",
      "Host: localhost",
      "Connection: Upgrade",
      "Upgrade: h2c",
      "Content-Length: 0",
    );
    await eventually(5_000, () => connection.body === "neighbour /n?a=1", "the neighbour");
    connection.send("GET /again HTTP/1.1", "Host: localhost");
    await eventually(5_000, () => connection.received.includes("neighbour /again"), "the next");
  });

  it("answers whole where a request offers a WebSocket, and there is none", async () => {
    const ff = await startLibrary({ maxMessageBytes: 8_000_000 });
    const server = createServer();
    ff.attach(server, { path: "/push" });
    const url = await listen(server);
    const text = "x".repeat(7_000_000);
    await ff.publish("a", text);
    const connection = new RawConnection(url);
    connection.send(
      "GET /push/channels/a/messages HTTP/1.1",
      "Host: localhost",
      "Connection: Upgrade",
      "Upgrade: websocket",
    );
    await connection.untilEnded();
    expect(connection.received.includes(text), "the text as it was published").to.equal(true);
  });

  it("lets the application's middleware decide before it, where it takes upgrades only", async () => {
    const ff = await startLibrary();
    const app = express();
    app.use((request, response, next) => {
      if (request.headers.cookie === "user=1") next();
      else response.status(401).end();
    });
    app.use("/push", ff.node);
    const server = createServer(app);
    ff.attach(server, { path: "/push", upgradesOnly: true });
    const url = await listen(server);
    expect((await fetch(`${url}/push/healthz`)).status).to.equal(401);
    const headers = { Cookie: "user=1" };
    expect((await fetch(`${url}/push/healthz`, { headers })).status).to.equal(200);
  });

  it("takes a large batch, and ends with a client that goes in the middle of one", async () => {
    const ff = await startLibrary();
    const app = fastify();
    await app.register(ff.fastify, { prefix: "/push" });
    await app.ready();
    const url = await listen(app.server);
    const response = await fetch(`${url}/push/channels/a/messages`, {
      method: "POST",
      headers: { "Content-Type": "application/x-ndjson" },
      body: `${JSON.stringify("x".repeat(1_000))}\n`.repeat(3_000),
    });
    expect(response.status).to.equal(201);
    const connection = new RawConnection(url);
    connection.send(
      "POST /push/channels/a/messages HTTP/1.1",
      "Host: localhost",
      "Content-Type: application/json",
      "Content-Length: 100",
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    connection.destroy();
    await within(5_000, ff.drain(), "the drain");
  });

  it("is silent in Koa about clients that cut their streams, and lets it report the rest", async () => {
    const ff = await startLibrary();
    const app = new Koa();
    const reported: string[] = [];
    app.on("error", (error: Error) => reported.push(error.message));
    app.use(async (ctx, next) => {
      await next();
      if (ctx.query["fail"]) throw new Error("the application's own");
    });
    app.use(mount("/push", ff.koa));
    const url = `${await listen(createServer(app.callback()))}/push`;
    await fetch(`${url}/healthz?fail=1`);
    const { connection } = await openFrame(url, "channels=a");
    connection.socket.resetAndDestroy();
    await eventually(5_000, async () => (await ff.streams()).length === 0, "the stream's end");
    expect(reported).to.deep.equal(["the application's own"]);
  });

  it("takes an offer of another protocol for none, however many are attached", async () => {
    const server = createServer((_request, response) => response.end("neighbour"));
    const [first, second] = [await startLibrary(), await startLibrary()];
    const detachFirst = first.attach(server, { path: "/first" });
    second.attach(server, { path: "/second" });
    const url = await listen(server);
    const offer = async (path: string) => {
      const connection = new RawConnection(url);
      connection.send(
        `GET ${path} HTTP/1.1`,
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: h2c",
      );
      await eventually(5_000, () => connection.body !== "", `an answer of ${path}`);
      return connection.body;
    };
    expect(await offer("/")).to.equal("neighbour");
    expect(await offer("/first/healthz")).to.contain("ok");
    // In the order of their coming: what came later stays.
    detachFirst();
    expect(await offer("/first/healthz")).to.equal("neighbour");
    expect(await offer("/second/healthz")).to.contain("ok");
    expect(await (await fetch(`${url}/second/healthz`)).text()).to.contain("ok");
  });

  it("leaves the application its WebSockets, also where it is registered without a prefix", async () => {
    const ff = await startLibrary();
    const app = fastify();
    await app.register(ff.fastify);
    await app.ready();
    const chat = new WebSocketServer({ noServer: true });
    app.server.on("upgrade", (request, socket, head) => {
      if (request.url === "/chat")
        chat.handleUpgrade(request, socket, head, (webSocket) => webSocket.send("hello"));
    });
    const url = await listen(app.server);
    const heard = async (path: string) => {
      const socket = new WebSocket(`${url.replace(/^http/, "ws")}${path}`);
      const first = new Promise((resolve) => socket.once("message", (data) => resolve(`${data}`)));
      const text = await within(5_000, first, `a message of ${path}`);
      socket.terminate();
      return text;
    };
    expect(await heard("/chat")).to.equal("hello");
    expect(await heard("/stream?channels=a")).to.contain('"type":"open"');
  });

  it("cuts an answer that its client stops reading, whatever it is an answer to", async () => {
    const ff = await startLibrary({ stallMs: 200 });
    const server = createServer();
    ff.attach(server, { path: "/push" });
    const url = await listen(server);
    for (let n = 0; n < 100; n++) await ff.publish("a", "x".repeat(60_000));
    const connection = new RawConnection(url);
    connection.socket.pause();
    connection.send("GET /push/channels/a/messages?limit=1000 HTTP/1.1", "Host: localhost");
    const open = () =>
      new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
    await eventually(5_000, async () => (await open()) === 1, "its connection");
    await eventually(5_000, async () => (await open()) === 0, "its end");
  });

  it("refuses a body that the application has read and that is too large", async () => {
    const ff = await startLibrary();
    const app = express();
    app.use(express.json());
    app.use("/push", ff.node);
    const url = `${await listen(createServer(app))}/push`;
    const response = await fetch(`${url}/streams/n1.x/ack`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ cursor: "x".repeat(2_000) }),
    });
    expect(response.status).to.equal(413);
  });

  it("gives its path back", async () => {
    const ff = await startLibrary();
    const server = createServer((_request, response) => response.end("neighbour"));
    const detach = ff.attach(server, { path: "/push/" });
    const url = await listen(server);
    expect((await fetch(`${url}/push/healthz`)).headers.get("content-type")).to.match(/json/);
    expect(await (await fetch(`${url}/pushy`)).text()).to.equal("neighbour");
    detach();
    expect(await (await fetch(`${url}/push/healthz`)).text()).to.equal("neighbour");
    expect(() => ff.attach(server, { path: "push" })).to.throw(ForeverframeError, /"\/push"/);
  });

  it("answers 503 when it was drained, and lets its streams end before", async () => {
    const ff = await startLibrary();
    const url = await listen(createServer(ff.node));
    const { connection } = await openFrame(url, "channels=a");
    await ff.drain();
    const events = await connection.untilEvents((all) => all.length === 2, "its close");
    expect(events[1]).to.include({ type: "close", reason: "shutdown" });
    expect(
      (await fetch(`${url}/stream?channels=a`, { headers: { Accept: "*/*" } })).status,
    ).to.equal(503);
    expect((await fetch(`${url}/readyz`)).status).to.equal(503);
  });
});
