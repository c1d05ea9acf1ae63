import type { SelectorSet } from "./channel-name.ts";
import type { Cursor } from "./cursor.ts";
import type { LogBatch, MessageLog } from "./log.ts";
import { resolveStart } from "./stream-start.ts";

/** Bytes of messages that one read without a stream returns. */
const MAX_READ_BYTES = 4_194_304;

/**
 * Read messages of the log, without a stream.
 *
 * @param after null starts with the oldest that is kept
 * @throws ForeverframeError FF_LOG_UNAVAILABLE
 */
export async function readMessages(
  log: MessageLog,
  selectors: SelectorSet,
  after: Cursor | null,
  maxMessages: number,
): Promise<LogBatch> {
  const start = await resolveStart(
    log,
    after === null ? { from: "earliest" } : { from: "cursor", after },
    selectors,
    await log.tip(),
  );
  const batch = await log.read({
    selectors,
    after: start.cursor,
    upTo: null,
    maxMessages,
    maxBytes: MAX_READ_BYTES,
  });
  const gaps = start.wantsWhatIsKept ? [] : batch.gaps;
  return { ...batch, gaps: start.gap === null ? gaps : [start.gap, ...gaps] };
}
