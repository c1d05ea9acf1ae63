import type { Socket } from "node:net";

/** The socket is looked at this often within the time that it may stall. */
const LOOKS = 4;

/**
 * Finds out that the other side of a socket has taken nothing for too long, to within a quarter of
 * that time.
 *
 * Node's own timer of a socket starts anew if the kernel has taken some of what waits, so it spares
 * clients that read slowly. But it sees that only when it runs out, so it takes up to twice its
 * time. That is why it runs out several times here.
 */
export class StallTimer {
  readonly #socket: Socket;
  readonly #stallMs: number;
  #looks = 0;
  #lookedAt = 0;
  #isRunning = false;

  constructor(socket: Socket, stallMs: number) {
    this.#socket = socket;
    this.#stallMs = stallMs;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Bytes wait for the other side. Does nothing while it runs. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#looks = 0;
    this.#lookedAt = performance.now();
    this.#socket.setTimeout(this.#lookMs);
  }

  /** Everything was taken. */
  stop(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    if (!this.#socket.destroyed) this.#socket.setTimeout(0);
  }

  /**
   * The socket's `timeout` event has come.
   *
   * @returns whether it has stalled for too long
   */
  look(): boolean {
    const now = performance.now();
    // If something was taken since the last look, the event did not come in between.
    if (now - this.#lookedAt > 1.5 * this.#lookMs) this.#looks = 0;
    this.#lookedAt = now;
    this.#looks++;
    if (this.#looks >= LOOKS) return true;
    this.#socket.setTimeout(this.#lookMs);
    return false;
  }

  get #lookMs(): number {
    return this.#stallMs / LOOKS;
  }
}
