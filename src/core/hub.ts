import type { ForeverframeError } from "../errors.ts";
import { Admin } from "./admin.ts";
import type { Alarms } from "./alarms.ts";
import { Arrivals } from "./arrivals.ts";
import { type Bus, known } from "./bus.ts";
import type { SelectorSet } from "./channel-name.ts";
import { ChannelRates } from "./channel-rates.ts";
import { Control } from "./control.ts";
import type { Cursor } from "./cursor.ts";
import { FanOut } from "./fan-out.ts";
import type { EventFigures, MachineFigures } from "./figures.ts";
import { Insight } from "./insight.ts";
import type { LifeListener } from "./life-listener.ts";
import { LocalInsight } from "./local-insight.ts";
import { LocalPeer } from "./local-peer.ts";
import type { AppendRequest, LogBatch, MessageLog } from "./log.ts";
import { Opener, type OpenerLimits, type OpenRequest, type StreamNames } from "./opener.ts";
import { Past } from "./past.ts";
import { Publisher } from "./publisher.ts";
import { readMessages } from "./read-messages.ts";
import type { ReceiptLimits } from "./receipts.ts";
import { Revocations } from "./revocations.ts";
import { SAMPLE_MS, Samples } from "./samples.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Sink } from "./sink.ts";
import { forEachInSlices } from "./slices.ts";
import type { Stream } from "./stream.ts";
import { StreamLives } from "./stream-lives.ts";
import type { StartRequest } from "./stream-start.ts";
import type { StreamLimits } from "./streams.ts";
import type { Receipt } from "./summaries.ts";
import type { Tally } from "./tally.ts";
import { type Ticket, Tickets } from "./tickets.ts";
import { TurnBudget } from "./turn-budget.ts";
import { Views } from "./view.ts";

/**
 * Silent streams are looked for this often in one heartbeat interval, so a heartbeat comes at most
 * a sixteenth early, and never late.
 */
const BEATS_PER_HEARTBEAT = 16;

/** The limits that a hub keeps to. */
interface HubLimits extends StreamLimits, ReceiptLimits, OpenerLimits {
  /** Bytes of publishes that wait for the log. */
  readonly maxPendingBytes: number;
}

/** What a hub needs. */
export interface HubOptions extends StreamNames {
  readonly log: MessageLog;
  /** Appends to it; itself without this. */
  readonly appender?: Pick<MessageLog, "append" | "appendEach">;
  readonly bus: Bus;
  readonly scheduler: Scheduler;
  readonly limits: HubLimits;
  /** Generates an id for a ticket: at least 128 random bits. */
  readonly newTicketId: () => string;
  /** Hears of errors that no caller can be told. The hub tries again, or carries on without. */
  readonly onError: (error: unknown) => void;
  /** Counts what this process does. */
  readonly tally: Tally;
  /** The process as its operating system sees it. */
  readonly machine: () => MachineFigures;
  /** What an operator should know. */
  readonly alarms: Pick<Alarms, "list">;
  /** Events for the application; null where it is told none. */
  readonly events: () => EventFigures | null;
  /** Hear of each stream that is opened and closed, besides the tally. */
  readonly listeners: readonly LifeListener[];
}

/**
 * Time for reading messages for requests in one turn of the event loop, in ms. 0 means one piece a
 * turn, since writing it to a client that reads slowly takes many times as long.
 */
const READS_MS = 0;

/** The core of one process: it joins the parts that publish messages and open and close streams. */
export class Hub {
  readonly control: Control;
  readonly admin: Admin;
  readonly insight: Insight;
  readonly past: Past;
  readonly tally: Tally;
  readonly revocations: Revocations;
  readonly #options: HubOptions;
  readonly #lives: StreamLives;
  readonly #reads: TurnBudget;
  readonly #publisher: Publisher;
  readonly #opener: Opener;
  readonly #fanOut: FanOut;
  readonly #tickets: Tickets;
  readonly #local: LocalPeer;
  readonly #stopBeating: () => void;
  readonly #stopSampling: () => void;
  #draining = false;

  private constructor(options: HubOptions, tip: Cursor, revocations: Revocations) {
    this.#options = options;
    const { log, bus, scheduler, limits, onError, tally } = options;
    const past = new Past(scheduler.unixMs);
    const rates = new ChannelRates(scheduler.monotonicMs);
    const listeners = [tally, past, ...options.listeners];
    this.#reads = new TurnBudget(scheduler, READS_MS);
    const views = new Views<Stream>();
    const fanOut = new FanOut(tip, {
      log,
      scheduler,
      onError,
      views,
      tally,
      onDelivered: (cursor) => past.noteDelivery(cursor),
      onGap: (stream, gap) => lives.tellGap(stream, gap),
      onPassedOver: (stream, stretch) => lives.tellPassedOver(stream, stretch),
      recycle: (stream) => lives.end(stream, "recycle"),
    });
    const lives = new StreamLives({ bus, scheduler, limits, views, fanOut, listeners });
    this.#fanOut = fanOut;
    this.#lives = lives;
    this.#publisher = new Publisher({
      log: options.appender ?? log,
      maxPendingBytes: limits.maxPendingBytes,
      tally,
      rates,
      now: scheduler.monotonicMs,
      onAppended: () => {
        fanOut.wake();
        bus.tell("noticeAppended");
      },
    });
    const arrivals = new Arrivals();
    const { newTicketId } = options;
    const tickets = new Tickets(scheduler, newTicketId);
    const { machine, alarms, events } = options;
    const samples = new Samples({
      tally,
      now: scheduler.unixMs,
      countStreams: () => lives.size,
      measure: machine,
    });
    this.#stopSampling = scheduler.every(SAMPLE_MS, () => samples.take());
    const isDraining = () => this.#draining;
    const insight = new LocalInsight({
      ...{
        log,
        scheduler,
        lives,
        views,
        tally,
        rates,
        past,
        samples,
        machine,
        alarms,
        events,
        isDraining,
      },
    });
    const local = new LocalPeer({
      ...{ scheduler, lives, arrivals, fanOut, revocations, tickets, insight },
    });
    this.past = past;
    this.tally = tally;
    this.insight = new Insight({ log, bus, local, scheduler });
    this.#tickets = tickets;
    this.#local = local;
    this.revocations = revocations;
    this.#opener = new Opener({
      ...options,
      lives,
      views,
      fanOut,
      local,
      arrivals,
      revocations,
      isDraining,
    });
    this.control = new Control({ bus, local });
    this.admin = new Admin({ log, bus, local, fanOut });
    const interval = limits.heartbeatMs / BEATS_PER_HEARTBEAT;
    this.#stopBeating = scheduler.every(interval, () => {
      const now = scheduler.monotonicMs();
      lives.forgetOld();
      tickets.forgetOld();
      // A process that was killed right after it kept a revocation may not have told this one.
      // If the log can't be read, the tailer says so.
      local.applyRevocations().catch(() => {});
      // The hint of a process that was killed right after its append may never have come.
      fanOut.wake();
      fanOut.beat(now - limits.heartbeatMs + interval);
    });
    bus.listen(local);
  }

  /** Start at the log's tip. */
  static async start(options: HubOptions): Promise<Hub> {
    const { log } = options;
    const revocations = new Revocations(log, options.scheduler.unixMs);
    await revocations.refresh();
    return new Hub(options, await log.tip(), revocations);
  }

  /** Streams that are open here. */
  get openStreams(): number {
    return this.#lives.size;
  }

  /** Whether it takes no new streams any more. */
  get draining(): boolean {
    return this.#draining;
  }

  /** See {@link Tickets.issue}. */
  issueTicket(ticket: Ticket, holder: string): string {
    return this.#tickets.issue(ticket, holder);
  }

  /**
   * Use a ticket, whichever process has issued it; null if it was used, has ended, or is unknown.
   *
   * @throws ForeverframeError FF_WORKER_SILENT
   */
  async takeTicket(id: string): Promise<Ticket | null> {
    const here = await this.#local.takeTicket(id);
    return here ?? known(await this.#options.bus.find("takeTicket", id));
  }

  /**
   * Some of the keys that tokens were signed by are not valid any more: their streams end with
   * `expired`, in this process.
   */
  async endThoseOfKeys(isValid: (keyId: string) => boolean): Promise<void> {
    this.revocations.noteKeys(isValid);
    await this.#local.endRevoked();
  }

  /** See {@link Publisher.publish}. */
  publish(request: AppendRequest): Promise<readonly Cursor[]> {
    return this.#publisher.publish(request);
  }

  /** What publishes for connections that bring many messages, and says when there is room. */
  get publisher(): Pick<Publisher, "publishEach" | "hasRoom" | "whenRoom"> {
    return this.#publisher;
  }

  /** See {@link readMessages}. */
  read(
    selectors: SelectorSet,
    from: StartRequest,
    maxMessages: number,
  ): AsyncGenerator<LogBatch, void> {
    return readMessages(this.#options.log, this.#reads, selectors, from, maxMessages);
  }

  /**
   * The cursor after everything that was appended before this call, and before all that is appended
   * after it.
   */
  tip(): Promise<Cursor> {
    return this.#options.log.tip();
  }

  /** See `MessageLog.health`. */
  health(): Promise<ForeverframeError | null> {
    return this.#options.log.health();
  }

  /** See {@link Opener.open}. */
  open(request: OpenRequest): Promise<void> {
    return this.#opener.open(request);
  }

  /** See {@link Opener.poll}. */
  poll(
    id: string,
    request: OpenRequest,
    takeSink: (sink: Sink) => boolean,
  ): Promise<Receipt | null> {
    return this.#opener.poll(id, request, takeSink);
  }

  /**
   * Take no more streams, and end all that are open with `shutdown`.
   *
   * @param retryMs generates for each client when to come back, so that they don't come all at once
   */
  async drain(retryMs: () => number): Promise<void> {
    this.#draining = true;
    await forEachInSlices([...this.#lives.all()], this.#options.scheduler, (stream) =>
      this.#lives.end(stream, "shutdown", { retryMs: retryMs() }),
    );
  }

  /** Resolves when no connection of a stream is left. */
  idle(): Promise<void> {
    return this.#lives.idle();
  }

  /** Cut the connections of streams that have ended and that are still being read. */
  cut(): void {
    this.#lives.cut();
  }

  /** Stop reading the log. Closing the log and the bus is up to their owner. */
  stop(): void {
    this.#fanOut.stop();
    this.#lives.stop();
    this.#stopBeating();
    this.#stopSampling();
  }
}
