import { type Cursor, formatCursor, positionOf } from "../core/cursor.ts";
import type { LogBatch, ReadRequest, StoredMessage } from "../core/log.ts";
import type { LogMarks } from "./tables.ts";

/** At most so much is remembered: about what one read at the tip takes. */
const MAX_MESSAGES = 5_000;
const MAX_CHARACTERS = 1_048_576;

/** A message that a commit has stored. */
export interface AppendedMessage {
  readonly position: string;
  readonly id: Cursor;
  readonly channel: string;
  /** Its event: see `StoredMessage.json`. */
  readonly json: string;
}

/** Everything that one commit has added to the log. */
export interface AppendedStretch {
  /** The log's tip before it, and after it. */
  readonly after: string;
  readonly upTo: string;
  /** All messages in between, in log order. */
  readonly messages: readonly AppendedMessage[];
  /** Of their events. */
  readonly characters: number;
}

/**
 * What this process has just appended, so that its live streams get it without reading it back from
 * the log. The stretches follow one another: where another process has appended in between, only
 * what came afterwards is remembered.
 */
export class RecentAppends {
  readonly #epoch: string;
  #stretches: AppendedStretch[] = [];
  #messages = 0;
  #characters = 0;

  constructor(epoch: string) {
    this.#epoch = epoch;
  }

  /** Remember a stretch that is committed. */
  add(stretch: AppendedStretch): void {
    if (stretch.messages.length === 0) return;
    if (this.#stretches.at(-1)?.upTo !== stretch.after) this.clear();
    this.#stretches.push(stretch);
    this.#messages += stretch.messages.length;
    this.#characters += stretch.characters;
    while (this.#messages > MAX_MESSAGES || this.#characters > MAX_CHARACTERS) this.#forgetFirst();
  }

  clear(): void {
    this.#stretches = [];
    this.#messages = 0;
    this.#characters = 0;
  }

  /**
   * Answer a read of all that follows a cursor, unless some of it may have been removed since.
   *
   * @param look at the log's marks
   * @returns null if it has to be read from the log
   */
  read(request: ReadRequest, look: () => LogMarks): LogBatch | null {
    const { selectors, upTo, maxMessages, maxBytes, wanted } = request;
    const after = positionOf(request.after);
    const first = this.#stretches[0];
    const end = this.#stretches.at(-1)?.upTo ?? "";
    if (first === undefined || after < first.after || after >= end) return null;
    if (upTo !== null || wanted !== undefined) return null;
    const { tip, trimmedTo, forgottenTo } = look();
    if (end !== tip || after < trimmedTo || after < forgottenTo) return null;
    // Whoever reads the tip reads it once, and only onward.
    while (this.#stretches[0] !== undefined && this.#stretches[0].upTo <= after)
      this.#forgetFirst();
    const messages: StoredMessage[] = [];
    let bytes = 0;
    for (const stretch of this.#stretches) {
      for (const { position, id, channel, json } of stretch.messages) {
        if (position <= after || !selectors.matches(channel)) continue;
        const stored = { id, channel, json: Buffer.from(json) };
        messages.push(stored);
        bytes += stored.json.length;
        if (messages.length >= maxMessages || bytes >= maxBytes)
          return { messages, cursor: id, atEnd: position === tip, gaps: [], passed: null };
      }
    }
    return {
      messages,
      cursor: formatCursor(this.#epoch, end),
      atEnd: true,
      gaps: [],
      passed: null,
    };
  }

  #forgetFirst(): void {
    const first = this.#stretches.shift();
    this.#messages -= first?.messages.length ?? 0;
    this.#characters -= first?.characters ?? 0;
  }
}
