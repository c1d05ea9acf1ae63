import { ForeverframeError } from "../errors.ts";
import type { Bus, PollRecord, StreamKnowledge } from "./bus.ts";
import type { SelectorSet } from "./channel-name.ts";
import type { Cursor } from "./cursor.ts";
import { type CloseReason, gapEvent, reconnects } from "./events.ts";
import { FanOut } from "./fan-out.ts";
import { LocalPeer } from "./local-peer.ts";
import type { AppendRequest, LogBatch, MessageLog } from "./log.ts";
import { Operating } from "./operating.ts";
import { Publisher } from "./publisher.ts";
import { readMessages } from "./read-messages.ts";
import { type Receipt, type ReceiptLimits, Receipts } from "./receipts.ts";
import { drawRecycleLimits, type RecycleAfter } from "./recycle.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Sink } from "./sink.ts";
import { forEachInSlices } from "./slices.ts";
import { Stream, type StreamHost } from "./stream.ts";
import { resolveBeginning, type StreamBeginning, type StreamStart } from "./stream-start.ts";
import { type StreamLimits, Streams } from "./streams.ts";
import type { Encoding } from "./transport.ts";
import { Views } from "./view.ts";

/** Heartbeats are looked for this often in one heartbeat interval, so one comes at most a sixteenth late. */
const BEATS_PER_HEARTBEAT = 16;

/** What a hub is told to keep to. */
interface HubLimits extends StreamLimits, ReceiptLimits, RecycleAfter {
  /** Bytes of publishes that wait for the log. */
  readonly maxPendingBytes: number;
  readonly heartbeatMs: number;
  /** How long a stream's client may read nothing while there is something for it. */
  readonly stallMs: number;
}

/** What a hub needs. */
export interface HubOptions {
  readonly log: MessageLog;
  readonly bus: Bus;
  readonly scheduler: Scheduler;
  readonly limits: HubLimits;
  /** Draws an id for a stream: at least 128 random bits, in [A-Za-z0-9._-]. */
  readonly drawStreamId: () => string;
  /** Draws the number that names a stream in listings: rising, and never the same in two processes. */
  readonly drawHandle: () => number;
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

/** Publishes, opens, closes: owns the streams of one process. */
export class Hub {
  readonly operating: Operating;
  readonly #options: HubOptions;
  readonly #views = new Views();
  readonly #streams: Streams;
  readonly #receipts: Receipts;
  readonly #publisher: Publisher;
  readonly #local: LocalPeer;
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
    this.#publisher = new Publisher({
      log,
      maxPendingBytes: limits.maxPendingBytes,
      onAppended: () => {
        this.#fanOut.wake();
        bus.tell("noticeAppended");
      },
    });
    this.#local = new LocalPeer({
      scheduler,
      streams: this.#streams,
      receipts: this.#receipts,
      fanOut: this.#fanOut,
      end: (stream, reason) => this.#end(stream, reason),
      release: (stream) => this.#release(stream),
    });
    this.operating = new Operating({ log, bus, local: this.#local, fanOut: this.#fanOut });
    const interval = limits.heartbeatMs / BEATS_PER_HEARTBEAT;
    this.#stopBeating = scheduler.every(interval, () => {
      const now = scheduler.monotonicMs();
      this.#receipts.expire(now);
      // The hint of a process that was killed right after its append may never have come.
      this.#fanOut.wake();
      this.#fanOut.beat(now - limits.heartbeatMs + interval);
    });
    bus.listen(this.#local);
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

  /** See {@link Publisher.publish}. */
  publish(request: AppendRequest): Promise<readonly Cursor[]> {
    return this.#publisher.publish(request);
  }

  /** See {@link readMessages}. */
  read(selectors: SelectorSet, after: Cursor | null, maxMessages: number): Promise<LogBatch> {
    return readMessages(this.#options.log, selectors, after, maxMessages);
  }

  /**
   * Open a stream. Everything that was appended before the call and is not wanted by its start, it does not get;
   * everything after, it gets once, in log order.
   *
   * @throws ForeverframeError what `Streams.checkRoom` throws, FF_DRAINING, FF_LOG_UNAVAILABLE; nothing was connected then
   */
  async open(request: OpenRequest): Promise<void> {
    await this.#open(request, this.#options.drawStreamId());
  }

  /**
   * Go on with a long-poll stream from the place that its client names, in whichever process it was; if it is unknown, open
   * one.
   *
   * @param takeSink is given the sink of a stream that is open here, and says whether it is one of a poll; called once, when
   *        nothing can go wrong any more
   * @returns null, or the receipt of a stream that has ended for good: then nothing was done
   * @throws ForeverframeError what {@link open} throws
   */
  async poll(
    id: string,
    request: OpenRequest,
    takeSink: (sink: Sink) => boolean,
  ): Promise<Receipt | null> {
    if (await this.#resume(id, request, takeSink)) return null;
    if (id === "") {
      await this.open(request);
      return null;
    }
    return this.#local.arrive(id, this.#fetch(id, request));
  }

  /** Take a long-poll stream over from the process that has it, if one does. */
  async #fetch(id: string, request: OpenRequest): Promise<Receipt | null> {
    const { bus, drawStreamId } = this.#options;
    // A close that came while the stream was looked for has left a receipt.
    const ended = () => {
      const receipt = this.#local.receipt(id);
      return receipt !== null && !reconnects(receipt.reason) ? receipt : null;
    };
    if (ended() !== null) return ended();
    const answers = await bus.ask("giveAway", id, request.selectors.key);
    const record = answers.find((answer) => answer !== null);
    if (record === undefined && ended() !== null) return ended();
    await (record === undefined
      ? this.#open(request, drawStreamId())
      : this.#open(request, id, record));
    return null;
  }

  async #open(request: OpenRequest, id: string, record: PollRecord | null = null): Promise<void> {
    this.#checkRoom(request);
    const beginning = await this.#resolve(request);
    this.#checkRoom(request); // others may have come meanwhile
    this.#begin(this.#connect(request, beginning, id, record), beginning);
  }

  async #resume(id: string, wanted: Wanted, takeSink: (sink: Sink) => boolean): Promise<boolean> {
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
    const here = await this.#local.close(stream, reason);
    if (here !== null) return here;
    const answers = await this.#options.bus.ask("close", stream, reason);
    return answers.find((answer) => answer !== null) ?? null;
  }

  /**
   * The client of a stream has handled everything up to `cursor`.
   *
   * @throws ForeverframeError FF_STREAM_UNKNOWN, FF_CURSOR_INVALID: it was not given that much
   */
  async acknowledge(id: string, cursor: Cursor): Promise<void> {
    const here = await this.#local.acknowledge(id, cursor);
    const answers = here === null ? await this.#options.bus.ask("acknowledge", id, cursor) : [here];
    const answer = answers.find((one) => one !== null);
    if (answer === undefined) {
      throw new ForeverframeError(
        "FF_STREAM_UNKNOWN",
        "The stream is not open here: open one, and go on from your cursor",
      );
    }
    if (answer) return;
    throw new ForeverframeError(
      "FF_CURSOR_INVALID",
      `"${cursor}" is beyond what the stream was given: acknowledge the id or cursor of an event that came`,
    );
  }

  /** What is known of a stream, in whichever process it is. */
  async state(stream: string): Promise<StreamKnowledge> {
    const here = await this.#local.state(stream);
    if (here.state !== "unknown") return here;
    const answers = await this.#options.bus.ask("state", stream);
    return answers.find(({ state }) => state !== "unknown") ?? here;
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
  #connect(
    request: OpenRequest,
    { cursor }: StreamBeginning,
    id: string,
    record: PollRecord | null,
  ): Stream {
    const { scheduler, drawHandle, random, limits, bus } = this.#options;
    const { selectors, encoding, client, takesOver, address, connect } = request;
    const now = scheduler.monotonicMs();
    const openMs = record?.openMs ?? 0;
    const sink = connect();
    const stream = new Stream({
      id,
      handle: drawHandle(),
      client,
      address,
      view: this.#views.join(selectors, encoding),
      sink,
      host: this.#host,
      cursor,
      openedAt: now - openMs,
      openedUnixMs: scheduler.unixMs() - openMs,
      recycle: drawRecycleLimits(encoding, limits, random),
    });
    const older = takesOver && client !== null ? this.#streams.ofClient(client) : [];
    this.#streams.add(stream);
    sink.listen(stream, limits.stallMs);
    stream.open(`streams/${stream.id}/close`);
    if (record !== null) {
      stream.continueFrom(record);
      if (request.start.from === "cursor") stream.acknowledge(request.start.after);
    }
    for (const replaced of older) this.#end(replaced, "replaced");
    if (takesOver && client !== null)
      void bus.ask("replace", client, { openedAt: stream.openedUnixMs, stream: id });
    return stream;
  }

  #end(stream: Stream, reason: CloseReason, retryMs = 0): void {
    if (stream.closed) return;
    const now = this.#options.scheduler.monotonicMs();
    const receipt = stream.close(reason, retryMs, now);
    this.#receipts.add(receipt, now);
    if (!reconnects(reason)) this.#options.bus.tell("noticeClosed", receipt);
    this.#forget(stream);
  }

  #release(stream: Stream): void {
    stream.release();
    this.#forget(stream);
  }

  #forget(stream: Stream): void {
    this.#ending.add(stream);
    this.#streams.remove(stream);
    this.#views.leave(stream.view, stream);
    this.#fanOut.remove(stream);
  }

  #isIdle(): boolean {
    return this.#streams.size + this.#ending.size === 0;
  }
}
