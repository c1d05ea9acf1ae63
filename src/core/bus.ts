import type { CloseReason } from "./events.ts";
import type { Receipt } from "./receipts.ts";

/** What one process does when others ask. */
export interface BusListener {
  /** The log has grown: a hint without data, which may be late or come twice. */
  onAppended(): void;
  /** Close this stream if it is here; null if it is unknown here. */
  onClose(stream: string, reason: CloseReason): Receipt | null;
}

/**
 * How the processes that share a log talk to one another.
 *
 * It carries hints and requests, never messages: those travel by the log, so nothing is lost when the bus is.
 */
export interface Bus {
  listen(listener: BusListener): void;
  /** Tell all processes, this one included, that the log has grown. */
  announceAppended(): void;
  /**
   * Ask the other processes to close a stream.
   *
   * @returns the receipt of the process that had it; null when none knows it
   */
  requestClose(stream: string, reason: CloseReason): Promise<Receipt | null>;
  close(): Promise<void>;
}
