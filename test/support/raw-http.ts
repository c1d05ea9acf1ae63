import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { eventually } from "./within.ts";

/** An event as it comes over the wire. */
export interface WireEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}

const connections = new Set<RawConnection>();

/** Cut every connection that was opened; for `afterEach`. */
export function closeConnections(): void {
  for (const connection of connections) connection.destroy();
  connections.clear();
}

/** One TCP connection that shows exactly what the server sends. */
export class RawConnection {
  readonly socket: Socket;
  /** Of the server. */
  readonly url: string;
  /** All bytes received, as latin1, so that offsets are byte offsets. */
  received = "";
  /** Whether the server has ended or cut its side. */
  ended = false;
  #parsed: { length: number; callback: string; events: readonly WireEvent[] } = {
    length: 0,
    callback: "",
    events: [],
  };

  constructor(url: string) {
    this.url = url;
    const { protocol, hostname, port } = new URL(url);
    const address = { host: hostname, port: Number(port) };
    this.socket = protocol === "https:" ? connectTls(address) : connect(address);
    this.socket.on("data", (data) => {
      this.received += data.toString("latin1");
    });
    this.socket.on("end", () => {
      this.ended = true;
    });
    this.socket.on("close", () => {
      this.ended = true;
    });
    this.socket.on("error", () => {
      this.ended = true;
    });
    connections.add(this);
  }

  /** Send a request, written out: lines are joined by CRLF, and a blank line follows them. */
  send(...lines: readonly string[]): void {
    this.socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Status line and headers; names in lower case. */
  get head(): {
    readonly status: number;
    readonly version: string;
    readonly headers: Readonly<Record<string, string>>;
  } {
    const [start = "", ...lines] = this.received
      .slice(0, this.received.indexOf("\r\n\r\n"))
      .split("\r\n");
    const [version = "", status = ""] = start.split(" ");
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    return { status: Number(status), version, headers };
  }

  /** The body so far, as it came. */
  get rawBody(): string {
    const end = this.received.indexOf("\r\n\r\n");
    return end < 0 ? "" : this.received.slice(end + 4);
  }

  /** The complete chunks so far, for `Transfer-Encoding: chunked`; the last, empty one included. */
  get chunks(): readonly string[] {
    const chunks: string[] = [];
    let rest = this.rawBody;
    for (;;) {
      const line = rest.indexOf("\r\n");
      if (line < 0) return chunks;
      const length = Number.parseInt(rest.slice(0, line), 16);
      if (rest.length < line + 2 + length + 2) return chunks;
      chunks.push(rest.slice(line + 2, line + 2 + length));
      rest = rest.slice(line + 2 + length + 2);
    }
  }

  /** The body without its framing, as text. */
  get body(): string {
    const chunked = this.head.headers["transfer-encoding"] === "chunked";
    return Buffer.from(chunked ? this.chunks.join("") : this.rawBody, "latin1").toString("utf8");
  }

  /**
   * The events of a display frame with the callback `parent.push`, or another; read as a browser's
   * script would be.
   */
  frameEvents(callback = "parent.push"): readonly WireEvent[] {
    const length = this.received.length;
    // Who waits for events asks again and again.
    if (this.#parsed.length !== length || this.#parsed.callback !== callback) {
      const events = parseFrame(this.body, callback);
      this.#parsed = { length, callback, events };
    }
    return this.#parsed.events;
  }

  /** The events of an NDJSON stream. */
  ndjsonEvents(): readonly WireEvent[] {
    return this.body
      .split("\n")
      .slice(0, -1)
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as WireEvent);
  }

  /** Wait until the body's events (of a frame) satisfy `done`, and return them. */
  untilEvents(
    done: (events: readonly WireEvent[]) => boolean,
    what: string,
    ms = 5_000,
  ): Promise<readonly WireEvent[]> {
    return eventually(
      ms,
      () => {
        const events = this.frameEvents();
        return done(events) && events;
      },
      () => `${what}; events so far: ${JSON.stringify(this.frameEvents()).slice(-600)}`,
    );
  }

  /** Wait until the server has ended the connection. */
  async untilEnded(ms = 5_000): Promise<void> {
    await eventually(ms, () => this.ended, "the server to end the connection");
  }
}

/** The events that came whole in the document of a display frame, read as a browser's scripts. */
export function parseFrame(body: string, callback = "parent.push"): readonly WireEvent[] {
  return body
    .split(`<script>${callback}(`)
    .slice(1)
    .flatMap((part) => {
      const end = part.indexOf(")</script>");
      return end < 0 ? [] : (JSON.parse(part.slice(0, end)) as WireEvent);
    });
}

/** Open a display frame's stream on a connection of its own, and wait for its `open` event. */
export async function openFrame(
  url: string,
  query: string,
  headers: readonly string[] = [],
): Promise<{ readonly connection: RawConnection; readonly open: WireEvent }> {
  const connection = new RawConnection(url);
  const { host, pathname } = new URL(`${url}/stream`);
  connection.send(`GET ${pathname}?${query} HTTP/1.1`, `Host: ${host}`, ...headers);
  const [open] = await connection.untilEvents(
    ([first]) => first?.type === "open",
    `open of ?${query}`,
  );
  return { connection, open: open as WireEvent };
}

/** Publish one JSON value and return its id; throws unless it was answered 201. */
export async function publishJson(url: string, channel: string, value: unknown): Promise<string> {
  const response = await fetch(`${url}/channels/${encodeURIComponent(channel)}/messages`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(value),
  });
  if (response.status !== 201)
    throw new Error(`publish answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { id: string }).id;
}
