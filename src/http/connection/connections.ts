import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { Scheduler } from "../../core/scheduler.ts";
import { isEncrypted } from "./encrypted.ts";
import { Handshakes } from "./handshakes.ts";
import { type ConnectionHost, type ConnectionLimits, HttpConnection } from "./http-connection.ts";
import type { RequestTurns } from "./request-turns.ts";
import { cutTlsWrites } from "./tls-writes.ts";
import { createUpgradeResponse, formatHeadWithoutUpgrade, isUpgrade } from "./upgrades.ts";

/**
 * A connection that came, or was used, within this many ms does not count as idle: its next request
 * is under way.
 */
const NEW_MS = 1_000;

/** What all connections of a server keep to. */
export interface ConnectionsLimits extends ConnectionLimits {
  /**
   * Sockets that may be open at once, streams included: beyond it, idle connections make room, and
   * half-sent requests.
   */
  readonly maxSockets: number;
  /**
   * Whether a request may be served together with others of its kind before it on its connection.
   */
  readonly mayOverlap: (request: IncomingMessage) => boolean;
  readonly turns: RequestTurns;
}

/** The connections that an HTTP server speaks on. */
export class Connections implements ConnectionHost {
  readonly #limits: ConnectionsLimits;
  /**
   * Those without a request, and since when in monotonic ms, the longest idle first: browsers open
   * some in advance, and keep those that they have used. Sockets are those whose TLS handshake is
   * under way.
   */
  readonly #idle = new Map<HttpConnection | Socket, number>();
  /** Those with a request, the longest busy first. */
  readonly #busy = new Set<HttpConnection>();
  readonly #scheduler: Scheduler;
  readonly #handshakes = new Handshakes();
  #sockets = 0;
  #isDraining = false;
  /** One for all: a listener of its own would be memory for each stream. */
  readonly #onSocketClosed = () => {
    this.#sockets--;
  };

  constructor(scheduler: Scheduler, limits: ConnectionsLimits) {
    this.#limits = limits;
    this.#scheduler = scheduler;
  }

  /**
   * Let a server speak on {@link HttpConnection}s. Call it once, before the server listens. The
   * event that brings connections may also bring what was read of the socket already.
   */
  serve(http: HttpServer | HttpsServer): void {
    const event = connectedEvent(http);
    const listeners = http.listeners(event);
    http.removeAllListeners(event);
    if (event === "secureConnection") http.on("connection", (raw: Socket) => this.#shake(raw));
    http.on(event, (socket: Socket, begun?: Buffer) => {
      if (begun === undefined) this.#connected(socket);
      const connection = new HttpConnection(socket, this, this.#limits);
      if (begun !== undefined) connection.startWith(begun);
      this.#idle.set(connection, this.#scheduler.monotonicMs());
      connection.once("close", () => {
        this.#idle.delete(connection);
        this.#busy.delete(connection);
      });
      // "Any Duplex stream can be passed":
      // https://nodejs.org/docs/latest-v20.x/api/http.html#event-connection
      for (const listener of listeners) listener.call(http, connection);
    });
  }

  /** The socket of a connection whose TLS handshake has failed; null if it has closed. */
  socketOf(secure: Socket): Socket | null {
    return this.#handshakes.socketOf(secure);
  }

  onBusy(connection: HttpConnection): void {
    this.#idle.delete(connection);
    this.#busy.add(connection);
  }

  onIdle(connection: HttpConnection): void {
    this.#busy.delete(connection);
    // Its last request has ended, and the answer was written before that.
    if (this.#isDraining) connection.destroySoon();
    this.#idle.set(connection, this.#scheduler.monotonicMs());
  }

  /**
   * Cut each connection as soon as it has no request under way: now, or when its last one has been
   * answered.
   */
  drain(): void {
    this.#isDraining = true;
    for (const connection of this.#idle.keys()) connection.destroy();
  }

  /** Cut every connection now, but for those that streams have taken. */
  cut(): void {
    for (const connection of [...this.#idle.keys(), ...this.#busy]) connection.destroy();
  }

  /**
   * A request has come in: answer it when those before it on its connection have been answered.
   *
   * @param answer not called if the connection has ended by then, or belongs to a stream
   */
  admit(request: IncomingMessage, response: ServerResponse, answer: () => void): void {
    const connection = HttpConnection.of(request);
    response.on("error", ignore); // its connection reports it, too
    const end = connection.inTurn({
      exchange: { request, response },
      overlaps: this.#limits.mayOverlap(request),
      begin: () =>
        this.#begin(request, () => {
          response.once("close", () => end());
          answer();
        }),
    });
  }

  /**
   * A request has asked for an upgrade: answer it like all others, when its turn has come.
   *
   * @param answer is given the response, which may end in `Carrier.upgrade`
   */
  admitUpgrade(
    http: HttpServer | HttpsServer,
    request: IncomingMessage,
    head: Buffer,
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): void {
    const connection = HttpConnection.of(request);
    connection.answerOn();
    const begin = () => {
      const begun = Buffer.concat([head, connection.takeUnread()]);
      if (isUpgrade(request)) {
        answer(request, createUpgradeResponse(request, connection, begun));
        return;
      }
      const bytes = Buffer.concat([formatHeadWithoutUpgrade(request), begun]);
      http.emit(connectedEvent(http), connection.takeSocket(), bytes);
      connection.destroy();
    };
    const exchange = { request, response: null };
    connection.inTurn({ exchange, overlaps: false, begin: () => this.#begin(request, begin) });
  }

  /**
   * A request's turn on its connection has come: begin with it as soon as the others leave time for
   * it.
   */
  #begin(request: IncomingMessage, work: () => void): void {
    this.#limits.turns.run(request, () => {
      if (!HttpConnection.of(request).destroyed) work();
    });
  }

  /** A TLS handshake begins: until it ends, the socket counts as idle. */
  #shake(raw: Socket): void {
    this.#count(raw);
    this.#idle.set(raw, this.#scheduler.monotonicMs());
    this.#handshakes.begin(raw, () => this.#idle.delete(raw));
  }

  #connected(socket: Socket): void {
    if (!isEncrypted(socket)) {
      this.#count(socket);
      return;
    }
    this.#handshakes.end(socket);
    // As with a plain server. Not by the server's option of this name: a client that went away in
    // the middle of its handshake would be waited for.
    socket.allowHalfOpen = true;
    cutTlsWrites(socket);
  }

  #count(socket: Socket): void {
    this.#sockets++;
    socket.on("close", this.#onSocketClosed);
    if (this.#sockets <= this.#limits.maxSockets) return;
    const [[longestIdle, since] = []] = this.#idle;
    const isNew = since === undefined || this.#scheduler.monotonicMs() - since < NEW_MS;
    ((isNew ? this.#longestReceiving() : undefined) ?? longestIdle)?.destroy();
  }

  /** The connection that has not sent its request whole for the longest time. */
  #longestReceiving(): HttpConnection | undefined {
    for (const connection of this.#busy)
      if (connection.receiving !== null && connection.onBrokenOff === null) return connection;
    return undefined;
  }
}

/** The event by which a server has a connection that HTTP can be spoken on. */
function connectedEvent(http: HttpServer | HttpsServer): "connection" | "secureConnection" {
  return http instanceof TlsServer ? "secureConnection" : "connection";
}

function ignore(): void {}
