import { setImmediate as nextTurn } from "node:timers/promises";
import type { SelectorSet } from "../core/channel-name.ts";
import { type Cursor, formatCursor, ORIGIN, positionOf, timeOfPosition } from "../core/cursor.ts";
import type {
  AppendOutcome,
  AppendRequest,
  FoundPlaces,
  LogBatch,
  MessageLog,
  PlacesRequest,
  ReadRequest,
  RetentionRules,
} from "../core/log.ts";
import { type Rate, RateLimit } from "../core/rate-limit.ts";
import type { KeptRevocation, Revocation } from "../core/revocation.ts";
import { SteadyClock } from "../core/steady-clock.ts";
import type { ChannelSummary } from "../core/summaries.ts";
import { ForeverframeError } from "../errors.ts";
import { appendOne } from "./append-one.ts";
import { closedError, goneError } from "./log-errors.ts";
import { LogHealth } from "./log-health.ts";
import { PlaceSearch } from "./place-search.ts";
import { PositionClock } from "./position-clock.ts";
import { RecentAppends } from "./recent-appends.ts";
import { type AppendOptions, appendGroup, LogSizeError } from "./table-append.ts";
import { nothingCounted } from "./table-bytes.ts";
import { type BackwardSearch, readBatch, searchBackward } from "./table-reads.ts";
import { keepRevocation, MAX_REVOCATIONS } from "./table-revoke.ts";
import {
  deleteFromChannel,
  FEW_REMOVALS,
  IDEMPOTENCY_MS,
  isTrimDue,
  trimTables,
} from "./table-trim.ts";
import type { LogMarks, TableStore, TableWriter } from "./tables.ts";

/** Most messages in one transaction, so that one commit stays short. */
const MAX_MESSAGES_PER_COMMIT = 2_500;

/** A log looks at most this often whether its trouble has ended, in ms. */
const LOOK_EVERY_MS = 1_000;

/**
 * A full disk is tried at most this often, in ms: each try is a failure that a library may print.
 */
const TRY_FULL_EVERY_MS = 10_000;

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
  /** Most revocations that are kept; {@link MAX_REVOCATIONS} if it is left out. */
  readonly maxRevocations?: number | undefined;
  /** How many processes append to the log. */
  readonly processes?: number | undefined;
  /** Most channels that keep messages at once. */
  readonly maxChannels: number;
  /** Most bytes of messages kept, with what their rows take; infinite for no limit. */
  readonly maxLogBytes: number;
  /**
   * Called once with the reason when appends begin to fail, and once with null when they work
   * again.
   */
  readonly onTrouble?: ((trouble: ForeverframeError | null) => void) | undefined;
}

interface PendingAppend {
  /** Stored in one transaction. */
  readonly requests: readonly AppendRequest[];
  /** Messages of all requests. */
  readonly messages: number;
  resolve(outcomes: readonly AppendOutcome[]): void;
  reject(error: unknown): void;
}

/**
 * A {@link MessageLog} without its storage: order, ids, batches, idempotency, gaps and retention.
 */
export class TableLog implements MessageLog {
  readonly epoch: string;
  readonly capabilities: MessageLog["capabilities"];
  readonly #store: TableStore;
  readonly #options: AppendOptions & TableLogOptions;
  #pending: PendingAppend[] = [];
  #committing: Promise<void> | null = null;
  /** Resolves when the last search that waits for its turn gets it. */
  #searching: Promise<unknown> = Promise.resolve();
  readonly #recent: RecentAppends;
  readonly #health: LogHealth;
  /** Monotonic ms of the last look whether trouble has ended. */
  #probedAt = 0;
  #closed = false;

  private constructor(store: TableStore, marks: LogMarks, options: TableLogOptions) {
    this.#store = store;
    this.epoch = marks.epoch;
    this.capabilities = store.capabilities;
    this.#recent = new RecentAppends(marks.epoch);
    this.#health = new LogHealth(options);
    const newest = marks.tip === ORIGIN ? null : (marks.time ?? timeOfPosition(marks.tip));
    this.#options = {
      ...options,
      epoch: marks.epoch,
      rules: options.retention,
      clock: new PositionClock(options.now),
      steady: new SteadyClock({ ...options, newest }),
      ownKeys: new RateLimit(shareOf(options), options.monotonicMs),
    };
  }

  /** @param drawEpoch names the epoch if the store is new */
  static async open(
    store: TableStore,
    drawEpoch: () => string,
    options: TableLogOptions,
  ): Promise<TableLog> {
    // Also where there is nothing to begin: writing puts right what opening the store may have
    // disturbed.
    const marks = await store.write((tables) => beginLog(tables, drawEpoch, options));
    store.keepReserve();
    return new TableLog(store, marks, options);
  }

  append(request: AppendRequest): Promise<readonly Cursor[]> {
    return appendOne(this, request);
  }

  appendEach(requests: readonly AppendRequest[]): Promise<readonly AppendOutcome[]> {
    if (this.#closed) return Promise.reject(closedError());
    const { shut } = this.#health;
    if (shut !== null) return Promise.reject(new ForeverframeError(shut.code, shut.message));
    let messages = 0;
    for (const request of requests) messages += request.messages.length;
    return new Promise((resolve, reject) => {
      this.#pending.push({ requests, messages, resolve, reject });
      this.#committing ??= this.#commitPending();
    });
  }

  /**
   * Group commit: appends that come while one transaction is on its way to the disk go into the
   * next one together. So one sync serves all publishers, and one alone waits for one sync.
   */
  async #commitPending(): Promise<void> {
    while (this.#pending.length > 0) {
      const group = this.#takeGroup();
      const requests = group.flatMap((pending) => pending.requests);
      let outcomes: readonly AppendOutcome[];
      try {
        const done = await this.#write((tables) => appendGroup(tables, requests, this.#options));
        this.#recent.add(done.appended);
        outcomes = done.outcomes;
      } catch (error) {
        for (const { reject } of group) reject(error);
        continue;
      }
      for (const outcome of outcomes)
        if (outcome instanceof LogSizeError) this.#health.refused(outcome, outcome.bytes);
      let start = 0;
      for (const pending of group) {
        const end = start + pending.requests.length;
        pending.resolve(group.length === 1 ? outcomes : outcomes.slice(start, end));
        start = end;
      }
    }
    // Clear this in the same tick as the last queue check. Otherwise an append that arrives in
    // between would wait for a commit loop that has ended.
    this.#committing = null;
  }

  #takeGroup(): readonly PendingAppend[] {
    let messages = 0;
    let count = 0;
    for (const pending of this.#pending) {
      messages += pending.messages;
      if (count > 0 && messages > MAX_MESSAGES_PER_COMMIT) break;
      count++;
    }
    return this.#pending.splice(0, count);
  }

  async read(request: ReadRequest): Promise<LogBatch> {
    return this.#query(() =>
      this.#store.read(
        (tables) => this.#recent.read(request, () => tables.marks()) ?? readBatch(tables, request),
      ),
    );
  }

  async tip(): Promise<Cursor> {
    return this.#query(() =>
      this.#store.read((tables) => formatCursor(this.epoch, tables.marks().tip)),
    );
  }

  async beforeLast(
    selectors: SelectorSet,
    count: number,
    upTo: Cursor,
    isGone: () => boolean,
  ): Promise<Cursor> {
    let search: BackwardSearch = { count, upTo: positionOf(upTo), found: null };
    for (;;) {
      const from = search;
      search = this.#query(() =>
        this.#store.read((tables) => searchBackward(tables, selectors, from)),
      );
      if (search.found !== null) return formatCursor(this.epoch, search.found);
      await this.#searchOn(isGone);
    }
  }

  async findPlaces(
    requests: readonly PlacesRequest[],
    isGone: () => boolean,
  ): Promise<readonly FoundPlaces[]> {
    const search = new PlaceSearch(requests);
    while (!this.#query(() => this.#store.read((tables) => search.step(tables))))
      await this.#searchOn(isGone);
    return search.results;
  }

  /**
   * Wait for the turn of a search that has a long way to go. All of them together do one piece in a
   * turn of the event loop.
   */
  async #searchOn(isGone: () => boolean): Promise<void> {
    this.#searching = this.#searching.then(() => nextTurn());
    await this.#searching;
    if (isGone()) throw goneError();
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
      const piece = await this.#remove((tables, maxRemovals) =>
        deleteFromChannel(tables, channel, upTo, maxRemovals),
      );
      total += piece.removed;
      more = piece.more;
    }
    return total;
  }

  async revoke(revocation: Revocation): Promise<void> {
    if (this.#closed) throw closedError();
    const { now, maxRevocations = MAX_REVOCATIONS } = this.#options;
    const refusal = await this.#write((tables) =>
      keepRevocation(tables, revocation, { now: now(), limit: maxRevocations }),
    );
    if (refusal !== null) throw refusal;
  }

  async revocations(after: number, limit: number): Promise<readonly KeptRevocation[]> {
    return this.#query(() => this.#store.read((tables) => tables.revocations(after, limit)));
  }

  async trim(): Promise<boolean> {
    if (this.#closed) return false;
    await this.#look();
    const { rules, steady, now } = this.#options;
    const options = { rules, now: steady.now(), wallTime: now() };
    const isDue = this.#query(() => this.#store.read((tables) => isTrimDue(tables, options)));
    if (!isDue) return false;
    return this.#remove((tables, maxRemovals) =>
      trimTables(tables, maxRemovals === undefined ? options : { ...options, maxRemovals }),
    );
  }

  async health(): Promise<ForeverframeError | null> {
    if (this.#closed) return closedError();
    await this.#look();
    return this.#health.trouble;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#committing;
    await this.#store.close();
  }

  /** Look whether appends would work, where that is in doubt: at most once a second. */
  async #look(): Promise<void> {
    const { monotonicMs, maxLogBytes } = this.#options;
    try {
      this.#store.check();
      const { bytes = 0 } = this.#query(() => this.#store.read((tables) => tables.marks()));
      this.#health.hasRoomFor(maxLogBytes - bytes);
    } catch (error) {
      this.#health.failed(logError(error));
      return;
    }
    const now = monotonicMs();
    // Room inside the file, as after another process has removed something, is found only by
    // trying.
    const isHopeless = this.#health.shut !== null && !this.#store.hasRoom();
    if (now - this.#probedAt < (isHopeless ? TRY_FULL_EVERY_MS : LOOK_EVERY_MS)) return;
    this.#probedAt = now;
    if (this.#health.trouble === null) return this.#store.keepReserve();
    await this.#commit(() => this.#store.probe()).catch(() => {}); // it is told by the log's health
  }

  /**
   * Remove something. If the disk is full, give up the reserve that is held for this, and remove
   * only a little.
   */
  async #remove<T>(change: (tables: TableWriter, maxRemovals?: number) => T): Promise<T> {
    try {
      return await this.#write((tables) => change(tables));
    } catch (error) {
      if (!(error instanceof ForeverframeError && error.code === "FF_LOG_FULL")) throw error;
      this.#store.giveReserve();
      return this.#write((tables) => change(tables, FEW_REMOVALS));
    }
  }

  #write<T>(change: (tables: TableWriter) => T): Promise<T> {
    return this.#commit(() => this.#store.write(change));
  }

  async #commit<T>(run: () => Promise<T>): Promise<T> {
    try {
      const result = await run();
      this.#health.succeeded();
      return result;
    } catch (error) {
      const trouble = logError(error);
      this.#health.failed(trouble);
      // The cause is told once, when trouble begins, and not to every caller that meets it.
      throw new ForeverframeError(trouble.code, trouble.message);
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
  if (known.epoch !== "" && upkeep?.uncounted !== undefined) return known;
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

/**
 * The idempotency keys that one owner may have at once in one process: a quarter, in all of them.
 */
export function shareOf({ maxIdempotencyKeys, processes = 1 }: TableLogOptions): Rate {
  const atOnce = Math.ceil(maxIdempotencyKeys / (4 * processes));
  return { atOnce, perSecond: (1_000 * atOnce) / IDEMPOTENCY_MS };
}

function logError(error: unknown): ForeverframeError {
  if (error instanceof ForeverframeError) return error;
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    "The log can't do this now, and the message may not be stored: try again, with the same Idempotency-Key if there was one",
    { cause: error },
  );
}
