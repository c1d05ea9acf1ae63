import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { HttpConnection } from "./http-connection.ts";

/** The connections that an HTTP server speaks on. */
export class Connections {
  /** Those without a request so far: browsers open some in advance. */
  readonly #unused = new Set<HttpConnection>();

  /**
   * Let a server speak on {@link HttpConnection}s. Call it once, before the server listens. Its `connection` event may bring
   * what was read of the socket already.
   */
  serve(http: HttpServer): void {
    const listeners = http.listeners("connection");
    http.removeAllListeners("connection");
    http.on("connection", (socket: Socket, begun?: Buffer) => {
      const connection = new HttpConnection(socket);
      if (begun !== undefined) connection.push(begun);
      this.#unused.add(connection);
      connection.once("close", () => this.#unused.delete(connection));
      // "Any Duplex stream can be passed": https://nodejs.org/docs/latest-v20.x/api/http.html#event-connection
      for (const listener of listeners) listener.call(http, connection);
    });
  }

  /** Cut connections that never had a request; Node does not take them for idle. */
  closeUnused(): void {
    for (const connection of this.#unused) connection.destroy();
  }

  /**
   * A request has come in.
   *
   * @returns false if its connection has ended, or belongs to a stream: it is not to be answered
   */
  admit(request: IncomingMessage, response: ServerResponse): boolean {
    const connection = HttpConnection.of(request);
    if (connection.destroyed) return false;
    this.#unused.delete(connection);
    connection.requestsUnderWay++;
    response.once("close", () => {
      connection.requestsUnderWay--;
    });
    return true;
  }
}
