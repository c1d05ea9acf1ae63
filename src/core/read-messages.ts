import type { SelectorSet } from "./channel-name.ts";
import { excerptOf } from "./excerpt.ts";
import type { LogBatch, MessageLog } from "./log.ts";
import { resolveStart, type StartRequest } from "./stream-start.ts";
import type { TurnBudget } from "./turn-budget.ts";

/** Bytes of messages that one read without a stream returns in all, and in one piece. */
const MAX_READ_BYTES = 4_194_304;
const PIECE_BYTES = 32_768;

/**
 * Read messages of the log without a stream, piece by piece: a reader that stops costs one piece.
 *
 * Each piece is a snapshot of its own. If messages were removed before a piece could read them, the
 * piece reports a gap, as the first one does.
 *
 * @param turns shared by all readers
 * @param from where to start
 * @param maxMessages of all pieces together
 * @returns at least one batch; the last one's `cursor` is where to resume
 * @throws ForeverframeError FF_LOG_UNAVAILABLE
 */
export async function* readMessages(
  log: MessageLog,
  turns: TurnBudget,
  selectors: SelectorSet,
  from: StartRequest,
  maxMessages: number,
): AsyncGenerator<LogBatch, void> {
  const start = await resolveStart(
    log,
    from,
    selectors,
    await log.tip(),
    () => false, // a read has no start that is searched for
  );
  let cursor = start.cursor;
  let messagesLeft = maxMessages;
  let bytesLeft = MAX_READ_BYTES;
  for (let isFirst = true, isOver = false; !isOver; isFirst = false) {
    const request = {
      selectors,
      after: cursor,
      upTo: null,
      maxMessages: messagesLeft,
      maxBytes: Math.min(bytesLeft, PIECE_BYTES),
    };
    const all = await turns.ask(() => log.read(request));
    const sinceMs = start.excerpt?.sinceMs ?? null;
    const batch = { ...all, messages: excerptOf(all.messages, { newest: null, sinceMs }) };
    cursor = batch.cursor;
    messagesLeft -= batch.messages.length;
    bytesLeft -= all.messages.reduce((sum, { json }) => sum + json.length, 0);
    isOver = batch.atEnd || messagesLeft <= 0 || bytesLeft <= 0;
    const gaps = isFirst && start.wantsWhatIsKept ? [] : batch.gaps;
    yield { ...batch, gaps: isFirst && start.gap !== null ? [start.gap, ...gaps] : gaps };
  }
}
