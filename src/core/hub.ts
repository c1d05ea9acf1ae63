import { ForeverframeError } from "../errors.ts";
import type { Bus } from "./bus.ts";
import type { SelectorSet } from "./channel-name.ts";
import type { Cursor } from "./cursor.ts";
import { type CloseReason, gapEvent } from "./events.ts";
import { FanOut } from "./fan-out.ts";
import type { AppendRequest, LogBatch, MessageLog } from "./log.ts";
import { Operating } from "./operating.ts";
import { type Receipt, type ReceiptLimits, Receipts } from "./receipts.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Sink } from "./sink.ts";
import { forEachInSlices } from "./slices.ts";
import { type RecycleLimits, Stream, type StreamHost } from "./stream.ts";
import {
  resolveBeginning,
  resolveStart,
  type StreamBeginning,
  type StreamStart,
} from "./stream-start.ts";
import { type StreamLimits, Streams } from "./streams.ts";
import type { Encoding } from "./transport.ts";
import { Views } from "./view.ts";

/** Heartbeats are looked for this often in one heartbeat interval, so one comes at most a sixteenth late. */
const BEATS_PER_HEARTBEAT = 16;

/** Bytes of messages that one read without a stream returns. */
const MAX_READ_BYTES = 4_194_304;

/** Responses are recycled at their limit, give or take this part of it: those of a busy channel not all at once. */
const RECYCLE_SPREAD = 0.25;

const NEVER: RecycleLimits = { bytes: 0, ms: 0 };

/** What a hub is told to keep to. */
interface HubLimits extends StreamLimits, ReceiptLimits {
  /** Bytes of publishes that wait for the log. */
  readonly maxPendingBytes: number;
  readonly heartbeatMs: number;
  /** How long a stream's client may read nothing while there is something for it. */
  readonly stallMs: number;
  /** Bytes after which a response is recycled, where its transport needs that; 0 for never. */
  readonly recycleBytes: number;
  /** Ms after which it is; 0 for never. */
  readonly recycleMs: number;
}

/** What a hub needs. */
export interface HubOptions {
  readonly log: MessageLog;
  readonly bus: Bus;
  readonly scheduler: Scheduler;
  readonly limits: HubLimits;
  /** Draws an id for a stream: at least 128 random bits, in [A-Za-z0-9._-]. */
  readonly drawStreamId: () => string;
  /** Draws a number from 0 to 1. */
  readonly random: () => number;
  /** Hears of trouble that has no caller to be told; it is repeated or survived. */
  readonly onError: (error: unknown) => void;
}

/** What a stream gives. */
interface Wanted {
  readonly selectors: SelectorSet;
  readonly start: StreamStart;
}

/** What a stream is to be. */
export interface OpenRequest extends Wanted {
  readonly encoding: Encoding;
  /** A name of the caller's own for its client. */
  readonly client: string | null;
  /** Whether earlier streams of this client end with `replaced`. */
  readonly takesOver: boolean;
  /** Where it connects from, for the limit and the listing. */
  readonly address: string | null;
  /** Takes over the connection; called once, when nothing can go wrong any more. */
  readonly connect: () => Sink;
}

/** What a stream looks like to its control frame. */
export type StreamState = "open" | "closed" | "unknown";

/** Publishes, opens, closes: owns the streams of one process. */
export class Hub {
  readonly operating: Operating;
  readonly #options: HubOptions;
  readonly #views = new Views();
  readonly #streams: Streams;
  readonly #receipts: Receipts;
  readonly #fanOut: FanOut;
  readonly #stopBeating: () => void;
  readonly #host: StreamHost = {
    drained: (stream) => this.#fanOut.serve(stream),
    stalled: (stream) => this.#end(stream, "slow"),
    disconnected: (stream) => {
      this.#end(stream, "gone");
      this.#ending.delete(stream);
      if (this.#isIdle()) for (const resolve of this.#whenIdle.splice(0)) resolve();
    },
  };
  #handles = 0;
  #pendingBytes = 0;
  /** Streams that have ended, and whose connections are still being read. */
  readonly #ending = new Set<Stream>();
  #whenIdle: (() => void)[] = [];
  #draining = false;

  private constructor(options: HubOptions, tip: Cursor) {
    this.#options = options;
    const { log, bus, scheduler, limits, onError } = options;
    this.#receipts = new Receipts(limits);
    this.#streams = new Streams(limits);
    this.#fanOut = new FanOut(tip, {
      log,
      scheduler,
      onError,
      views: this.#views,
      recycle: (stream) => this.#end(stream, "recycle"),
    });
    this.operating = new Operating({
      log,
      scheduler,
      streams: this.#streams,
      fanOut: this.#fanOut,
      end: (stream, reason) => this.#end(stream, reason),
    });
    const interval = limits.heartbeatMs / BEATS_PER_HEARTBEAT;
    this.#stopBeating = scheduler.every(interval, () => {
      const now = scheduler.monotonicMs();
      this.#receipts.expire(now);
      this.#fanOut.beat(now - limits.heartbeatMs + interval);
    });
    bus.listen({
      onAppended: () => this.#fanOut.wake(),
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
   * @throws ForeverframeError what `MessageLog.append` throws, FF_PUBLISHES_TOO_MANY, FF_BATCH_TOO_LARGE
   */
  async publish(request: AppendRequest): Promise<readonly Cursor[]> {
    const { log, bus, limits } = this.#options;
    const bytes = request.messages.reduce((sum, { data }) => sum + data.length, 0);
    if (bytes > limits.maxPendingBytes) {
      throw new ForeverframeError(
        "FF_BATCH_TOO_LARGE",
        `One publish of ${bytes} bytes is more than may wait for the log: send it in pieces, or raise --max-pending-bytes`,
      );
    }
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

  /**
   * Open a stream. Everything that was appended before the call and is not wanted by its start, it does not get;
   * everything after, it gets once, in log order.
   *
   * @throws ForeverframeError what `Streams.checkRoom` throws, FF_DRAINING, FF_LOG_UNAVAILABLE; nothing was connected then
   */
  async open(request: OpenRequest): Promise<void> {
    this.#checkRoom(request);
    const beginning = await this.#resolve(request);
    this.#checkRoom(request); // others may have come meanwhile
    this.#begin(this.#connect(request, beginning), beginning);
  }

  /**
   * Go on with an open stream from the place that its client names: what a poll does.
   *
   * @param takeSink is given the stream's sink, and says whether it is one of a poll; called once, when nothing can go
   *        wrong any more
   * @returns false if no such stream is open here, or it has other selectors; nothing was done then
   * @throws ForeverframeError FF_DRAINING, FF_LOG_UNAVAILABLE
   */
  async resume(id: string, wanted: Wanted, takeSink: (sink: Sink) => boolean): Promise<boolean> {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.selectors.key !== wanted.selectors.key) return false;
    const beginning = await this.#resolve(wanted);
    if (stream.closed || !takeSink(stream.sink)) return false;
    if (wanted.start.from === "cursor") stream.acknowledge(wanted.start.after);
    this.#fanOut.remove(stream);
    stream.moveTo(beginning.cursor);
    this.#begin(stream, beginning);
    return true;
  }

  /**
   * Close a stream, in whichever process it is.
   *
   * @returns its receipt, the same again while receipts are kept; null if it is unknown
   */
  async close(stream: string, reason: CloseReason): Promise<Receipt | null> {
    return this.#closeHere(stream, reason) ?? this.#options.bus.requestClose(stream, reason);
  }

  /**
   * The client of a stream has handled everything up to `cursor`.
   *
   * @throws ForeverframeError FF_STREAM_UNKNOWN, FF_CURSOR_INVALID: it was not given that much
   */
  acknowledge(id: string, cursor: Cursor): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      throw new ForeverframeError(
        "FF_STREAM_UNKNOWN",
        "The stream is not open here: open one, and go on from your cursor",
      );
    }
    if (stream.acknowledge(cursor)) return;
    throw new ForeverframeError(
      "FF_CURSOR_INVALID",
      `"${cursor}" is beyond what the stream was given: acknowledge the id or cursor of an event that came`,
    );
  }

  /** What is known of a stream here, and its receipt if it is closed. */
  state(stream: string): { readonly state: StreamState; readonly receipt: Receipt | null } {
    if (this.#streams.get(stream) !== undefined) return { state: "open", receipt: null };
    const receipt = this.#receipts.get(stream, this.#options.scheduler.monotonicMs());
    return { state: receipt === null ? "unknown" : "closed", receipt };
  }

  /**
   * Take no more streams, and end all that are open with `shutdown`.
   *
   * @param retryMs draws for each client when to come back, so that they don't come all at once
   */
  async drain(retryMs: () => number): Promise<void> {
    this.#draining = true;
    await forEachInSlices([...this.#streams.all()], this.#options.scheduler, (stream) =>
      this.#end(stream, "shutdown", retryMs()),
    );
  }

  /** Resolves when no connection of a stream is left. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Cut the connections of streams that have ended and that are still being read. */
  cut(): void {
    for (const stream of this.#ending) stream.cut();
  }

  /** Stop reading the log. The log and the bus are their owner's to close. */
  stop(): void {
    this.#fanOut.stop();
    this.#stopBeating();
  }

  #checkRoom(request: OpenRequest): void {
    this.#checkDraining();
    this.#streams.checkRoom(request);
  }

  #checkDraining(): void {
    if (!this.#draining) return;
    throw new ForeverframeError(
      "FF_DRAINING",
      "This server is stopping: try again in a few seconds",
    );
  }

  async #resolve({ selectors, start }: Wanted): Promise<StreamBeginning> {
    this.#checkDraining();
    const position = await this.#fanOut.catchUp();
    return resolveBeginning(this.#options.log, start, selectors, position);
  }

  /** Say what is missing before the start of a stream, and give it all that comes. */
  #begin(stream: Stream, { gap, knownGaps }: StreamBeginning): void {
    if (gap !== null) stream.say(gapEvent(gap), this.#options.scheduler.monotonicMs());
    stream.takeNewGaps(knownGaps); // counts them as told
    this.#fanOut.serve(stream);
  }

  /** Make the stream, and say how it starts. In one step of the event loop, so that nothing can be in between. */
  #connect(request: OpenRequest, { cursor }: StreamBeginning): Stream {
    const { scheduler, drawStreamId, limits } = this.#options;
    const { selectors, encoding, client, takesOver, address, connect } = request;
    const now = scheduler.monotonicMs();
    const sink = connect();
    const stream = new Stream({
      id: drawStreamId(),
      handle: ++this.#handles,
      client,
      address,
      view: this.#views.join(selectors, encoding),
      sink,
      host: this.#host,
      cursor,
      openedAt: now,
      recycle: this.#drawRecycleLimits(encoding),
    });
    const older = takesOver && client !== null ? this.#streams.ofClient(client) : [];
    this.#streams.add(stream);
    sink.listen(stream, limits.stallMs);
    stream.open(`streams/${stream.id}/close`);
    for (const replaced of older) this.#end(replaced, "replaced");
    return stream;
  }

  #drawRecycleLimits(encoding: Encoding): RecycleLimits {
    const { limits, random } = this.#options;
    if (!encoding.recycles) return NEVER;
    const factor = 1 + RECYCLE_SPREAD * (2 * random() - 1);
    return {
      bytes: Math.round(limits.recycleBytes * factor),
      ms: Math.round(limits.recycleMs * factor),
    };
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
    this.#ending.add(stream);
    this.#streams.remove(stream);
    this.#views.leave(stream.view, stream);
    this.#fanOut.remove(stream);
  }

  #isIdle(): boolean {
    return this.#streams.size + this.#ending.size === 0;
  }
}
