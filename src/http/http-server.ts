import {
  createServer,
  type IncomingMessage,
  type Server as NodeServer,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer, Server as TlsServer } from "node:https";
import { type AddressInfo, isIPv6 } from "node:net";
import type { Duplex } from "node:stream";
import { TurnBudget } from "../core/turn-budget.ts";
import { ForeverframeError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { nodeScheduler, noteConnection } from "../process/node-scheduler.ts";
import { secureContextOf, type TlsPair } from "../tls/tls-pair.ts";
import type { App } from "./app.ts";
import { refuseBrokenRequest, refuseConnect } from "./connection/broken-request.ts";
import { Connections, type ConnectionsLimits } from "./connection/connections.ts";
import { createPlainRefusal } from "./connection/plain-refusal.ts";
import { isPublish } from "./routes/publish.ts";

/** Bytes of a request's head. 64 selectors of 128 bytes, percent-encoded, take 25 KiB. */
const MAX_HEAD_BYTES = 32_768;

/** How long what comes from clients is parsed as HTTP in one turn of the event loop, in ms. */
const READING_MS = 4;

/**
 * What a socket takes before a stream waits for its client, in bytes. Newer versions of Node would
 * take 65,536.
 */
const SOCKET_BYTES = 16_384;

/** Connections that wait to be accepted: a thousand panels may come at once. */
const BACKLOG = 4_096;

/** What a server keeps to. */
export interface HttpServerOptions extends Omit<ConnectionsLimits, "reading" | "mayOverlap"> {
  readonly app: App;
  readonly logger: Logger;
  /** What TLS is spoken by; null for plain HTTP. */
  readonly tls: TlsPair | null;
  readonly requestHeadMs: number;
  readonly requestBodyMs: number;
  readonly keepAliveMs: number;
}

/** Our own HTTP server: it listens, and its connections can be given to streams. */
export class HttpServer {
  readonly #http: NodeServer | TlsServer;
  readonly #connections: Connections;
  readonly #app: App;

  constructor(options: HttpServerOptions) {
    const { app, tls, logger, requestHeadMs, requestBodyMs, keepAliveMs } = options;
    this.#app = app;
    const connections = new Connections(nodeScheduler, {
      ...options,
      reading: new TurnBudget(nodeScheduler, READING_MS),
      mayOverlap: isPublish,
    });
    this.#connections = connections;
    const admit = (request: IncomingMessage, response: ServerResponse) =>
      connections.admit(request, response, () => this.#answer(request, response));
    const settings = {
      headersTimeout: requestHeadMs,
      requestTimeout: Math.max(requestHeadMs, requestBodyMs),
      connectionsCheckingInterval: Math.min(1_000, requestHeadMs),
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: MAX_HEAD_BYTES,
      highWaterMark: SOCKET_BYTES,
      requireHostHeader: false, // its refusal would be without a word
    };
    const http =
      tls === null
        ? createServer(settings, admit)
        : createTlsServer(
            {
              ...settings,
              ...secureContextOf(tls),
              handshakeTimeout: requestHeadMs,
            },
            admit,
          );
    this.#http = http;
    http.on("checkExpectation", admit); // an expectation that is not known may be ignored
    http.on("connect", refuseConnect);
    connections.serve(http);
    http.on("upgrade", (request: IncomingMessage, _socket: Duplex, head: Buffer) =>
      connections.admitUpgrade(http, request, head, (...exchange) => this.#answer(...exchange)),
    );
    http.on("connection", noteConnection);
    http.on("clientError", refuseBrokenRequest);
    if (http instanceof TlsServer) {
      const refusePlain = createPlainRefusal(logger, nodeScheduler.monotonicMs);
      http.on("tlsClientError", (error, secure) =>
        refusePlain(error, connections.socketOf(secure)),
      );
    }
  }

  /**
   * Listen.
   *
   * @param port 0 for any that is free
   * @returns the address, such as `http://127.0.0.1:8080`, or `https://...` with TLS; where it
   *   listens on all addresses, loopback's
   * @throws ForeverframeError FF_ADDRESS_IN_USE; FF_CONFIG_INVALID: the address is not one of this
   *   machine, or the system does not allow it
   */
  async listen(host: string, port: number): Promise<string> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#http.once("error", reject);
        this.#http.listen({ host, port, backlog: BACKLOG }, resolve);
      });
    } catch (error) {
      throw listenFault(error, `${host}:${port}`);
    }
    const scheme = this.#http instanceof TlsServer ? "https" : "http";
    return `${scheme}://${formatHost(host)}:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Speak TLS by another pair from now on; connections that are open stay as they are. */
  useTls(pair: TlsPair): void {
    if (this.#http instanceof TlsServer) this.#http.setSecureContext(secureContextOf(pair));
  }

  /**
   * Accept no more connections. Resolves when the last request has been answered, or at `deadline`,
   * which cuts the rest.
   */
  async drain(deadline: Promise<void>): Promise<void> {
    const closed = new Promise((resolve) => this.#http.once("close", resolve));
    this.#http.close();
    this.#connections.drain();
    // Node's closeAllConnections() leaves those that it has let go of for a request to upgrade.
    void deadline.then(() => this.#connections.cut());
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    void this.#app.handle(request, response);
  }
}

/** Why a server can't listen, and what to do about it. */
const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another process listens there: stop it, or give another --port",
  EADDRNOTAVAIL: "this machine has no such address: give one of its own as --host",
  ENOTFOUND: "the name is not known: give an address of this machine as --host",
  EAI_AGAIN: "the name can't be looked up now: give an address of this machine as --host",
  EACCES: "the system does not allow it: give a --port from 1024 on",
};

function listenFault(error: unknown, address: string): ForeverframeError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = LISTEN_FAULTS[code] ?? `${error}`;
  return new ForeverframeError(
    code === "EADDRINUSE" ? "FF_ADDRESS_IN_USE" : "FF_CONFIG_INVALID",
    `Can't listen on ${address}: ${reason}`,
    { cause: error },
  );
}

function formatHost(host: string): string {
  const reached = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return isIPv6(reached) ? `[${reached}]` : reached;
}
