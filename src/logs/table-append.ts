import { createHash } from "node:crypto";
import { type Cursor, formatCursor } from "../core/cursor.ts";
import type { AppendOutcome, AppendRequest } from "../core/log.ts";
import type { RateLimit } from "../core/rate-limit.ts";
import type { SteadyClock } from "../core/steady-clock.ts";
import { ForeverframeError } from "../errors.ts";
import { AppendChange, type AppendChangeOptions } from "./append-change.ts";
import { channelsTooMany, idempotencyConflict, idempotencyFull } from "./log-errors.ts";
import { positionsFrom } from "./position-clock.ts";
import type { AppendedStretch } from "./recent-appends.ts";
import { mostBytesOf } from "./table-bytes.ts";
import { IDEMPOTENCY_MS } from "./table-trim.ts";
import type { IdempotencyRecord, TableWriter } from "./tables.ts";

/** What appends are held to. */
export interface AppendOptions extends AppendChangeOptions {
  /** The clock by which idempotency keys expire. */
  readonly steady: SteadyClock;
  readonly maxIdempotencyKeys: number;
  /** Counts the keys that each owner has used in this process. */
  readonly ownKeys: RateLimit;
  readonly maxChannels: number;
  readonly maxLogBytes: number;
}

/** An append was refused since the log would be too large with it. */
export class LogSizeError extends ForeverframeError {
  /** Bytes that the append would have added. */
  readonly bytes: number;

  constructor(kept: number, bytes: number, maxLogBytes: number) {
    super(
      "FF_LOG_FULL",
      `The log keeps ${kept} bytes, and ${bytes} more are beyond its ${maxLogBytes}: delete a channel, keep less with --retain-messages, or raise --max-log-bytes`,
    );
    this.bytes = bytes;
  }
}

/** What came of the appends of several callers. */
export interface GroupAppended {
  /** For each of them, in order. */
  readonly outcomes: readonly AppendOutcome[];
  readonly appended: AppendedStretch;
}

/** Append what several callers ask for, each whole or not at all. */
export function appendGroup(
  tables: TableWriter,
  requests: readonly AppendRequest[],
  options: AppendOptions,
): GroupAppended {
  const change = new AppendChange(tables, options);
  const outcomes = requests.map((request) => appendOne(tables, change, request, options));
  change.finish();
  return { outcomes, appended: change.appended };
}

function appendOne(
  tables: TableWriter,
  change: AppendChange,
  request: AppendRequest,
  options: AppendOptions,
): AppendOutcome {
  const { messages, idempotency } = request;
  const { maxChannels } = options;
  if (change.channelCountWith(messages) > maxChannels) {
    return channelsTooMany(maxChannels);
  }
  if (idempotency === undefined) return store(change, request, options);
  const key = hashParts([idempotency.key]);
  const fingerprint = hashParts(messages.flatMap(({ channel, data }) => [channel, data]));
  const known = tables.idempotency(key);
  if (known !== undefined && known.expires > options.steady.now()) {
    if (known.fingerprint === fingerprint) return idsOf(known, options.epoch);
    return idempotencyConflict();
  }
  const { maxIdempotencyKeys } = options;
  if (known === undefined && !hasRoomFor(idempotency.owner ?? null, tables, options)) {
    return idempotencyFull(maxIdempotencyKeys);
  }
  const ids = store(change, request, options);
  const [first] = ids instanceof ForeverframeError ? [] : ids;
  if (first === undefined) return ids;
  if (known !== undefined) tables.removeIdempotency(key);
  const expires = options.now() + IDEMPOTENCY_MS;
  tables.putIdempotency(key, { fingerprint, first, count: messages.length, expires });
  return ids;
}

/**
 * Whether one more key can be remembered. Above half of all, nobody may have more than a share, so
 * that one owner can't take them all.
 */
function hasRoomFor(
  owner: string | null,
  tables: TableWriter,
  { maxIdempotencyKeys, ownKeys }: AppendOptions,
): boolean {
  const isWithinShare = owner === null || ownKeys.take(owner);
  const count = tables.idempotencyCount();
  return count < (isWithinShare ? maxIdempotencyKeys : maxIdempotencyKeys / 2);
}

function store(
  change: AppendChange,
  { messages }: AppendRequest,
  { maxLogBytes }: AppendOptions,
): AppendOutcome {
  // Far from the limit, exact counting would cost more than it is worth.
  if (change.bytes + mostBytesOf(messages) > maxLogBytes) {
    const bytes = change.bytesOf(messages);
    if (change.bytes + bytes > maxLogBytes)
      return new LogSizeError(change.bytes, bytes, maxLogBytes);
  }
  return change.add(messages);
}

function idsOf(record: IdempotencyRecord, epoch: string): readonly Cursor[] {
  if ("ids" in record) return record.ids;
  const first = record.first.slice(epoch.length + 1);
  return positionsFrom(first, record.count).map((position) => formatCursor(epoch, position));
}

/** A hash of texts one after another. */
export function hashParts(parts: readonly string[]): string {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(`${Buffer.byteLength(part)}:`).update(part);
  return sum.digest("base64url");
}
