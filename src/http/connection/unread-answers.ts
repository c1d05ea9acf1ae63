import type { Socket } from "node:net";
import type { Holding, MemoryBudget } from "../../core/memory-budget.ts";
import { StallTimer } from "./stall-timer.ts";

/**
 * The bytes of answers that wait in a socket for their reader: they are counted, and the socket is
 * watched for a reader that takes none of them. HTTP has the socket's timer while none wait.
 */
export class UnreadAnswers {
  readonly #socket: Socket;
  readonly #stall: StallTimer;
  readonly #holding: Holding;
  #httpMs = 0;

  /** @param unread in which they are counted; it cuts the socket when there are too many in all */
  constructor(socket: Socket, stallMs: number, unread: MemoryBudget) {
    this.#socket = socket;
    this.#stall = new StallTimer(socket, stallMs);
    this.#holding = unread.hold(() => socket.destroy());
  }

  get areWaiting(): boolean {
    return this.#stall.isRunning;
  }

  /** Set the socket's timer for HTTP, in ms; 0 for none. */
  setHttpTimeout(ms: number): void {
    this.#httpMs = ms;
    if (!this.areWaiting) this.#socket.setTimeout(ms);
  }

  /** Something was written to the socket. */
  add(): void {
    const { writableLength: waiting, writableCorked } = this.#socket;
    // What is held back waits for us, and a socket keeps the timer that it once had.
    if (waiting === 0 || writableCorked > 0) return;
    this.#stall.start();
    this.#holding.set(waiting);
  }

  /** The kernel has taken all that was written. */
  clear(): void {
    if (!this.areWaiting) return;
    this.#stall.stop();
    this.#holding.set(0);
    if (!this.#socket.destroyed) this.#socket.setTimeout(this.#httpMs);
  }

  /** See {@link StallTimer.look}; while some wait. */
  look(): boolean {
    return this.#stall.look();
  }

  /** The connection has ended, or a stream has its socket. */
  end(): void {
    this.#stall.stop();
    this.#holding.end();
  }
}
