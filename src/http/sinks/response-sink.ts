import type { ServerResponse } from "node:http";
import type { Sink, WriteListener } from "../../core/sink.ts";
import { heldPieces, type PieceWaiter, type WaitingPieces } from "./waiting-pieces.ts";

/** A response that belongs to a stream, on a server that somebody else made. */
export class ResponseSink implements Sink, PieceWaiter {
  readonly #response: ServerResponse;
  readonly #pieces: WaitingPieces;
  #listener: WriteListener | null = null;
  /** What the client has not taken, while the response is not writable. */
  #waiting: readonly Buffer[] | null = null;

  /**
   * @param response with its head sent, whose `timeout` event comes when nothing has moved for as
   *   long as a client may stall
   */
  constructor(response: ServerResponse, pieces: WaitingPieces) {
    this.#response = response;
    this.#pieces = pieces;
  }

  listen(listener: WriteListener): void {
    const response = this.#response;
    this.#listener = listener;
    response.on("drain", () => {
      this.#endWait();
      listener.onDrain();
    });
    response.on("timeout", () => {
      if (this.#waiting !== null) this.#listener?.onStall();
    });
    response.on("close", () => this.#closed());
    // If it was destroyed before this, its `close` may still come, or be over.
    if (response.destroyed) queueMicrotask(() => this.#closed());
  }

  reachedTip(): void {}

  write(bytes: Buffer): void {
    const response = this.#response;
    if (response.writableEnded || response.destroyed) return;
    response.write(bytes);
    // Node would write at the end of the turn: then all streams of a slice at once, unmeasured.
    response.socket?.uncork();
    if (this.writable || this.#waiting !== null) return;
    this.#waiting = heldPieces(bytes, response.socket);
    for (const piece of this.#waiting) this.#pieces.add(piece, this);
  }

  get writable(): boolean {
    // After a large write that the kernel took at once, `writableNeedDrain` stays true until the
    // next tick.
    return !this.#response.writableNeedDrain || this.#response.writableLength === 0;
  }

  get queuedBytes(): number {
    return this.#response.writableLength;
  }

  end(bytes: Buffer, destroyAfterMs: number): void {
    const response = this.#response;
    if (response.destroyed) return;
    response.end(bytes);
    // A client that reads nothing never takes what is queued.
    const timer = setTimeout(() => response.destroy(), destroyAfterMs);
    response.once("close", () => clearTimeout(timer));
  }

  destroy(): void {
    this.#response.destroy();
  }

  /** See {@link PieceWaiter}. */
  letGo(): void {
    this.#listener?.onStall();
    this.#response.destroy(); // its last event would have to wait behind the piece
  }

  #closed(): void {
    this.#endWait();
    const listener = this.#listener;
    this.#listener = null;
    listener?.onClosed();
  }

  #endWait(): void {
    if (this.#waiting === null) return;
    for (const piece of this.#waiting) this.#pieces.remove(piece, this);
    this.#waiting = null;
  }
}
