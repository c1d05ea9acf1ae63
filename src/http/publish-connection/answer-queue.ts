import type { Holding, MemoryBudget } from "../../core/memory-budget.ts";
import type { AnswerSink, Ending } from "./answer-sink.ts";

/** A client has this long to take the last answers, in ms. */
const LAST_ANSWERS_MS = 1_000;

/** Some lines that were taken together, until they are answered. */
export interface Batch {
  /** In the order of the lines; null until they are known. */
  answers: readonly string[] | null;
  /** What the lines count for. */
  readonly bytes: number;
}

/** What a queue of answers depends on. */
export interface AnswerQueueOptions {
  readonly sink: AnswerSink;
  /** Counts the answers that wait for their clients. */
  readonly unread: MemoryBudget;
  /** Called when some were sent. */
  readonly onSent: () => void;
}

/**
 * The answers of one connection, which are sent in the order of their lines. Those that are known
 * in one turn are sent in one piece; while the client does not take them, they wait here.
 */
export class AnswerQueue {
  readonly #options: AnswerQueueOptions;
  /** In the order of their lines. */
  readonly #batches: Batch[] = [];
  readonly #holding: Holding;
  #bytes = 0;
  #willSend = false;
  /** Why the connection ends behind the last answer; null while it does not. */
  #ending: Ending | null = null;
  #isOver = false;
  readonly #send = () => {
    this.#willSend = false;
    this.send();
  };

  constructor(options: AnswerQueueOptions) {
    this.#options = options;
    this.#holding = options.unread.hold(() => options.sink.destroy());
  }

  /** What the lines count for that were not answered yet. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Lines were taken. Their answers are given to {@link settle}. */
  add(bytes: number): Batch {
    const batch: Batch = { answers: null, bytes };
    this.#batches.push(batch);
    this.#bytes += bytes;
    return batch;
  }

  /** The answers to lines are known. */
  settle(batch: Batch, answers: readonly string[]): void {
    batch.answers = answers;
    this.#sendSoon();
  }

  /** End the connection behind the answers to all lines that were added. */
  end(why: Ending): void {
    this.#ending ??= why;
    this.#sendSoon();
  }

  /** Send what can be sent. */
  send(): void {
    const { sink, onSent } = this.#options;
    if (this.#isOver) return;
    // The last ones are sent to whoever may still take them.
    if (!sink.writable && this.#ending === null) {
      this.#holding.set(this.#length());
      return;
    }
    this.#holding.set(0);
    const ready = this.#takeReady();
    if (this.#ending !== null && this.#batches.length === 0) {
      this.#isOver = true;
      sink.end(ready, LAST_ANSWERS_MS, this.#ending);
      return;
    }
    if (ready.length > 0) sink.write(ready);
    onSent();
  }

  /** The connection is gone. */
  close(): void {
    this.#isOver = true;
    this.#holding.end();
  }

  /** What the log has taken together is settled before the next tick. */
  #sendSoon(): void {
    if (this.#willSend) return;
    this.#willSend = true;
    process.nextTick(this.#send);
  }

  #takeReady(): readonly string[] {
    const ready: string[] = [];
    let count = 0;
    for (const { answers, bytes } of this.#batches) {
      if (answers === null) break;
      for (const answer of answers) ready.push(answer);
      this.#bytes -= bytes;
      count++;
    }
    this.#batches.splice(0, count);
    return ready;
  }

  #length(): number {
    let length = 0;
    for (const { answers } of this.#batches)
      for (const answer of answers ?? []) length += answer.length;
    return length;
  }
}
