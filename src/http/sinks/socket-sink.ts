import type { Socket } from "node:net";
import type { Sink, SinkListener } from "../../core/sink.ts";
import { StallTimer } from "../connection/stall-timer.ts";

/** The sink of a socket, for listeners that all sockets share: six closures for each would be a tenth of a stream. */
const SINK = Symbol("sink");

type SinkSocket = Socket & { [SINK]?: SocketSink };

/** A connection that belongs to a stream. */
export class SocketSink implements Sink {
  readonly #socket: SinkSocket;
  #listener: SinkListener | null = null;
  #stallMs = 0;
  /** While it is not writable. */
  #stall: StallTimer | null = null;

  /** @param socket with a listener for its errors, which `close` says too. What comes from it is its owner's to hear */
  constructor(socket: Socket) {
    this.#socket = socket;
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
    if (this.writable || this.#stall !== null) return;
    this.#stall = new StallTimer(socket, this.#stallMs);
    this.#stall.start();
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
    this.#stall?.stop();
    this.#stall = null;
    this.#listener?.onDrain();
  }

  /** The socket's timer has run out. */
  timedOut(): void {
    if (this.#stall?.look() === true) this.#listener?.onStall();
  }

  /** The socket is closed. */
  closed(): void {
    const listener = this.#listener;
    this.#listener = null;
    listener?.onClosed();
  }
}

function onDrain(this: SinkSocket): void {
  this[SINK]?.drained();
}

function onTimeout(this: SinkSocket): void {
  this[SINK]?.timedOut();
}

function onClose(this: SinkSocket): void {
  this[SINK]?.closed();
}
