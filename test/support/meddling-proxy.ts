import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What a proxy does to answers that don't end by themselves. */
export interface Meddling {
  /** Hold each piece back until the next one comes. */
  readonly isOneBehind?: boolean;
  /** Cut an answer after so many ms without a piece. */
  readonly cutIdleMs?: number;
  /** Pass nothing on until the answer ends. */
  readonly isHolding?: boolean;
  /** Pass every piece on so many ms late. */
  readonly lateMs?: number;
}

const proxies = new Set<{ close(): Promise<void> }>();

/** Stop every proxy that was started; for `afterEach`. */
export async function closeMeddlingProxies(): Promise<void> {
  await Promise.all([...proxies].map((proxy) => proxy.close()));
  proxies.clear();
}

/** Start a proxy before a server, which answers an upgrade as any request. */
export async function startMeddlingProxy(target: string, meddling: Meddling): Promise<string> {
  const sockets = new Set<Socket>();
  const http = createServer((incoming, outgoing) => {
    forward(new URL(incoming.url ?? "/", target), incoming, outgoing, meddling);
  });
  http.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  proxies.add({
    async close() {
      const closed = new Promise((resolve) => http.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

function forward(
  url: URL,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { isOneBehind = false, isHolding = false, cutIdleMs, lateMs = 0 }: Meddling,
): void {
  const { upgrade: _, connection: __, ...headers } = incoming.headers;
  const upstream = request(url, { method: incoming.method ?? "GET", headers, agent: false });
  let idle: NodeJS.Timeout | undefined;
  upstream.on("response", (answer) => {
    const held: Buffer[] = [];
    const rearm = () => {
      clearTimeout(idle);
      if (cutIdleMs !== undefined) idle = setTimeout(() => outgoing.destroy(), cutIdleMs);
    };
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    outgoing.flushHeaders();
    rearm();
    answer.on("data", (piece: Buffer) => {
      rearm();
      held.push(piece);
      const kept = isHolding ? held.length : isOneBehind ? 1 : 0;
      const ready = held.splice(0, held.length - kept);
      if (ready.length > 0) setTimeout(() => outgoing.write(Buffer.concat(ready)), lateMs);
    });
    answer.on("end", () => setTimeout(() => outgoing.end(Buffer.concat(held)), lateMs));
    answer.on("error", () => outgoing.destroy());
  });
  upstream.on("error", () => outgoing.destroy());
  outgoing.on("close", () => {
    clearTimeout(idle);
    upstream.destroy();
  });
  incoming.pipe(upstream);
}
