import type { Socket } from "node:net";

/**
 * Sockets whose TLS handshake is under way.
 *
 * Node has another object for what is spoken over a socket, and does not say which belong together;
 * the addresses of both sides do.
 */
export class Handshakes {
  readonly #begun = new Map<string, Begun>();

  /**
   * A socket was accepted.
   *
   * @param onOver called once: the handshake has ended, or the socket has closed
   */
  begin(socket: Socket, onOver: () => void): void {
    const key = keyOf(socket);
    const over = () => {
      socket.off("close", over);
      if (this.#begun.get(key)?.socket === socket) this.#begun.delete(key);
      onOver();
    };
    socket.on("close", over);
    this.#begun.set(key, { socket, over });
  }

  /** The socket that `secure` is spoken over; null if it has closed. */
  socketOf(secure: Socket): Socket | null {
    return this.#begun.get(keyOf(secure))?.socket ?? null;
  }

  /**
   * A handshake has ended well.
   *
   * @param secure what is spoken over the socket
   */
  end(secure: Socket): void {
    this.#begun.get(keyOf(secure))?.over();
  }
}

interface Begun {
  readonly socket: Socket;
  readonly over: () => void;
}

function keyOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return [localAddress, localPort, remoteAddress, remotePort].join(" ");
}
