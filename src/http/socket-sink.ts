import type { Socket } from "node:net";
import type { Sink, SinkListener } from "../core/sink.ts";

/** The sink of a socket, for listeners that all sockets share: six closures for each would be a tenth of a stream. */
const SINK = Symbol("sink");

type SinkSocket = Socket & { [SINK]?: SocketSink };

/** A connection that belongs to a stream. */
export class SocketSink implements Sink {
  readonly #socket: SinkSocket;
  #listener: SinkListener | null = null;
  #stallMs = 0;

  /** @param socket what comes from it is its owner's to hear */
  constructor(socket: Socket) {
    this.#socket = socket;
    // Else an error before `listen` would end the process. What it says is said by `close` too.
    socket.on("error", ignore);
  }

  listen(listener: SinkListener, stallMs: number): void {
    const socket = this.#socket;
    this.#listener = listener;
    this.#stallMs = stallMs;
    socket[SINK] = this;
    socket.on("drain", onDrain);
    socket.on("timeout", onTimeout);
    socket.on("close", onClose);
    // Destroyed before this, its `close` may be still to come or be over.
    if (socket.destroyed) queueMicrotask(() => this.closed());
  }

  caughtUp(): void {}

  write(bytes: Buffer): void {
    const socket = this.#socket;
    if (socket.writableEnded) return;
    socket.write(bytes);
    // Node's own timer: it starts anew whenever the kernel has taken some of what waits, so it finds those who read
    // nothing and spares those who read slowly.
    if (!this.writable && socket.timeout !== this.#stallMs) socket.setTimeout(this.#stallMs);
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

  /** The socket takes bytes again. */
  drained(): void {
    if (this.#socket.timeout) this.#socket.setTimeout(0);
    this.#listener?.onDrain();
  }

  /** The socket's timer has run out. */
  timedOut(): void {
    if (!this.writable) this.#listener?.onStall();
  }

  /** The socket is closed. */
  closed(): void {
    const listener = this.#listener;
    this.#listener = null;
    listener?.onClosed();
  }
}

function ignore(): void {}

function onDrain(this: SinkSocket): void {
  this[SINK]?.drained();
}

function onTimeout(this: SinkSocket): void {
  this[SINK]?.timedOut();
}

function onClose(this: SinkSocket): void {
  this[SINK]?.closed();
}
