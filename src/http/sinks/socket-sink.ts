import type { Socket } from "node:net";
import type { Sink, WriteListener } from "../../core/sink.ts";
import { StallTimer } from "../connection/stall-timer.ts";
import { heldPieces, type PieceWaiter, type WaitingPieces } from "./waiting-pieces.ts";

/**
 * A socket's property that holds its sink, for listeners that all sockets share: six closures for
 * each would be a tenth of a stream.
 */
const SINK = Symbol("sink");

type SinkSocket = Socket & { [SINK]?: SocketSink };

/** A connection that belongs to a stream. */
export class SocketSink implements Sink, PieceWaiter {
  readonly #socket: SinkSocket;
  readonly #pieces: WaitingPieces;
  #listener: WriteListener | null = null;
  #stallMs = 0;
  /** While it is not writable. */
  #stall: { readonly timer: StallTimer; readonly pieces: readonly Buffer[] } | null = null;

  /**
   * @param socket with a listener for its errors, which `close` reports, too. Its owner listens to
   *   what comes from it
   */
  constructor(socket: Socket, pieces: WaitingPieces) {
    this.#socket = socket;
    this.#pieces = pieces;
  }

  listen(listener: WriteListener, stallMs: number): void {
    const socket = this.#socket;
    this.#listener = listener;
    this.#stallMs = stallMs;
    socket[SINK] = this;
    socket.on("drain", onDrain);
    socket.on("timeout", onTimeout);
    socket.on("close", onClose);
    // If it was destroyed before this, its `close` may still come, or be over.
    if (socket.destroyed) queueMicrotask(() => this.closed());
  }

  reachedTip(): void {}

  write(bytes: Buffer): void {
    const socket = this.#socket;
    if (socket.writableEnded) return;
    socket.write(bytes);
    if (this.writable || this.#stall !== null) return;
    // What was written before it is less than Node's `highWaterMark`.
    const pieces = heldPieces(bytes, socket);
    this.#stall = { timer: new StallTimer(socket, this.#stallMs), pieces };
    this.#stall.timer.start();
    for (const piece of pieces) this.#pieces.add(piece, this);
  }

  get writable(): boolean {
    // After a large write that the kernel took at once, `writableNeedDrain` stays true until the
    // next tick.
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
    this.#endStall();
    this.#listener?.onDrain();
  }

  /** The socket's timer has run out. */
  timedOut(): void {
    if (this.#stall?.timer.look() === true) this.#listener?.onStall();
  }

  /** See {@link PieceWaiter}. */
  letGo(): void {
    this.#listener?.onStall();
    this.#socket.destroy(); // its last event would have to wait behind the piece
  }

  /** The socket is closed. */
  closed(): void {
    this.#endStall();
    const listener = this.#listener;
    this.#listener = null;
    listener?.onClosed();
  }

  #endStall(): void {
    if (this.#stall === null) return;
    const { timer, pieces } = this.#stall;
    this.#stall = null;
    timer.stop();
    for (const piece of pieces) this.#pieces.remove(piece, this);
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
