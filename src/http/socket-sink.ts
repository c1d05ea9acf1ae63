import type { Socket } from "node:net";
import type { Sink, SinkListener } from "../core/sink.ts";

/** A connection that belongs to a stream. */
export class SocketSink implements Sink {
  readonly #socket: Socket;
  #stallMs = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  listen(listener: SinkListener, stallMs: number): void {
    const socket = this.#socket;
    this.#stallMs = stallMs;
    socket.on("drain", () => {
      if (socket.timeout !== 0) this.armTimer();
      listener.onDrain();
    });
    socket.on("timeout", () => {
      if (!this.writable) listener.onStall();
    });
    let told = false;
    const onClosed = () => {
      if (!told) listener.onClosed();
      told = true;
    };
    socket.once("close", onClosed);
    // A client of a stream has nothing more to say. If it does (a second request on this connection), or ends its side,
    // the stream is over: nobody could answer in the middle of a response that never ends.
    socket.once("data", () => socket.destroy());
    socket.once("end", () => socket.destroy());
    // Destroyed before this, its `close` may be still to come or be over.
    if (socket.destroyed) queueMicrotask(onClosed);
  }

  write(bytes: Buffer): void {
    const socket = this.#socket;
    if (socket.writableEnded) return;
    socket.write(bytes);
    // Node's own timer: it starts anew whenever the kernel has taken some of what waits, so it finds those who read
    // nothing and spares those who read slowly.
    if (!this.writable && socket.timeout !== this.#stallMs) this.armTimer();
  }

  /** Set the socket's timer to what it is for: while bytes wait, it finds a client that takes none; else it is off. */
  armTimer(): void {
    this.#socket.setTimeout(this.writable ? 0 : this.#stallMs);
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
