import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Readable } from "node:stream";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import { createGzip } from "node:zlib";

/** What a proxy does to requests, and to answers that don't end by themselves. */
export interface Meddling {
  /** Hold each piece back until the next one comes. */
  readonly isOneBehind?: boolean;
  /** Cut an answer after so many ms without a piece. */
  readonly cutIdleMs?: number;
  /** Pass nothing on until the answer ends. */
  readonly isHolding?: boolean;
  /** Pass every piece on so many ms late. */
  readonly lateMs?: number;
  /** Pass on so many bytes at a time, each in a chunk of its own. */
  readonly pieceBytes?: number;
  /** Cut each character that has several bytes in two. */
  readonly isSplitting?: boolean;
  /** Pass on so many bytes of an answer, and then nothing more. */
  readonly stallBytes?: number;
  /** Compress, whatever the answer says of that, and hold back what does not fill a block. */
  readonly isCompressing?: boolean;
  /** Call the server by its own address, and say nothing of the one that was asked for. */
  readonly isRenaming?: boolean;
  /** Be below this path, such as `/push`, which the server is not told. */
  readonly prefix?: string;
  /** Put these headers on each answer. */
  readonly adds?: Readonly<Record<string, string>>;
}

const proxies = new Set<{ close(): Promise<void> }>();

/** Stop every proxy that was started; for `afterEach`. */
export async function closeMeddlingProxies(): Promise<void> {
  await Promise.all([...proxies].map((proxy) => proxy.close()));
  proxies.clear();
}

/**
 * Start a proxy before a server. It treats an upgrade as an ordinary request, and tells the server
 * each client's address by `X-Forwarded-For`.
 */
export async function startMeddlingProxy(target: string, meddling: Meddling): Promise<string> {
  const sockets = new Set<Socket>();
  const { prefix = "" } = meddling;
  const http = createServer((incoming, outgoing) => {
    const path = incoming.url ?? "/";
    if (path.startsWith(`${prefix}/`))
      forward(new URL(path.slice(prefix.length), target), incoming, outgoing, meddling);
    else outgoing.writeHead(404).end();
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
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}${prefix}`;
}

function forward(
  url: URL,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  meddling: Meddling,
): void {
  const { upgrade: _, connection: __, forwarded: ___, host, ...sent } = incoming.headers;
  const headers = {
    ...sent,
    host: meddling.isRenaming ? url.host : host,
    "x-forwarded-for": incoming.socket.remoteAddress,
  };
  const upstream = request(url, { method: incoming.method ?? "GET", headers, agent: false });
  upstream.on("response", (answer) => {
    const { statusCode = 502 } = answer;
    const isWhole = answer.headers["content-length"] !== undefined;
    const isPacking = !isWhole && meddling.isCompressing === true;
    outgoing.writeHead(statusCode, {
      ...answer.headers,
      ...(isPacking ? { "content-encoding": "gzip" } : {}),
      ...meddling.adds,
    } as IncomingHttpHeaders);
    outgoing.flushHeaders();
    answer.on("error", () => outgoing.destroy());
    void pass(isPacking ? answer.pipe(createGzip()) : answer, outgoing, isWhole ? {} : meddling);
  });
  upstream.on("error", () => outgoing.destroy());
  outgoing.on("close", () => upstream.destroy());
  incoming.pipe(upstream);
}

/** Pass an answer on, piece by piece, until it ends or the client has gone. */
async function pass(
  answer: Readable,
  outgoing: ServerResponse,
  { isOneBehind = false, isHolding = false, cutIdleMs, lateMs = 0, ...meddling }: Meddling,
): Promise<void> {
  const held: Buffer[] = [];
  let { stallBytes = Number.POSITIVE_INFINITY } = meddling;
  let idle: NodeJS.Timeout | undefined;
  const rearm = () => {
    clearTimeout(idle);
    if (cutIdleMs !== undefined) idle = setTimeout(() => outgoing.destroy(), cutIdleMs);
  };
  outgoing.on("close", () => {
    clearTimeout(idle);
    answer.destroy();
  });
  const write = async (pieces: readonly Buffer[]) => {
    if (lateMs > 0) await pause(lateMs);
    for (const piece of pieces.flatMap((whole) => cutUp(whole, meddling))) {
      if (stallBytes > 0) outgoing.write(piece.subarray(0, stallBytes));
      stallBytes -= piece.length;
      await nextTurn();
    }
  };
  rearm();
  try {
    for await (const piece of answer) {
      rearm();
      held.push(piece as Buffer);
      const kept = isHolding ? held.length : isOneBehind ? 1 : 0;
      await write(held.splice(0, held.length - kept));
    }
  } catch {
    return void outgoing.destroy(); // as the answer was
  }
  if (stallBytes <= 0) return;
  await write(held);
  outgoing.end();
}

/** A piece in those that it is passed on in. */
function cutUp(piece: Buffer, { pieceBytes, isSplitting = false }: Meddling): readonly Buffer[] {
  const ends: number[] = [];
  for (let end = 1; end < piece.length; end++) {
    const isFull = pieceBytes !== undefined && end % pieceBytes === 0;
    // 11xxxxxx begins a character of several bytes.
    if (isFull || (isSplitting && (piece[end - 1] ?? 0) >= 0xc0)) ends.push(end);
  }
  return [...ends, piece.length].map((end, i) => piece.subarray(ends[i - 1] ?? 0, end));
}
