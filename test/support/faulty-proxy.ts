import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type Duplex, pipeline } from "node:stream";

/**
 * What a proxy does with a request: pass it on, hold the answer back until it is complete, or all
 * but its first piece, hold back all but its first piece for ever ("stuck"), answer itself, cut the
 * connection, or leave it without an answer. An upgrade is passed on or cut.
 */
export type Fault =
  | "pass"
  | "hold"
  | "first"
  | "stuck"
  | "cut"
  | "ignore"
  | { readonly status: number; readonly type?: string; readonly body: string };

/** A proxy that can be as bad as those in the field. */
export interface FaultyProxy {
  readonly url: string;
  /** Paths that came in, with their query. */
  readonly requests: readonly string[];
  /** What becomes of the requests from now on. */
  rule(fault: (path: string) => Fault): void;
  /** Cut what is connected. */
  cutAll(): void;
  close(): Promise<void>;
}

const proxies = new Set<FaultyProxy>();

/** Stop every proxy that was started; for `afterEach`. */
export async function closeProxies(): Promise<void> {
  await Promise.all([...proxies].map((proxy) => proxy.close()));
  proxies.clear();
}

/**
 * Start a proxy before a server, on a free port. The server has to know the host name that it is
 * called by.
 */
export async function startFaultyProxy(
  target: string,
  fault: (path: string) => Fault = () => "pass",
): Promise<FaultyProxy> {
  let rule = fault;
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const http = createServer((incoming, outgoing) => {
    const path = incoming.url ?? "/";
    requests.push(path);
    const doing = rule(path);
    if (doing === "cut") incoming.socket.destroy();
    else if (doing === "pass" || doing === "hold" || doing === "first" || doing === "stuck")
      forward(target, incoming, outgoing, doing);
    else if (doing !== "ignore") {
      outgoing.writeHead(doing.status, { "Content-Type": doing.type ?? "text/html" });
      outgoing.end(doing.body);
    }
  });
  http.on("upgrade", (incoming, socket, head) => {
    const path = incoming.url ?? "/";
    requests.push(path);
    if (rule(path) === "pass") tunnel(target, incoming, socket, head);
    else socket.destroy();
  });
  http.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const proxy: FaultyProxy = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests,
    rule(next) {
      rule = next;
    },
    cutAll,
    async close() {
      const closed = new Promise((resolve) => http.close(resolve));
      cutAll();
      await closed;
    },
  };
  proxies.add(proxy);
  return proxy;
}

/** Pass an upgrade on, and then all bytes of both sides. */
function tunnel(target: string, incoming: IncomingMessage, client: Duplex, head: Buffer): void {
  const { hostname, port } = new URL(target);
  const server = connect(Number(port), hostname);
  const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
  for (let i = 0; i < incoming.rawHeaders.length; i += 2)
    lines.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`);
  server.write(`${lines.join("\r\n")}\r\n\r\n`);
  server.write(head);
  pipeline(client, server, client, () => {});
}

function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  how: "pass" | "hold" | "first" | "stuck",
): void {
  const upstream = request(new URL(incoming.url ?? "/", target), {
    method: incoming.method ?? "GET",
    headers: incoming.headers,
  });
  upstream.on("response", (answer) => {
    const held: Buffer[] = [];
    let passed = 0;
    if (how !== "hold") {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
    }
    answer.on("data", (piece: Buffer) => {
      const isFirst = passed++ === 0;
      if (how === "pass" || (isFirst && how !== "hold")) outgoing.write(piece);
      else held.push(piece);
    });
    answer.on("end", () => {
      if (how === "stuck") return;
      if (how === "hold") outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.end(Buffer.concat(held));
    });
    answer.on("error", () => outgoing.destroy());
  });
  upstream.on("error", () => outgoing.destroy());
  outgoing.on("close", () => upstream.destroy());
  incoming.pipe(upstream);
}
