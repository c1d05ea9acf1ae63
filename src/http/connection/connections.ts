import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type ConnectionHost, type ConnectionLimits, HttpConnection } from "./http-connection.ts";
import { TurnBudget } from "./turn-budget.ts";

/** What all connections of a server keep to. */
export interface ConnectionsLimits extends ConnectionLimits {
  /** Sockets that may be open at once, streams included: beyond it, idle connections make room. */
  readonly maxSockets: number;
  /** Whether a request may be served while others of the kind before it on its connection are. */
  readonly mayOverlap: (request: IncomingMessage) => boolean;
}

/** The connections that an HTTP server speaks on. */
export class Connections implements ConnectionHost {
  readonly #limits: ConnectionsLimits;
  /** Those without a request, the longest idle first: browsers open some in advance, and keep those that they have used. */
  readonly #idle = new Set<HttpConnection>();
  readonly #budget = new TurnBudget();
  #sockets = 0;
  /** One for all: a listener of its own would be memory for each stream. */
  readonly #onSocketClosed = () => {
    this.#sockets--;
  };

  constructor(limits: ConnectionsLimits) {
    this.#limits = limits;
  }

  /**
   * Let a server speak on {@link HttpConnection}s. Call it once, before the server listens. Its `connection` event may bring
   * what was read of the socket already.
   */
  serve(http: HttpServer): void {
    const listeners = http.listeners("connection");
    http.removeAllListeners("connection");
    http.on("connection", (socket: Socket, begun?: Buffer) => {
      if (begun === undefined) this.#count(socket);
      const connection = new HttpConnection(socket, this, this.#limits);
      if (begun !== undefined) connection.startWith(begun);
      this.#idle.add(connection);
      connection.once("close", () => this.#idle.delete(connection));
      // "Any Duplex stream can be passed": https://nodejs.org/docs/latest-v20.x/api/http.html#event-connection
      for (const listener of listeners) listener.call(http, connection);
    });
  }

  onBusy(connection: HttpConnection): void {
    this.#idle.delete(connection);
  }

  onIdle(connection: HttpConnection): void {
    this.#idle.add(connection);
  }

  /** Cut connections that have no request under way. */
  closeIdle(): void {
    for (const connection of this.#idle) connection.destroy();
  }

  /**
   * A request has come in: answer it when those before it on its connection have been answered.
   *
   * @param answer not called if the connection has ended by then, or belongs to a stream
   */
  admit(request: IncomingMessage, response: ServerResponse, answer: () => void): void {
    const connection = HttpConnection.of(request);
    response.on("error", ignore); // its connection says it too
    const end = connection.inTurn({
      exchange: { request, response },
      overlaps: this.#limits.mayOverlap(request),
      begin: () =>
        this.#budget.run(() => {
          if (connection.destroyed) return;
          response.once("close", () => end());
          answer();
        }),
    });
  }

  #count(socket: Socket): void {
    this.#sockets++;
    socket.on("close", this.#onSocketClosed);
    if (this.#sockets <= this.#limits.maxSockets) return;
    const [longestIdle] = this.#idle;
    longestIdle?.destroy();
  }
}

function ignore(): void {}
