import type { SelectorSet } from "./channel-name.ts";
import type { Cursor } from "./cursor.ts";
import type { LogBatch, MessageLog } from "./log.ts";
import type { Scheduler } from "./scheduler.ts";

/**
 * Limits of one read at the tip: a turn's messages under load, but never so many that the turn gets
 * long.
 */
const READ = { maxMessages: 2_000, maxBytes: 1_048_576 };

/** Pause before the log is tried again after it failed, in ms. */
const RETRY_MS = 500;

/** What a tailer needs. */
export interface TailerOptions {
  readonly log: MessageLog;
  readonly scheduler: Scheduler;
  /**
   * The selectors to read, asked for before each read; null for nothing. A stream that wants
   * anything else from then on has to read it from the log.
   */
  readonly wanted: () => SelectorSet | null;
  /**
   * Gets everything beyond the start, in log order, one batch at a time; the next waits until it is
   * done.
   */
  readonly deliver: (batch: LogBatch) => Promise<void>;
  /** Hears of a failed read, which is repeated. */
  readonly onError: (error: unknown) => void;
}

/** A call of `sync` that waits for a read which began after it. */
interface Waiter {
  readonly wake: number;
  resolve(cursor: Cursor): void;
  reject(error: unknown): void;
}

/**
 * Reads the log onward from its tip, once for all streams of a process: the only source of live
 * messages. It reads only what these streams want.
 *
 * It is told that there may be more, never what. So messages published by this process and by
 * others take the same way, in log order, and nothing is delivered before the log holds it durably.
 */
export class Tailer {
  readonly #options: TailerOptions;
  #cursor: Cursor;
  /** Wake-ups so far, and how many of them had come when the last complete read began. */
  #wakes = 0;
  #served = 0;
  #running = false;
  #stopped = false;
  #waiting: Waiter[] = [];

  /** @param cursor where to start: the tip */
  constructor(cursor: Cursor, options: TailerOptions) {
    this.#cursor = cursor;
    this.#options = options;
  }

  /** Everything up to here was read; it is being delivered, or was. */
  get cursor(): Cursor {
    return this.#cursor;
  }

  /** There may be more in the log. Cheap: wake-ups of one turn are served by one read. */
  wake(): void {
    this.#wakes++;
    if (this.#running || this.#stopped) return;
    this.#running = true;
    void this.#run();
  }

  /**
   * Resolves when everything that was appended before this call has been delivered.
   *
   * @throws what the log threw, when it could not be read
   */
  sync(): Promise<Cursor> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ wake: this.#wakes + 1, resolve, reject });
      this.wake();
    });
  }

  /** Read no more. Those that wait for {@link sync} get the cursor as it is. */
  stop(): void {
    this.#stopped = true;
    this.#settle((waiter) => waiter.resolve(this.#cursor));
  }

  async #run(): Promise<void> {
    while (this.#served < this.#wakes && !this.#stopped) {
      // Wait for what else is published in this turn, so that each stream gets one write for all of
      // it.
      await this.#options.scheduler.nextTurn();
      const wake = this.#wakes;
      try {
        await this.#readToEnd();
        this.#served = wake;
        this.#settle((waiter) => waiter.resolve(this.#cursor), wake);
      } catch (error) {
        this.#options.onError(error);
        this.#settle((waiter) => waiter.reject(error));
        this.#options.scheduler.after(RETRY_MS, () => this.wake());
        break;
      }
    }
    this.#running = false;
  }

  async #readToEnd(): Promise<void> {
    const { log, deliver } = this.#options;
    for (let atEnd = false; !atEnd && !this.#stopped; ) {
      // Publishes may follow one another without end, so a waiter waits only for what is there now.
      const wake = this.#wakes;
      const tip = this.#waiting.length > 0 ? await log.tip() : null;
      const batch = await this.#read();
      atEnd = batch.atEnd;
      if (batch.cursor === this.#cursor) continue;
      // Before the delivery: a stream that is being replayed meanwhile must know that this batch is
      // on its way to the others.
      this.#cursor = batch.cursor;
      await deliver(batch);
      if (tip !== null && this.#cursor >= tip)
        this.#settle((waiter) => waiter.resolve(this.#cursor), wake);
    }
  }

  async #read(): Promise<LogBatch> {
    const { log, wanted } = this.#options;
    const selectors = wanted();
    if (selectors !== null)
      return log.read({ selectors, after: this.#cursor, upTo: null, ...READ });
    return { messages: [], cursor: await log.tip(), atEnd: true, gaps: [], passed: null };
  }

  #settle(answer: (waiter: Waiter) => void, upToWake = Number.POSITIVE_INFINITY): void {
    const due = this.#waiting.filter((waiter) => waiter.wake <= upToWake);
    this.#waiting = this.#waiting.filter((waiter) => waiter.wake > upToWake);
    due.forEach(answer);
  }
}
