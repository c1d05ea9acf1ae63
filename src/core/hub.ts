import { ForeverframeError } from "../errors.ts";
import type { Bus } from "./bus.ts";
import { CatchUp } from "./catch-up.ts";
import type { SelectorSet } from "./channel-name.ts";
import type { Cursor } from "./cursor.ts";
import { type CloseReason, cursorEvent, gapEvent } from "./events.ts";
import {
  type AppendRequest,
  type Gap,
  type LogBatch,
  type MessageLog,
  originOf,
  resolveCursor,
} from "./log.ts";
import { type Receipt, Receipts } from "./receipts.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Sink } from "./sink.ts";
import { Stream } from "./stream.ts";
import { Tailer } from "./tailer.ts";
import type { Encoding } from "./transport.ts";
import { type View, Views } from "./view.ts";

/** A flush over many streams lets control requests in after this many ms. */
const SLICE_MS = 8;

/** Streams between two looks at the clock, which costs as much as giving one stream a small message. */
const STREAMS_PER_LOOK = 32;

/** Heartbeats are looked for this often in one heartbeat interval, so one comes at most a sixteenth late. */
const SWEEPS_PER_HEARTBEAT = 16;

/** What a hub is told to keep to. */
interface HubLimits {
  /** Open streams. */
  readonly maxStreams: number;
  /** Bytes of publishes that wait for the log. */
  readonly maxPendingBytes: number;
  readonly heartbeatMs: number;
  readonly receiptMs: number;
  readonly maxReceipts: number;
}

/** What a hub needs. */
export interface HubOptions {
  readonly log: MessageLog;
  readonly bus: Bus;
  readonly scheduler: Scheduler;
  readonly limits: HubLimits;
  /** Draws an id for a stream: at least 128 random bits, in [A-Za-z0-9._-]. */
  readonly drawStreamId: () => string;
  /** Hears of trouble that has no caller to be told; it is repeated or survived. */
  readonly onError: (error: unknown) => void;
}

/** Where a stream starts. */
export type StreamStart =
  | { readonly from: "now" }
  | { readonly from: "earliest" }
  | { readonly from: "last"; readonly count: number }
  | { readonly from: "cursor"; readonly after: Cursor };

/** What a stream is to be. */
export interface OpenRequest {
  readonly selectors: SelectorSet;
  readonly start: StreamStart;
  readonly encoding: Encoding;
  readonly client: string | null;
  /** Takes over the connection; called once, when nothing can go wrong any more. */
  readonly connect: () => Sink;
}

/** A place to read from, and what has to be said about it. */
interface ResolvedStart {
  readonly cursor: Cursor;
  /** The cursor was no cursor of this log. */
  readonly gap: Gap | null;
  /** The caller asked for what is kept, whatever that is: losses before it are none. */
  readonly wantsWhatIsKept: boolean;
}

/** What a stream looks like to its control frame. */
export type StreamState = "open" | "closed" | "unknown";

/** Publishes, opens, closes: owns the views and the streams of one process. */
export class Hub {
  readonly #options: HubOptions;
  readonly #views = new Views();
  readonly #streams = new Map<string, Stream>();
  readonly #receipts: Receipts;
  readonly #tailer: Tailer;
  readonly #catchUp: CatchUp;
  readonly #stopSweeping: () => void;
  /** All live streams have been given everything up to here. */
  #delivered: Cursor;
  #pendingBytes = 0;
  /** Connections of streams, also of those that have ended and are still being read. */
  #connected = 0;
  #whenIdle: (() => void)[] = [];
  #draining = false;

  private constructor(options: HubOptions, tip: Cursor) {
    this.#options = options;
    this.#delivered = tip;
    const { log, bus, scheduler, limits, onError } = options;
    this.#receipts = new Receipts(limits);
    this.#tailer = new Tailer(tip, {
      log,
      scheduler,
      onError,
      deliver: (batch) => this.#deliver(batch),
    });
    this.#catchUp = new CatchUp({ log, scheduler, onError, position: () => this.#tailer.position });
    this.#stopSweeping = scheduler.every(limits.heartbeatMs / SWEEPS_PER_HEARTBEAT, () =>
      this.#sweep(),
    );
    bus.listen({
      onAppended: () => this.#tailer.wake(),
      onClose: (stream, reason) => this.#closeHere(stream, reason),
    });
  }

  /** Start at the log's tip. */
  static async start(options: HubOptions): Promise<Hub> {
    return new Hub(options, await options.log.tip());
  }

  /** Streams that are open here. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /** Whether it takes no new streams any more. */
  get draining(): boolean {
    return this.#draining;
  }

  /**
   * Append messages to the log; every stream that wants them gets them.
   *
   * @returns their ids, once the log has them
   * @throws ForeverframeError what `MessageLog.append` throws, and FF_PUBLISHES_TOO_MANY
   */
  async publish(request: AppendRequest): Promise<readonly Cursor[]> {
    const { log, bus, limits } = this.#options;
    const bytes = request.messages.reduce((sum, { data }) => sum + data.length, 0);
    if (this.#pendingBytes + bytes > limits.maxPendingBytes) {
      throw new ForeverframeError(
        "FF_PUBLISHES_TOO_MANY",
        `${this.#pendingBytes} bytes of publishes wait for the log, which can't keep up: try again soon`,
      );
    }
    this.#pendingBytes += bytes;
    try {
      return await log.append(request);
    } finally {
      this.#pendingBytes -= bytes;
      bus.announceAppended();
    }
  }

  /**
   * Read messages of the log, without a stream.
   *
   * @param after null starts with the oldest that is kept
   */
  async read(selectors: SelectorSet, after: Cursor | null, maxMessages: number): Promise<LogBatch> {
    const { log } = this.#options;
    const start = await this.#resolve(
      after === null ? { from: "earliest" } : { from: "cursor", after },
      selectors,
      await log.tip(),
    );
    const batch = await log.read({
      selectors,
      after: start.cursor,
      upTo: null,
      maxMessages,
      maxBytes: 4_194_304,
    });
    const gaps = start.wantsWhatIsKept ? [] : batch.gaps;
    return { ...batch, gaps: start.gap === null ? gaps : [start.gap, ...gaps] };
  }

  /**
   * Open a stream. Everything that was appended before the call and is not wanted by its start, it does not get;
   * everything after, it gets once, in log order.
   *
   * @throws ForeverframeError FF_STREAMS_TOO_MANY, FF_DRAINING, FF_LOG_UNAVAILABLE; nothing was connected then
   */
  async open(request: OpenRequest): Promise<void> {
    this.#checkRoom();
    const { log, scheduler, drawStreamId } = this.#options;
    const { selectors, encoding } = request;
    const position = await this.#tailer.catchUp();
    const start = await this.#resolve(request.start, selectors, position);
    const known = start.wantsWhatIsKept
      ? (
          await log.read({
            selectors,
            after: start.cursor,
            upTo: position,
            maxMessages: 1,
            maxBytes: 1,
          })
        ).gaps
      : [];
    this.#checkRoom(); // others may have come meanwhile

    const now = scheduler.monotonicMs();
    const sink = request.connect();
    this.#connected++;
    const view = this.#views.join(selectors, encoding);
    const id = drawStreamId();
    const { cursor } = start;
    const stream = new Stream({ id, client: request.client, view, sink, cursor, openedAt: now });
    this.#streams.set(id, stream);
    sink.listen({
      onDrain: () => {
        if (!view.live.has(stream)) this.#catchUp.add(stream);
      },
      onClosed: () => {
        this.#end(stream, "gone");
        this.#disconnected();
      },
    });
    stream.open(`streams/${id}/close`);
    if (start.gap !== null) stream.say(gapEvent(start.gap), now);
    stream.takeNewGaps(known);
    if (!this.#catchUp.handOver(stream)) this.#catchUp.add(stream);
  }

  /**
   * Close a stream, in whichever process it is.
   *
   * @returns its receipt, the same again while receipts are kept; null if it is unknown
   */
  async close(stream: string, reason: CloseReason): Promise<Receipt | null> {
    return this.#closeHere(stream, reason) ?? this.#options.bus.requestClose(stream, reason);
  }

  /** What is known of a stream here, and its receipt if it is closed. */
  state(stream: string): { readonly state: StreamState; readonly receipt: Receipt | null } {
    if (this.#streams.has(stream)) return { state: "open", receipt: null };
    const receipt = this.#receipts.get(stream, this.#options.scheduler.monotonicMs());
    return { state: receipt === null ? "unknown" : "closed", receipt };
  }

  /**
   * Take no more streams, and end all that are open with `shutdown`.
   *
   * @param retryMs draws for each client when to come back, so that they don't come all at once
   */
  drain(retryMs: () => number): void {
    this.#draining = true;
    for (const stream of this.#streams.values()) this.#end(stream, "shutdown", retryMs());
  }

  /** Resolves when no connection of a stream is left. */
  idle(): Promise<void> {
    if (this.#connected === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Stop reading the log. The log and the bus are their owner's to close. */
  stop(): void {
    this.#tailer.stop();
    this.#stopSweeping();
  }

  #disconnected(): void {
    this.#connected--;
    if (this.#connected === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #checkRoom(): void {
    if (this.#draining) {
      throw new ForeverframeError(
        "FF_DRAINING",
        "This server is stopping: try again in a few seconds",
      );
    }
    const { maxStreams } = this.#options.limits;
    if (this.#streams.size >= maxStreams) {
      throw new ForeverframeError(
        "FF_STREAMS_TOO_MANY",
        `All ${maxStreams} streams are in use: try again later, or raise --max-streams`,
      );
    }
  }

  async #resolve(start: StreamStart, selectors: SelectorSet, tip: Cursor): Promise<ResolvedStart> {
    const { log } = this.#options;
    switch (start.from) {
      case "now":
        return { cursor: tip, gap: null, wantsWhatIsKept: false };
      case "earliest":
        return { cursor: originOf(log.epoch), gap: null, wantsWhatIsKept: true };
      case "last": {
        const cursor = await log.beforeLast(selectors, start.count, tip);
        return { cursor, gap: null, wantsWhatIsKept: true };
      }
      case "cursor": {
        const { after, gap } = resolveCursor(start.after, tip, selectors);
        return { cursor: after, gap, wantsWhatIsKept: false };
      }
    }
  }

  #closeHere(id: string, reason: CloseReason): Receipt | null {
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.#end(stream, reason);
    return this.#receipts.get(id, this.#options.scheduler.monotonicMs());
  }

  #end(stream: Stream, reason: CloseReason, retryMs = 0): void {
    if (stream.closed) return;
    const now = this.#options.scheduler.monotonicMs();
    this.#receipts.add(stream.close(reason, retryMs, now), now);
    this.#streams.delete(stream.id);
    this.#views.leave(stream.view, stream);
    this.#catchUp.remove(stream);
  }

  /** Give what is new to the live streams; those that can't take it read on from the log when they can. */
  async #deliver({ messages, cursor, gaps }: LogBatch): Promise<void> {
    for (const view of this.#views) {
      if (gaps.length > 0) this.#sendBackToLog(view);
      const encoded = view.encode(messages);
      if (encoded === null) continue;
      await this.#forEachLive(view, (stream, now) => {
        // One that joined while this was on its way has it from the log.
        if (stream.cursor < cursor) stream.give(encoded.bytes, cursor, encoded.count, now);
      });
    }
    this.#delivered = cursor;
  }

  /** Messages were trimmed before this process had read them: each stream finds its own gaps in the log. */
  #sendBackToLog(view: View): void {
    for (const stream of view.live) this.#catchUp.add(stream);
  }

  async #forEachLive(view: View, visit: (stream: Stream, now: number) => void): Promise<void> {
    const { scheduler } = this.#options;
    let now = scheduler.monotonicMs();
    let sliceEnds = now + SLICE_MS;
    let visited = 0;
    for (const stream of view.live) {
      visit(stream, now);
      if (!stream.writable) view.live.delete(stream);
      if (++visited % STREAMS_PER_LOOK !== 0) continue;
      now = scheduler.monotonicMs();
      if (now < sliceEnds) continue;
      await scheduler.nextTurn();
      now = scheduler.monotonicMs();
      sliceEnds = now + SLICE_MS;
    }
  }

  /** Heartbeats, where a stream was silent for an interval: a `cursor` event if the log has moved on without it. */
  #sweep(): void {
    const { scheduler, limits } = this.#options;
    this.#receipts.expire(scheduler.monotonicMs());
    const due = scheduler.monotonicMs() - limits.heartbeatMs * (1 - 1 / SWEEPS_PER_HEARTBEAT);
    for (const view of this.#views) {
      void this.#forEachLive(view, (stream, now) => {
        if (stream.lastWriteAt > due) return;
        // Not the tailer's position: this stream may be one that the delivery under way has still to reach.
        const delivered = this.#delivered;
        if (stream.cursor >= delivered) stream.say(view.encoding.heartbeat, now);
        else stream.give(view.encoding.event(cursorEvent(delivered)), delivered, 0, now);
      });
    }
  }
}
