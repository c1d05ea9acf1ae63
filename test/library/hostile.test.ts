import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import express from "express";
import { listen, startLibrary, stopLibraries } from "../support/library.ts";
import {
  FRAMEWORK_NAMES,
  type MountedServer,
  SLOW_MS,
  startMounted,
  stopMounted,
} from "../support/mounted-servers.ts";
import { RawConnection } from "../support/raw-http.ts";
import {
  createTemporaryDirectory,
  removeTemporaryDirectories,
} from "../support/temporary-directory.ts";
import { eventually, within } from "../support/within.ts";

const get = (path: string, ...headers: string[]) =>
  [`GET ${path} HTTP/1.1`, "Host: localhost", ...headers, "", ""].join("\r\n");
const UPGRADE = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

describe("hostile and unlucky clients of a mount", function () {
  this.timeout(20_000);
  const connections = new Set<RawConnection>();

  afterEach(async () => {
    for (const connection of connections) connection.destroy();
    connections.clear();
    await stopMounted();
    await stopLibraries();
    removeTemporaryDirectories();
  });

  const send = (origin: string, ...requests: string[]) => {
    const connection = new RawConnection(origin);
    connections.add(connection);
    connection.socket.write(requests.join(""));
    return connection;
  };
  const untilNoStreams = ({ ff }: MountedServer, ms: number) =>
    eventually(ms, async () => (await ff.streams()).length === 0, "the end of all streams");

  for (const framework of FRAMEWORK_NAMES.filter((name) => name !== "node:https")) {
    describe(`in ${framework}, that don't wait for an answer`, () => {
      it("end nothing but their own connection with a request for a WebSocket", async () => {
        const { origin } = await startMounted(framework, { authorize: () => false });
        const stream = "/push/stream?channels=a&transport=ws";
        for (const first of ["/slow", "/push/stream?channels=a&transport=poll"])
          send(origin, get(first), get(stream, ...UPGRADE));
        await pause(2 * SLOW_MS);
        expect(await (await fetch(`${origin}/neighbour`)).text()).to.equal("neighbour");
      });

      it("are answered in the order of their requests", async () => {
        const { origin } = await startMounted(framework);
        const stream = get("/push/stream?channels=a&transport=ndjson");
        const connection = send(origin, get("/slow"), get("/push/healthz"), stream);
        await eventually(5_000, () => connection.received.includes('"open"'), "the stream");
        const { received } = connection;
        const places = ["slow", '"ok"', '"open"'].map((text) => received.indexOf(text));
        expect(places, received).to.deep.equal(places.toSorted((a, b) => a - b));
        expect(places[0]).to.be.above(0);
      });

      it("leave no stream behind when they are cut before their turn", async () => {
        const mounted = await startMounted(framework);
        const stream = get("/push/stream?channels=a&transport=sse");
        for (let n = 0; n < 50; n++) {
          const connection = send(mounted.origin, get("/slow"), stream);
          setTimeout(() => connection.socket.resetAndDestroy(), SLOW_MS / 3);
        }
        await pause(2 * SLOW_MS);
        await untilNoStreams(mounted, 5_000);
        const began = performance.now();
        await mounted.ff.drain();
        expect(performance.now() - began, "ms for the drain").to.be.below(1_000);
      });

      it("are ended when they read nothing, also behind another request", async () => {
        const mounted = await startMounted(framework, { stallMs: 500, maxMessageBytes: 1_000_000 });
        const stream = get("/push/stream?channels=a&transport=ndjson");
        const connection = send(mounted.origin, get("/push/healthz"), stream);
        await eventually(5_000, () => connection.received.includes('"open"'), "the stream");
        connection.socket.pause();
        for (let n = 0; n < 10; n++) await mounted.ff.publish("a", "x".repeat(900_000));
        await untilNoStreams(mounted, 5_000);
      });
    });
  }

  it("don't keep a connection for a WebSocket whose client has gone, however long authorize takes", async () => {
    const { origin, server } = await startMounted("express", {
      stallMs: 500,
      authorize: () => new Promise(() => {}),
    });
    for (let n = 0; n < 10; n++) {
      const connection = send(origin, get("/push/stream?channels=a&transport=ws", ...UPGRADE));
      setTimeout(() => connection.socket.end(), 50);
    }
    const count = () =>
      new Promise<number>((resolve) => server.getConnections((_error, found) => resolve(found)));
    await eventually(5_000, async () => (await count()) === 10, "the connections");
    await eventually(5_000, async () => (await count()) === 0, "their end");
  });

  it("get the whole of another answer when the application has answered before authorize did", async () => {
    const ff = await startLibrary({
      authorize: async () => {
        await pause(400);
        return true;
      },
    });
    const app = express();
    app.use("/push", (_request, response, next) => {
      setTimeout(() => response.headersSent || response.status(503).send("too late"), 100);
      next();
    });
    app.use("/push", ff.node);
    app.get("/long", async (_request, response) => {
      for (let n = 0; n < 8; n++) {
        response.write("piece ");
        await pause(100);
      }
      response.end("the end");
    });
    const url = await listen(createServer(app));
    for (const transport of ["ndjson", "sse", "frame", "poll"]) {
      const connection = send(url, get(`/push/stream?channels=a&transport=${transport}`));
      await eventually(5_000, () => connection.received.includes("too late"), "the 503");
      connection.socket.write(get("/long"));
      await eventually(5_000, () => connection.received.includes("the end"), "the whole answer");
    }
    // A long-poll stream waits for its next poll.
    const streams = (await ff.streams()).filter(({ transport }) => transport !== "poll");
    expect(streams).to.deep.equal([]);
  });

  it("are told by the application what a middleware has begun and left to the mount", async () => {
    const ff = await startLibrary();
    const faults: unknown[] = [];
    const app = express();
    app.use((_request, response, next) => {
      response.flushHeaders();
      next();
    });
    app.use("/push", ff.node);
    const onError: express.ErrorRequestHandler = (error, _request, response, _next) => {
      faults.push(error);
      response.end("a fault");
    };
    app.use(onError);
    const url = await listen(createServer(app));
    for (const path of ["/push", "/push/healthz", "/push/stream?channels=a"])
      expect(await (await fetch(url + path)).text()).to.equal("a fault");
    expect(String(faults[0])).to.contain("the head of the answer was sent before");
    expect(faults).to.have.lengthOf(3);
  });

  it("are answered when they send no body, behind the application's body parsers", async () => {
    const ff = await startLibrary();
    const app = express();
    app.use(express.json(), express.text(), express.urlencoded());
    app.use("/push", ff.node);
    const url = `${await listen(createServer(app))}/push`;
    for (const path of ["/channels/a/messages", "/messages", "/streams/s/ack"]) {
      for (const type of ["application/json", "text/plain"]) {
        const answer = fetch(url + path, {
          method: "POST",
          headers: { "Content-Type": type, "Content-Length": "0" },
        });
        const { status } = await within(3_000, answer, `the answer to ${path} as ${type}`);
        expect(status, `${path} as ${type}`).to.be.within(400, 415);
      }
    }
  });

  it("find each mount that is attached, whatever was attached and detached before", async () => {
    const warnings: Error[] = [];
    const note = (warning: Error) => void warnings.push(warning);
    process.on("warning", note);
    try {
      const [one, two] = [await startLibrary(), await startLibrary()];
      const server = createServer((_request, response) => response.end("neighbour"));
      const url = await listen(server);
      const detach = one.attach(server, { path: "/one" });
      two.attach(server, { path: "/two" });
      detach();
      detach();
      for (let n = 0; n < 20; n++) one.attach(server, { path: `/${n}` });
      let last = one.attach(server, { path: "/again" });
      for (let n = 0; n < 20_000; n++) {
        const next = one.attach(server, { path: "/again" });
        last();
        last = next;
      }
      const stream = "stream?channels=a&transport=ws";
      for (const path of ["two", "0", "19", "again"]) {
        const connection = send(url, get(`/${path}/${stream}`, ...UPGRADE));
        await eventually(5_000, () => connection.received.includes("101 Switching"), path);
      }
      expect(await (await fetch(`${url}/one/healthz`)).text()).to.equal("neighbour");
      await pause(10);
      expect(warnings.map(String)).to.deep.equal([]);
    } finally {
      process.off("warning", note);
    }
  });

  it("don't make Node warn when one signal ends many subscriptions", async () => {
    const ff = await startLibrary();
    const warnings: Error[] = [];
    const note = (warning: Error) => void warnings.push(warning);
    process.on("warning", note);
    const stop = new AbortController();
    const loops = Array.from({ length: 30 }, () =>
      ff.subscribe("a", { signal: stop.signal }).next(),
    );
    stop.abort();
    for (const step of await Promise.all(loops)) expect(step.done).to.equal(true);
    process.off("warning", note);
    expect(warnings.map(String)).to.deep.equal([]);
  });

  it("start a log again in a program that Node was given as text, or with something preloaded", async () => {
    const data = createTemporaryDirectory();
    const library = pathToFileURL(new URL("../../dist/index.js", import.meta.url).pathname).href;
    const text = `
      const { createForeverframe } = await import(${JSON.stringify(library)});
      const ff = await createForeverframe({ data: ${JSON.stringify(data)} });
      await ff.publish("a", 1);
      await ff.drain();
      console.log("published");
      process.exit();
    `;
    // What is preloaded keeps the process alive, as agents do.
    const preload = `data:text/javascript,${encodeURIComponent("setInterval(() => {}, 1e6)")}`;
    for (let round = 0; round < 3; round++) {
      const child = spawn(
        process.execPath,
        [`--import=${preload}`, "--input-type=module", "-e", text],
        { env: { ...process.env, NODE_OPTIONS: `--import=${preload}` } },
      );
      let output = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (d) => (output += d));
      const [code] = await within(9_000, once(child, "close"), "the program's end");
      expect([code, output]).to.deep.equal([0, "published\n"]);
    }
  });
});
