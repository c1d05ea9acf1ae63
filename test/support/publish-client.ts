import { WebSocket } from "ws";
import { RawConnection } from "./raw-http.ts";
import { eventually } from "./within.ts";

/** The answer to one line. */
export interface LineAnswer {
  readonly id?: string;
  readonly error?: {
    readonly code: string;
    readonly status: number;
    readonly detail: string;
    readonly retryAfter?: number;
  };
}

/** One line, as a client would write it. */
export function line(channel: string, data: unknown, key?: string): string {
  return `${JSON.stringify({ channel, data, key })}\n`;
}

/** The ids and codes of answers, in their order. */
export function codesOf(answers: readonly LineAnswer[]): readonly string[] {
  return answers.map(({ id, error }) => error?.code ?? (id === undefined ? "nothing" : "id"));
}

/** A publish connection over HTTP, chunk by chunk; cut by `closeConnections`. */
export class LineClient {
  readonly connection: RawConnection;

  /** @param headers besides `Host` and `Transfer-Encoding` */
  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.connection = new RawConnection(url);
    const { host, pathname } = new URL(`${url}/publish`);
    const all = Object.entries({ Host: host, "Transfer-Encoding": "chunked", ...headers });
    this.connection.send(`POST ${pathname} HTTP/1.1`, ...all.map((header) => header.join(": ")));
  }

  /** Send a chunk. */
  write(text: string | Buffer): void {
    const bytes = Buffer.from(text);
    this.connection.socket.write(`${bytes.length.toString(16)}\r\n`);
    this.connection.socket.write(bytes);
    this.connection.socket.write("\r\n");
  }

  /** Send the end of the body. */
  end(): void {
    this.connection.socket.write("0\r\n\r\n");
  }

  get answers(): readonly LineAnswer[] {
    return this.connection.body
      .split("\n")
      .slice(0, -1)
      .map((text) => JSON.parse(text) as LineAnswer);
  }

  /** Whether the response has come whole. */
  get isComplete(): boolean {
    return this.connection.chunks.at(-1) === "";
  }

  /** Wait for this many answers. */
  untilAnswers(count: number, ms = 5_000): Promise<readonly LineAnswer[]> {
    return eventually(
      ms,
      () => this.answers.length >= count && this.answers,
      () =>
        `${count} answers; there are ${this.answers.length}: ${this.connection.body.slice(-300)}`,
    );
  }

  /** Wait for the end of the response. */
  async untilComplete(ms = 5_000): Promise<readonly LineAnswer[]> {
    await eventually(
      ms,
      () => this.isComplete,
      () => `the end of the answers: ${this.connection.received.slice(-300)}`,
    );
    return this.answers;
  }
}

const sockets = new Set<WebSocket>();

/** Cut every WebSocket that was opened; for `afterEach`. */
export function closeLineSockets(): void {
  for (const socket of sockets) socket.terminate();
  sockets.clear();
}

/** A publish connection over a WebSocket. */
export class LineSocket {
  readonly socket: WebSocket;
  readonly answers: LineAnswer[] = [];
  /** Null while it is open. */
  code: number | null = null;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.socket = new WebSocket(`${url.replace(/^http/, "ws")}/publish`, { headers });
    this.socket.on("message", (data) => this.answers.push(JSON.parse(String(data))));
    this.socket.on("close", (code) => {
      this.code = code;
    });
    this.socket.on("error", () => {});
    sockets.add(this.socket);
  }

  /** Wait until it is open. */
  async untilOpen(): Promise<void> {
    await eventually(5_000, () => this.socket.readyState === WebSocket.OPEN, "an open WebSocket");
  }

  /** Wait for this many answers. */
  untilAnswers(count: number): Promise<readonly LineAnswer[]> {
    return eventually(
      5_000,
      () => this.answers.length >= count && this.answers,
      () => `${count} answers; there are ${this.answers.length}, and the code ${this.code}`,
    );
  }

  /** Wait for its end, and return the code. */
  untilClosed(): Promise<number> {
    return eventually(5_000, () => this.code ?? false, "the end of the WebSocket");
  }
}
