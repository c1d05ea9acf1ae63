import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A request of a client, and what came of it. */
export interface Exchange {
  /** When it was asked, on the clock of `performance.now()`. */
  readonly at: number;
  /** Path and query. */
  readonly target: string;
  /** Its `client=`; null where it has none. */
  readonly client: string | null;
  /** What it gave as `Last-Event-ID`; null where it gave none. */
  readonly lastEventId: string | null;
  /** 0 until the answer has begun. */
  status: number;
  /** The id of the stream that was opened; null until it is told. */
  stream: string | null;
}

/** Where a stream's id is in its first event. */
const STREAM = /"stream":"([^"]+)"/;

/** The head of an answer and its first event are shorter than this, in bytes. */
const MAX_BEGINNING = 8_192;

const proxies = new Set<RecordingProxy>();

/** Stop each that was started; for `after`. */
export async function closeRecordingProxies(): Promise<void> {
  await Promise.all([...proxies].map((proxy) => proxy.close()));
  proxies.clear();
}

/**
 * A TCP proxy that keeps one address while servers come and go behind it, and tells what each
 * client has asked for. While there is no server, connections are cut.
 */
export class RecordingProxy {
  /** In the order in which they came. */
  readonly exchanges: Exchange[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  private constructor() {
    this.#server = createServer((incoming) => this.#forward(incoming));
  }

  static async start(): Promise<RecordingProxy> {
    const proxy = new RecordingProxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    proxies.add(proxy);
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Stand before the server at this address, for connections from now on. */
  retarget(url: string): void {
    this.#port = Number(new URL(url).port);
  }

  /** What a client has asked for. */
  exchangesOf(id: string): readonly Exchange[] {
    return this.exchanges.filter(({ client }) => client === id);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #forward(incoming: Socket): void {
    const outgoing = connect(this.#port, "127.0.0.1");
    for (const socket of [incoming, outgoing]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        incoming.destroy();
        outgoing.destroy();
      });
    }
    let exchange: Exchange | null = null;
    let answer = "";
    incoming.on("data", (piece) => {
      // Each request is a head that comes in one piece, and waits for its answer.
      const next = exchangeOf(piece.toString("latin1"));
      if (next !== null) {
        exchange = next;
        answer = "";
        this.exchanges.push(next);
      }
      outgoing.write(piece);
    });
    outgoing.on("data", (piece) => {
      if (exchange !== null && answer.length < MAX_BEGINNING) {
        answer += piece.toString("latin1");
        exchange.status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);
        exchange.stream = STREAM.exec(answer)?.[1] ?? null;
      }
      incoming.write(piece);
    });
  }
}

function exchangeOf(head: string): Exchange | null {
  const target = /^GET (\S+) HTTP\/1\.1\r\n/.exec(head)?.[1];
  if (target === undefined) return null;
  const lastEventId = /^last-event-id: (.*)\r$/im.exec(head)?.[1] ?? null;
  const client = /[?&]client=([^&]*)/.exec(target)?.[1] ?? null;
  return { at: performance.now(), target, client, lastEventId, status: 0, stream: null };
}
