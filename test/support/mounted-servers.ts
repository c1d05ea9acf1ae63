import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import express from "express";
import fastify from "fastify";
import Koa from "koa";
import mount from "koa-mount";
import { WebSocketServer } from "ws";
import { createForeverframe, type Foreverframe } from "../../src/foreverframe.ts";
import type { ForeverframeOptions } from "../../src/options.ts";
import type { ServerFixture } from "./server-fixtures.ts";
import { TEST_TLS } from "./test-certificate.ts";

const ADMIN_TOKEN = "a-token-for-tests";

/** A server of an application, in which Foreverframe is mounted at `/push`. */
export interface MountedServer {
  /** Of the application, without the prefix. */
  readonly origin: string;
  /** Of Foreverframe. */
  readonly url: string;
  readonly adminToken: string;
  readonly ff: Foreverframe;
  readonly server: Server;
}

/**
 * Puts Foreverframe into an application that answers `/neighbour` with what it was sent; not
 * listening yet.
 */
type Framework = (ff: Foreverframe) => Promise<Server>;

function answerNeighbour({ url }: IncomingMessage, response: ServerResponse): void {
  if (url === "/slow") void afterAWhile().then(() => response.end("slow"));
  else response.end("neighbour");
}

const FRAMEWORKS: Readonly<Record<string, Framework>> = {
  async express(ff) {
    const app = express();
    app.use("/push", ff.node);
    app.get("/neighbour", (_request, response) => void response.send("neighbour"));
    app.get("/slow", (_request, response) => void afterAWhile().then(() => response.send("slow")));
    const server = createServer(app);
    ff.attach(server, { path: "/push", upgradesOnly: true });
    return server;
  },
  async koa(ff) {
    const app = new Koa();
    app.use(mount("/push", ff.koa));
    app.use(
      mount("/neighbour", (ctx) => {
        ctx.body = "neighbour";
      }),
    );
    app.use(
      mount("/slow", async (ctx) => {
        await afterAWhile();
        ctx.body = "slow";
      }),
    );
    const server = createServer(app.callback());
    ff.attach(server, { path: "/push", upgradesOnly: true });
    return server;
  },
  async fastify(ff) {
    const app = fastify();
    await app.register(ff.fastify, { prefix: "/push" });
    app.get("/neighbour", async () => "neighbour");
    app.get("/slow", async () => afterAWhile().then(() => "slow"));
    await app.ready();
    return app.server;
  },
  "node:http": async (ff) => {
    const server = createServer(answerNeighbour);
    ff.attach(server, { path: "/push" });
    return server;
  },
  "node:https": async (ff) => {
    const key = readFileSync(TEST_TLS.tlsKey);
    const cert = readFileSync(TEST_TLS.tlsCert);
    const server = createTlsServer({ key, cert }, answerNeighbour);
    ff.attach(server as unknown as Server, { path: "/push" });
    return server as unknown as Server;
  },
};

/** How long the route `/slow` takes, in ms. */
export const SLOW_MS = 300;

const afterAWhile = () => new Promise<void>((resolve) => setTimeout(resolve, SLOW_MS));

/** Names of the servers that {@link startMounted} knows. */
export const FRAMEWORK_NAMES = Object.keys(FRAMEWORKS);

const running = new Set<MountedServer>();

/**
 * Start an application with Foreverframe at `/push`, a route at `/neighbour`, and a WebSocket at
 * `/chat` that sends back what it is sent.
 */
export async function startMounted(
  framework: string,
  options: ForeverframeOptions = {},
): Promise<MountedServer> {
  const ff = await createForeverframe({
    memory: true,
    adminToken: ADMIN_TOKEN,
    drainMs: 2_000,
    ...options,
  });
  const server = await (FRAMEWORKS[framework] as Framework)(ff);
  const chat = new WebSocketServer({ server, path: "/chat" });
  chat.on("connection", (socket) => socket.on("message", (data) => socket.send(String(data))));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const origin = `${framework === "node:https" ? "https" : "http"}://127.0.0.1:${port}`;
  const mounted = { origin, url: `${origin}/push`, adminToken: ADMIN_TOKEN, ff, server };
  running.add(mounted);
  return mounted;
}

/** Stop all that were started. */
export async function stopMounted(): Promise<void> {
  const all = [...running];
  running.clear();
  for (const { ff, server } of all) {
    await ff.drain();
    server.close();
    server.closeAllConnections();
  }
}

/** The fixture of a mounted Foreverframe for a contract. */
export function mountedFixture(framework: string): ServerFixture {
  return {
    name: `a mount in ${framework}`,
    start: (settings) => startMounted(framework, settings),
    stop: stopMounted,
    release: stopMounted,
  };
}
