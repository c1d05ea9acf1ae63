import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Scheduler } from "../../core/scheduler.ts";
import { TurnBudget } from "../../core/turn-budget.ts";
import { type ConnectionHost, type ConnectionLimits, HttpConnection } from "./http-connection.ts";

/**
 * How long requests are begun in one turn of the event loop, in ms: those that open streams, and all others. After a restart
 * thousands of streams come back at once, and a publish or a close must not wait for all of them.
 */
const OPENS_MS = 2;
const REQUESTS_MS = 4;

/** A connection that came, or was used, within so many ms has its next request under way: it is not idle. */
const NEW_MS = 1_000;

/** What all connections of a server keep to. */
export interface ConnectionsLimits extends ConnectionLimits {
  /** Sockets that may be open at once, streams included: beyond it, idle connections make room, and half-sent requests. */
  readonly maxSockets: number;
  /** Whether a request may be served while others of the kind before it on its connection are. */
  readonly mayOverlap: (request: IncomingMessage) => boolean;
  /** Whether a request opens a stream. */
  readonly opensStream: (request: IncomingMessage) => boolean;
}

/** The connections that an HTTP server speaks on. */
export class Connections implements ConnectionHost {
  readonly #limits: ConnectionsLimits;
  /**
   * Those without a request, and since when in monotonic ms, the longest idle first: browsers open some in advance, and keep those
   * that they have used.
   */
  readonly #idle = new Map<HttpConnection, number>();
  /** Those with a request, the longest busy first. */
  readonly #busy = new Set<HttpConnection>();
  readonly #scheduler: Scheduler;
  readonly #opens: TurnBudget;
  readonly #requests: TurnBudget;
  #sockets = 0;
  /** One for all: a listener of its own would be memory for each stream. */
  readonly #onSocketClosed = () => {
    this.#sockets--;
  };

  constructor(scheduler: Scheduler, limits: ConnectionsLimits) {
    this.#limits = limits;
    this.#scheduler = scheduler;
    this.#opens = new TurnBudget(scheduler, OPENS_MS);
    this.#requests = new TurnBudget(scheduler, REQUESTS_MS);
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
      this.#idle.set(connection, this.#scheduler.monotonicMs());
      connection.once("close", () => {
        this.#idle.delete(connection);
        this.#busy.delete(connection);
      });
      // "Any Duplex stream can be passed": https://nodejs.org/docs/latest-v20.x/api/http.html#event-connection
      for (const listener of listeners) listener.call(http, connection);
    });
  }

  onBusy(connection: HttpConnection): void {
    this.#idle.delete(connection);
    this.#busy.add(connection);
  }

  onIdle(connection: HttpConnection): void {
    this.#busy.delete(connection);
    this.#idle.set(connection, this.#scheduler.monotonicMs());
  }

  /** Cut connections that have no request under way. */
  closeIdle(): void {
    for (const connection of this.#idle.keys()) connection.destroy();
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
        this.begin(request, () => {
          response.once("close", () => end());
          answer();
        }),
    });
  }

  /** A request's turn on its connection has come: begin with it as soon as the others leave time for it. */
  begin(request: IncomingMessage, work: () => void): void {
    const turns = this.#limits.opensStream(request) ? this.#opens : this.#requests;
    turns.run(() => {
      if (!HttpConnection.of(request).destroyed) work();
    });
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
    for (const connection of this.#busy) if (connection.receiving !== null) return connection;
    return undefined;
  }
}

function ignore(): void {}
