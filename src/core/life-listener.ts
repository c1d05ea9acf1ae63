import type { PassedOver } from "./excerpt.ts";
import type { Gap } from "./log.ts";
import type { Stream } from "./stream.ts";
import type { Receipt } from "./summaries.ts";

/**
 * Hears of the streams that are opened and closed in this process: logs, counters, hooks.
 *
 * It is called within the step of the event loop that opens or ends the stream, thousands of times
 * in a row during a drain, so it must only take notes.
 */
export interface LifeListener {
  /** A stream was opened. A long-poll stream that moves here from another process was not. */
  onOpened(stream: Stream): void;
  /** A stream has ended for good: one that moves to another process has not. */
  onClosed(stream: Stream, receipt: Receipt): void;
  /** A stream was told that messages are missing. */
  onGap?(stream: Stream, gap: Gap): void;
  /** A stream is given only a part of a stretch of the log, as it asked for. */
  onPassedOver?(stream: Stream, stretch: PassedOver): void;
}
