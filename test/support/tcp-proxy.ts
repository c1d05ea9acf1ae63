import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";

/** A TCP proxy that can be as bad as a network. */
export interface TcpProxy {
  readonly port: number;
  /** How many connections of clients there are. */
  readonly connections: number;
  /** Cut the connections that there are. */
  cutAll(): void;
  /** Cut each connection after so many bytes of what comes back from now on; null for never. */
  cutAfter(bytes: number | null): void;
  /** From now on, be a proxy before another port: for new connections. */
  retarget(port: number): void;
  /** Cut all connections when a text is about to be passed to the server, once. */
  cutBefore(text: string): void;
  /** From now on, pass nothing on in either direction, and say nothing. */
  freeze(): void;
  /** Do the same to the connections on which a text was sent in one piece. */
  freezeThose(text: string): void;
  /** Refuse connections from now on. Those that there are stay. */
  refuse(): void;
  /** Pass on again what comes from now on. What was held back is lost with its connections. */
  thaw(): void;
  close(): Promise<void>;
}

/** Pieces of each connection that are kept. */
const MAX_SENT = 20;

const proxies = new Set<TcpProxy>();

/** Stop each that was started; for `afterEach`. */
export async function closeTcpProxies(): Promise<void> {
  await Promise.all([...proxies].map((proxy) => proxy.close()));
  proxies.clear();
}

/** Start a proxy before a port of this machine. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const connections = new Set<{ sent: string[]; isFrozen: boolean; left: number | null }>();
  let port = target;
  let limit: number | null = null;
  let isFrozen = false;
  let isRefusing = false;
  let cutText: string | null = null;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  };
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((incoming) => {
    if (isRefusing) return void incoming.destroy();
    const outgoing = connect(port, "127.0.0.1");
    const connection = { sent: [] as string[], isFrozen: false, left: limit };
    connections.add(connection);
    outgoing.on("close", () => connections.delete(connection));
    keep(incoming);
    keep(outgoing);
    const end = () => {
      incoming.destroy();
      outgoing.destroy();
    };
    incoming.on("close", end);
    outgoing.on("close", end);
    incoming.on("data", (piece) => {
      if (cutText !== null && piece.includes(cutText)) {
        cutText = null;
        return cutAll();
      }
      if (connection.sent.length < MAX_SENT) connection.sent.push(piece.toString("latin1"));
      if (!isFrozen && !connection.isFrozen) outgoing.write(piece);
    });
    outgoing.on("data", (piece) => {
      if (isFrozen || connection.isFrozen) return;
      if (connection.left === null) incoming.write(piece);
      else if (piece.length < connection.left) {
        connection.left -= piece.length;
        incoming.write(piece);
      } else {
        outgoing.pause(); // nothing may follow
        incoming.write(piece.subarray(0, connection.left), end);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections.size;
    },
    cutAll,
    cutAfter(bytes) {
      limit = bytes;
      for (const connection of connections) connection.left = bytes;
    },
    retarget(other) {
      port = other;
    },
    cutBefore(text) {
      cutText = text;
    },
    freeze() {
      isFrozen = true;
    },
    refuse() {
      isRefusing = true;
    },
    freezeThose(text) {
      for (const connection of connections)
        connection.isFrozen ||= connection.sent.some((piece) => piece.includes(text));
    },
    thaw() {
      cutAll();
      isFrozen = false;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      cutAll();
      await closed;
    },
  };
  proxies.add(proxy);
  return proxy;
}
