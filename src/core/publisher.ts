import { ForeverframeError } from "../errors.ts";
import type { ChannelRates } from "./channel-rates.ts";
import type { Cursor } from "./cursor.ts";
import type { AppendOutcome, AppendRequest, MessageLog, NewMessage } from "./log.ts";
import { dataLength } from "./shared-data.ts";
import type { Tally } from "./tally.ts";

/** What publishing needs. */
export interface PublisherOptions {
  /** Appends to the log. */
  readonly log: Pick<MessageLog, "append" | "appendEach">;
  /** Bytes of publishes that wait for the log. */
  readonly maxPendingBytes: number;
  readonly tally: Tally;
  readonly rates: ChannelRates;
  /** Monotonic ms. */
  readonly now: () => number;
  /** Called when the log may have grown. */
  readonly onAppended: () => void;
}

/** Longest idempotency key, in bytes. */
const MAX_IDEMPOTENCY_KEY_BYTES = 255;

/**
 * Make an append that counts as a repeat if the same key was used for the same channels less than
 * 10 minutes ago.
 *
 * @param key null for a publish that is never a repeat
 * @param subject whose key it is: others may use the same; null where nobody says
 * @throws ForeverframeError FF_IDEMPOTENCY_KEY_INVALID
 */
export function withIdempotencyKey(
  messages: readonly NewMessage[],
  key: string | null,
  subject: string | null = null,
): AppendRequest {
  if (key === null) return { messages };
  if (key === "" || key.length > MAX_IDEMPOTENCY_KEY_BYTES) {
    throw new ForeverframeError(
      "FF_IDEMPOTENCY_KEY_INVALID",
      `The idempotency key has ${key.length} bytes: use 1 to ${MAX_IDEMPOTENCY_KEY_BYTES}, such as a UUID`,
    );
  }
  const channels = [...new Set(messages.map(({ channel }) => channel))].join(",");
  const whose = subject === null ? "" : `\n${subject}`;
  return { messages, idempotency: { key: `${channels}\n${key}${whose}`, owner: subject } };
}

/** Appends messages to the log, and limits how many bytes wait for it at once. */
export class Publisher {
  readonly #options: PublisherOptions;
  #pendingBytes = 0;
  /** Those who wait until fewer bytes do. */
  #waiting: (() => void)[] = [];

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /**
   * Append messages to the log; every stream that wants them gets them.
   *
   * @returns their ids, once the log has them
   * @throws ForeverframeError what `MessageLog.append` throws, FF_PUBLISHES_TOO_MANY,
   *   FF_BATCH_TOO_LARGE
   */
  async publish(request: AppendRequest): Promise<readonly Cursor[]> {
    const { log, maxPendingBytes, tally, rates, now } = this.#options;
    const bytes = dataLength(request.messages);
    if (bytes > maxPendingBytes) {
      throw new ForeverframeError(
        "FF_BATCH_TOO_LARGE",
        `One publish of ${bytes} bytes is more than may wait for the log: send it in pieces, or raise --max-pending-bytes`,
      );
    }
    if (this.#pendingBytes + bytes > maxPendingBytes) {
      throw new ForeverframeError(
        "FF_PUBLISHES_TOO_MANY",
        `${this.#pendingBytes} bytes of publishes wait for the log, which can't keep up: try again soon`,
      );
    }
    this.#pendingBytes += bytes;
    const startedAt = now();
    try {
      const ids = await log.append(request);
      tally.append.observe((now() - startedAt) / 1_000);
      tally.published += ids.length;
      tally.publishedBytes += bytes;
      for (const { channel } of request.messages) rates.add(channel);
      return ids;
    } finally {
      this.#settle(bytes);
    }
  }

  /**
   * Append the messages of many requests, which share commits: see `MessageLog.appendEach`. Nothing
   * is refused because too much waits: ask {@link hasRoom} before.
   *
   * @param bytes characters of their data
   * @returns an outcome for each, in order
   */
  async publishEach(
    requests: readonly AppendRequest[],
    bytes: number,
  ): Promise<readonly AppendOutcome[]> {
    const { log, tally, rates, now } = this.#options;
    this.#pendingBytes += bytes;
    const startedAt = now();
    try {
      const outcomes = await log.appendEach(requests);
      const counts = new Map<string, number>();
      for (let i = 0; i < outcomes.length; i++) {
        if (outcomes[i] instanceof ForeverframeError) continue;
        for (const { channel, data } of requests[i]?.messages ?? []) {
          counts.set(channel, (counts.get(channel) ?? 0) + 1);
          tally.published++;
          tally.publishedBytes += data.length;
        }
      }
      for (const [channel, count] of counts) rates.add(channel, count);
      tally.append.observe((now() - startedAt) / 1_000, requests.length);
      return outcomes;
    } finally {
      this.#settle(bytes);
    }
  }

  /** Whether more may wait for the log. */
  get hasRoom(): boolean {
    return this.#pendingBytes < this.#options.maxPendingBytes / 2;
  }

  /** Call `go` once, when {@link hasRoom} may have become true. */
  whenRoom(go: () => void): void {
    this.#waiting.push(go);
  }

  #settle(bytes: number): void {
    this.#pendingBytes -= bytes;
    this.#options.onAppended();
    if (!this.hasRoom) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }
}
