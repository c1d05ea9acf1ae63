import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** Which connections belong to streams, and how many requests are under way on the others. */
export class Connections {
  readonly #underWay = new WeakMap<Duplex, number>();
  readonly #streaming = new WeakSet<Duplex>();
  /** Connections without a request so far: browsers open some in advance. */
  readonly #unused = new Set<Duplex>();

  /** A connection was made. */
  open(socket: Duplex): void {
    this.#unused.add(socket);
    socket.once("close", () => this.#unused.delete(socket));
  }

  /** Cut connections that never had a request; Node does not take them for idle. */
  closeUnused(): void {
    for (const socket of this.#unused) socket.destroy();
  }

  /**
   * A request has come in.
   *
   * @returns false if its connection belongs to a stream: it was ended, and the request is not to be answered
   */
  admit({ socket }: IncomingMessage, response: ServerResponse): boolean {
    if (this.#streaming.has(socket)) {
      socket.destroy();
      return false;
    }
    this.#unused.delete(socket);
    this.#underWay.set(socket, (this.#underWay.get(socket) ?? 0) + 1);
    response.once("close", () => this.#underWay.set(socket, (this.#underWay.get(socket) ?? 1) - 1));
    return true;
  }

  /** From now on the connection belongs to a stream. */
  give(socket: Duplex): void {
    this.#streaming.add(socket);
    // Requests were sent behind the one for the stream: their answers would come in the middle of it.
    if ((this.#underWay.get(socket) ?? 0) > 1) socket.destroy();
  }

  /** Whether the connection belongs to a stream. */
  isStreaming(socket: Duplex): boolean {
    return this.#streaming.has(socket);
  }
}
