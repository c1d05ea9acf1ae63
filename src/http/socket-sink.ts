import type { Socket } from "node:net";
import type { Sink, SinkListener } from "../core/sink.ts";

/** A connection that belongs to a stream. */
export class SocketSink implements Sink {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  listen(listener: SinkListener): void {
    const socket = this.#socket;
    socket.on("drain", () => listener.onDrain());
    socket.once("close", () => listener.onClosed());
    // A client of a stream has nothing more to say. If it does (a second request on this connection), or ends its side,
    // the stream is over: nobody could answer in the middle of a response that never ends.
    socket.once("data", () => socket.destroy());
    socket.once("end", () => socket.destroy());
    if (socket.destroyed) queueMicrotask(() => listener.onClosed());
  }

  write(bytes: Buffer): void {
    if (!this.#socket.writableEnded) this.#socket.write(bytes);
  }

  get writable(): boolean {
    // After a large write that the kernel took at once, `writableNeedDrain` stays true until the next tick.
    return !this.#socket.writableNeedDrain || this.#socket.writableLength === 0;
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  end(bytes: Buffer, destroyAfterMs: number): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    socket.end(bytes);
    // end() waits for the client to read all that is queued, which a stalled one never does.
    const timer = setTimeout(() => socket.destroy(), destroyAfterMs);
    socket.once("close", () => clearTimeout(timer));
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
