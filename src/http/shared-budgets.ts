import type { MemoryBudget } from "../core/memory-budget.ts";
import type { RequestTurns } from "./connection/request-turns.ts";
import type { WaitingPieces } from "./sinks/waiting-pieces.ts";

/** Memory and time that all clients of a process share. */
export interface SharedBudgets {
  /**
   * Bodies that are being read. Counted apart from {@link unread}: publishes must not be refused
   * because of readers that stop.
   */
  readonly bodies: MemoryBudget;
  /** Answers that clients have not read. */
  readonly unread: MemoryBudget;
  /** The same for streams. */
  readonly pieces: WaitingPieces;
  /** Begins requests. */
  readonly turns: RequestTurns;
}
