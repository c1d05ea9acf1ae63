import type { MemoryBudget } from "../core/memory-budget.ts";
import type { RequestTurns } from "./connection/request-turns.ts";
import type { WaitingPieces } from "./sinks/waiting-pieces.ts";

/** Memory and time that all clients of a process share. */
export interface SharedBudgets {
  /**
   * Bodies that are being read, apart from {@link unread}: readers that stop must not make
   * publishes be refused.
   */
  readonly bodies: MemoryBudget;
  /** Answers that clients have not read. */
  readonly unread: MemoryBudget;
  /** The same of streams. */
  readonly pieces: WaitingPieces;
  /** Begins requests. */
  readonly turns: RequestTurns;
}
