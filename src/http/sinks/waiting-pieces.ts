import type { Duplex } from "node:stream";
import type { Holding, MemoryBudget } from "../../core/memory-budget.ts";
import { isEncrypted } from "../connection/encrypted.ts";
import { MAX_ENCRYPTED_BYTES } from "../connection/tls-writes.ts";

/** What waits until its client has read a piece. */
export interface PieceWaiter {
  /** The piece takes too much memory: end now, so that it can be freed. */
  letGo(): void;
}

/**
 * What a connection holds for its client while that has not read a piece: the piece, which others
 * may share, and over TLS a part of it encrypted, which is an object of its own here.
 */
export function heldPieces(piece: Buffer, connection: Duplex | null): readonly Buffer[] {
  return isEncrypted(connection) ? [piece, piece.subarray(0, MAX_ENCRYPTED_BYTES)] : [piece];
}

/** A piece, and those who wait until it is read. */
interface WaitingPiece {
  readonly holding: Holding;
  readonly waiters: Set<PieceWaiter>;
}

/**
 * Pieces that clients of streams have not read, counted in the memory budget: each once, however
 * many streams share it.
 *
 * A client that reads nothing holds one piece, which is as large as one message may be. Thousands
 * of them with selectors of their own hold thousands of pieces.
 */
export class WaitingPieces {
  readonly #budget: MemoryBudget;
  readonly #pieces = new Map<Buffer, WaitingPiece>();

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  /** The client has not taken this piece. Its waiter may be let go at once. */
  add(piece: Buffer, waiter: PieceWaiter): void {
    const known = this.#pieces.get(piece);
    const { holding, waiters } = known ?? this.#begin(piece);
    waiters.add(waiter);
    holding.set(piece.length, waiters.size);
  }

  /** The client has taken the piece, or has gone. */
  remove(piece: Buffer, waiter: PieceWaiter): void {
    const known = this.#pieces.get(piece);
    if (known?.waiters.delete(waiter) !== true) return;
    if (known.waiters.size > 0) {
      known.holding.set(piece.length, known.waiters.size);
      return;
    }
    this.#pieces.delete(piece);
    known.holding.end();
  }

  #begin(piece: Buffer): WaitingPiece {
    const waiters = new Set<PieceWaiter>();
    const holding = this.#budget.hold(() => {
      this.#pieces.delete(piece);
      for (const waiter of waiters) waiter.letGo();
    });
    const waiting = { holding, waiters };
    this.#pieces.set(piece, waiting);
    return waiting;
  }
}
