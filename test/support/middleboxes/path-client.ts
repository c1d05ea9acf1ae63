import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { request as httpsRequest } from "node:https";
import { connect, type Socket } from "node:net";
import { WebSocket } from "ws";
import { within } from "../within.ts";
import { Incoming } from "./incoming.ts";
import type { Path } from "./path.ts";

/** Where clients of the tests come from: another address of this machine than the middlebox's. */
export const CLIENT_ADDRESS = "127.0.0.2";

/** Longest wait for an answer that ends, in ms. */
const ANSWER_MS = 10_000;

/** What is sent beside what the protocol needs. */
interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A browser's network, as far as a path is concerned: it asks for gzip, and speaks HTTP/2. */
export class PathClient {
  readonly path: Path;
  readonly #session: ClientHttp2Session | null;
  readonly #open = new Set<Incoming>();

  constructor(path: Path) {
    this.path = path;
    const options = { rejectUnauthorized: false, localAddress: CLIENT_ADDRESS };
    this.#session = path.protocol === "h2" ? connectHttp2(path.url, options) : null;
    this.#session?.on("error", () => {});
  }

  /** Ask, and give the answer while it is still coming. */
  open(method: string, target: string, sent: Sent = {}): Incoming {
    const answer =
      this.#session === null
        ? this.#openHttp1(method, target, sent)
        : this.#openHttp2(this.#session, method, target, sent);
    this.#open.add(answer);
    return answer;
  }

  /** Ask, and wait for the whole answer. */
  async ask(method: string, target: string, sent: Sent = {}): Promise<Incoming> {
    const answer = this.open(method, target, sent);
    if (!(await answer.until(ANSWER_MS, () => answer.ended)))
      throw new Error(`waited ${ANSWER_MS} ms for the answer to ${method} ${target}`);
    return answer;
  }

  /** @returns whether a WebSocket opens, and is told so by the server */
  async opensWebSocket(target: string): Promise<boolean> {
    const url = `${this.path.url.replace(/^http/, "ws")}${target}`;
    const tunnel = await this.#tunnel();
    if (tunnel === null) return false;
    const socket = new WebSocket(url, {
      rejectUnauthorized: false,
      handshakeTimeout: ANSWER_MS,
      localAddress: CLIENT_ADDRESS,
      ...(tunnel === undefined ? {} : { createConnection: () => tunnel }),
    });
    const told = new Promise<boolean>((resolve) => {
      socket.once("message", () => resolve(true));
      for (const event of ["error", "close"]) socket.once(event, () => resolve(false));
    });
    try {
      return await within(ANSWER_MS, told, "a WebSocket");
    } finally {
      socket.on("error", () => {});
      socket.terminate();
    }
  }

  /** Leave without a word. */
  close(): void {
    for (const answer of this.#open) answer.destroy();
    this.#session?.destroy();
  }

  #openHttp1(method: string, target: string, { headers = {}, body }: Sent): Incoming {
    const { protocol, hostname, port, host } = new URL(this.path.url);
    const { forwardProxy } = this.path;
    const [name, number] = forwardProxy === null ? [hostname, port] : forwardProxy.split(":");
    const send = protocol === "https:" ? httpsRequest : httpRequest;
    const request: ClientRequest = send({
      hostname: name,
      port: number,
      localAddress: CLIENT_ADDRESS,
      method,
      path: forwardProxy === null ? target : `${this.path.url}${target}`,
      headers: { Host: host, "Accept-Encoding": "gzip", ...headers },
      agent: false,
      rejectUnauthorized: false,
    });
    const answer = new Incoming(() => request.destroy());
    request.on("response", (response) =>
      answer.begin(response.statusCode ?? 0, response.headers, response),
    );
    request.on("error", () => answer.end());
    request.end(body);
    return answer;
  }

  #openHttp2(
    session: ClientHttp2Session,
    method: string,
    target: string,
    { headers = {}, body }: Sent,
  ): Incoming {
    const request = session.request({
      ":method": method,
      ":path": target,
      "accept-encoding": "gzip",
      ...headers,
    });
    const answer = new Incoming(() => request.close());
    request.on("response", (head) =>
      answer.begin(Number(head[":status"]), head as IncomingHttpHeaders, request),
    );
    request.on("error", () => answer.end());
    request.end(body);
    return answer;
  }

  /** A way through the proxy; undefined where none is needed, null where it is refused. */
  async #tunnel(): Promise<Socket | null | undefined> {
    const { forwardProxy, url } = this.path;
    if (forwardProxy === null) return undefined;
    const [host = "", port] = forwardProxy.split(":");
    const socket = connect({ host, port: Number(port), localAddress: CLIENT_ADDRESS });
    socket.on("error", () => {});
    const target = new URL(url).host;
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
    const [head] = await within(ANSWER_MS, once(socket, "data"), "the answer to CONNECT");
    if (/^HTTP\/1\.[01] 200 /.test(String(head))) return socket;
    socket.destroy();
    return null;
  }
}
