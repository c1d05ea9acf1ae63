import { setImmediate as nextTurn } from "node:timers/promises";
import type { SelectorSet } from "../core/channel-name.ts";
import {
  type Cursor,
  formatCursor,
  ORIGIN,
  PositionClock,
  positionOf,
  timeOfPosition,
} from "../core/cursor.ts";
import type {
  AppendRequest,
  ChannelSummary,
  LogBatch,
  MessageLog,
  ReadRequest,
  RetentionRules,
} from "../core/log.ts";
import { SteadyClock } from "../core/steady-clock.ts";
import { ForeverframeError } from "../errors.ts";
import { type AppendOptions, type AppendOutcome, appendGroup } from "./table-append.ts";
import { nothingCounted } from "./table-bytes.ts";
import { type BackwardSearch, readBatch, searchBackward } from "./table-reads.ts";
import { deleteFromChannel, isTrimDue, trimTables } from "./table-trim.ts";
import type { LogMarks, TableStore, TableWriter } from "./tables.ts";

/** Most messages in one transaction, so that one commit stays short. */
const MAX_MESSAGES_PER_COMMIT = 10_000;

/** What a log needs from outside. */
export interface TableLogOptions {
  /** Unix ms: it may jump. */
  readonly now: () => number;
  /** Ms since some start: it never jumps. */
  readonly monotonicMs: () => number;
  /** What is kept; looked at with each append and each trim, so it may change. */
  readonly retention: RetentionRules;
  /** Most idempotency keys remembered at once. */
  readonly maxIdempotencyKeys: number;
  /** Most channels that keep messages at once. */
  readonly maxChannels: number;
  /** Most bytes of messages kept, with what their rows take; infinite for no limit. */
  readonly maxLogBytes: number;
}

interface PendingAppend {
  readonly request: AppendRequest;
  resolve(ids: readonly Cursor[]): void;
  reject(error: unknown): void;
}

/** The whole of a {@link MessageLog} but its storage: order, ids, batches, idempotency, gaps and retention. */
export class TableLog implements MessageLog {
  readonly epoch: string;
  readonly capabilities: MessageLog["capabilities"];
  readonly #store: TableStore;
  readonly #options: AppendOptions;
  #pending: PendingAppend[] = [];
  #committing: Promise<void> | null = null;
  /** Whether the last change could not be stored. */
  #failing = false;
  #closed = false;

  private constructor(store: TableStore, marks: LogMarks, options: TableLogOptions) {
    this.#store = store;
    this.epoch = marks.epoch;
    this.capabilities = store.capabilities;
    const newest = marks.tip === ORIGIN ? null : (marks.time ?? timeOfPosition(marks.tip));
    this.#options = {
      ...options,
      epoch: marks.epoch,
      rules: options.retention,
      clock: new PositionClock(options.now),
      steady: new SteadyClock({ ...options, newest }),
    };
  }

  /** @param drawEpoch names the epoch if the store is new */
  static async open(
    store: TableStore,
    drawEpoch: () => string,
    options: TableLogOptions,
  ): Promise<TableLog> {
    let marks = store.read((tables) => tables.marks());
    const isCounted = store.read((tables) => tables.upkeep()?.uncounted !== undefined);
    if (marks.epoch === "" || !isCounted)
      marks = await store.write((tables) => beginLog(tables, drawEpoch, options));
    return new TableLog(store, marks, options);
  }

  append(request: AppendRequest): Promise<readonly Cursor[]> {
    if (this.#closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      this.#pending.push({ request, resolve, reject });
      this.#committing ??= this.#commitPending();
    });
  }

  /**
   * Group commit: what comes while one transaction is on its way to the disk goes together into the next.
   * So one sync serves as many publishers as there are, and one alone waits for one sync.
   */
  async #commitPending(): Promise<void> {
    while (this.#pending.length > 0) {
      const group = this.#takeGroup();
      const requests = group.map(({ request }) => request);
      let outcomes: readonly AppendOutcome[];
      try {
        outcomes = await this.#write((tables) => appendGroup(tables, requests, this.#options));
      } catch (error) {
        for (const { reject } of group) reject(error);
        continue;
      }
      group.forEach(({ resolve, reject }, i) => {
        const outcome = outcomes[i];
        if (outcome instanceof ForeverframeError) reject(outcome);
        else resolve(outcome ?? []);
      });
    }
    // In the same step as the last look at the queue: a caller that goes on now must find nobody committing.
    this.#committing = null;
  }

  #takeGroup(): readonly PendingAppend[] {
    let messages = 0;
    let count = 0;
    for (const { request } of this.#pending) {
      messages += request.messages.length;
      if (count > 0 && messages > MAX_MESSAGES_PER_COMMIT) break;
      count++;
    }
    return this.#pending.splice(0, count);
  }

  async read(request: ReadRequest): Promise<LogBatch> {
    return this.#query(() => this.#store.read((tables) => readBatch(tables, request)));
  }

  async tip(): Promise<Cursor> {
    return this.#query(() =>
      this.#store.read((tables) => formatCursor(this.epoch, tables.marks().tip)),
    );
  }

  async beforeLast(selectors: SelectorSet, count: number, upTo: Cursor): Promise<Cursor> {
    let search: BackwardSearch = { count, upTo: positionOf(upTo), found: null };
    while (search.found === null) {
      const from = search;
      search = this.#query(() =>
        this.#store.read((tables) => searchBackward(tables, selectors, from)),
      );
      if (search.found === null) await nextTurn(); // a long way through what does not match
    }
    return formatCursor(this.epoch, search.found);
  }

  async channels(after: string, limit: number): Promise<readonly ChannelSummary[]> {
    return this.#query(() =>
      this.#store.read((tables) => {
        const found: ChannelSummary[] = [];
        for (const [channel, { messages, last }] of tables.channels(after)) {
          if (found.length >= limit) break;
          found.push({ channel, messages, last: formatCursor(this.epoch, last) });
        }
        return found;
      }),
    );
  }

  async deleteChannel(channel: string): Promise<number> {
    const upTo = positionOf(await this.tip());
    let total = 0;
    for (let more = true; more; ) {
      if (this.#closed) throw closedError();
      const piece = await this.#write((tables) => deleteFromChannel(tables, channel, upTo));
      total += piece.removed;
      more = piece.more;
    }
    return total;
  }

  async trim(): Promise<boolean> {
    if (this.#closed) return false;
    const { rules, steady, now } = this.#options;
    const options = { rules, now: steady.now(), wallTime: now() };
    const wasFailing = this.#failing;
    const isDue = this.#query(() => this.#store.read((tables) => isTrimDue(tables, options)));
    if (!isDue && !wasFailing) return false;
    return this.#write((tables) => {
      // On a full disk, room that was freed inside the file can be used only after some more commits: these make them.
      if (wasFailing) tables.putMarks(tables.marks());
      return trimTables(tables, options);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#committing;
    await this.#store.close();
  }

  async #write<T>(change: (tables: TableWriter) => T): Promise<T> {
    try {
      const result = await this.#store.write(change);
      this.#failing = false;
      return result;
    } catch (error) {
      this.#failing = true;
      throw logError(error);
    }
  }

  #query<T>(run: () => T): T {
    if (this.#closed) throw closedError();
    try {
      return run();
    } catch (error) {
      throw logError(error);
    }
  }
}

/** Write the first marks of a log that is new, and those that one of version 0.1 does not have. */
function beginLog(
  tables: TableWriter,
  drawEpoch: () => string,
  { retention }: TableLogOptions,
): LogMarks {
  const known = tables.marks();
  const upkeep = tables.upkeep();
  if (known.epoch !== "" && upkeep?.uncounted !== undefined) return known; // another process was first
  const isNew = known.epoch === "";
  const marks = { ...known, epoch: isNew ? drawEpoch() : known.epoch, bytes: 0 };
  tables.putMarks(marks);
  tables.putUpkeep({
    retention: isNew ? retention.fingerprint : "",
    indexedTo: null,
    uncounted: nothingCounted(known.tip),
  });
  return marks;
}

function closedError(): ForeverframeError {
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    "The log is closed because the server is stopping: try again soon",
  );
}

function logError(error: unknown): ForeverframeError {
  if (error instanceof ForeverframeError) return error;
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    "The log can't do this now, and the message may not be stored: try again, with the same Idempotency-Key if there was one",
    { cause: error },
  );
}
