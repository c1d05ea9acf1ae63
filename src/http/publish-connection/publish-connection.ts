import type { AppendOutcome, AppendRequest } from "../../core/log.ts";
import type { Holding, MemoryBudget } from "../../core/memory-budget.ts";
import { type Publisher, withIdempotencyKey } from "../../core/publisher.ts";
import type { WriteListener } from "../../core/sink.ts";
import type { Tally } from "../../core/tally.ts";
import type { TurnBudget } from "../../core/turn-budget.ts";
import { ForeverframeError } from "../../errors.ts";
import type { PublishRate } from "../publish-rate.ts";
import { formatRefused, formatTaken, publicRefusal } from "./answer-line.ts";
import { AnswerQueue, type Batch } from "./answer-queue.ts";
import type { AnswerSink, Ending } from "./answer-sink.ts";
import type { ChannelGrant, ChannelGrants } from "./channel-grants.ts";
import { LineBuffer } from "./line-buffer.ts";
import { type LineLimits, maxLineBytesOf } from "./publish-line.ts";
import {
  lineTooLong,
  type TakeLinesOptions,
  type TakenLine,
  type TakenLines,
  takeLines,
} from "./take-lines.ts";

/** Lines are taken in pieces of about this many bytes: others get their turn in between. */
const PIECE_BYTES = 8_192;

/** While this many bytes wait to be taken, nothing more is read. */
const READ_AHEAD_BYTES = 65_536;

/**
 * While this much of one connection waits for the log, or to be answered, nothing more of it is
 * taken: about ten commits of it. Each line counts for its data, and for what it takes besides.
 */
const MAX_WAITING_BYTES = 1_048_576;
const LINE_BYTES = 128;

/** Channels of one connection that are asked about at once. */
const ASKED_AT_ONCE = 16;

const LINE_END = Buffer.from("\n");

/** What all publish connections work with. */
export interface PublishConnectionOptions extends LineLimits {
  readonly publisher: Pick<Publisher, "publishEach" | "hasRoom" | "whenRoom">;
  readonly rate: PublishRate;
  readonly tally: Tally;
  /** Time for taking lines. */
  readonly turns: TurnBudget;
  /** Counts what came and was not taken. */
  readonly received: MemoryBudget;
  /** Counts the answers that wait for their clients. */
  readonly unread: MemoryBudget;
  /** A client that takes nothing of its answers for this long is cut, in ms. */
  readonly stallMs: number;
  /** Hears of a fault that the client is not told. */
  readonly onFault: (cause: unknown) => void;
}

/** What is one connection's own. */
export interface PublishConnectionParts {
  /** What lines come from; both may be called again and again. */
  readonly source: { pause(): void; resume(): void };
  readonly sink: AnswerSink;
  readonly grants: ChannelGrants;
  /** Names the address in limits: see `callerOf`. */
  readonly caller: string;
  /** Called once, when the connection is gone. */
  readonly onClosed: () => void;
}

/**
 * A connection on which lines come, each of which is one publish, and on which each is answered, in
 * their order.
 *
 * What comes together goes to the log together, and what the log has taken together is answered in
 * one write: there is no promise for each line.
 */
export class PublishConnection implements WriteListener {
  readonly #options: PublishConnectionOptions;
  readonly #parts: PublishConnectionParts;
  readonly #taking: TakeLinesOptions;
  readonly #lines = new LineBuffer();
  readonly #receivedHolding: Holding;
  readonly #answers: AnswerQueue;
  /** Whether a piece is being taken, or will be. */
  #isTaking = false;
  #isFirst = true;
  /** Nothing more comes. */
  #hasAll = false;
  /** What was not taken by then is no whole line. */
  #isBrokenOff = false;
  /** Why nothing more is taken behind the lines that came; null where there is nothing more. */
  #refusal: ForeverframeError | null = null;
  #isPaused = false;
  #awaitsRoom = false;
  /** Nothing more is taken: it ends, when what was taken is answered. */
  #ending: Ending | null = null;
  #isClosed = false;
  readonly #take = () => this.#takePiece();
  readonly #onRoom = () => {
    this.#awaitsRoom = false;
    this.#goOn();
  };

  constructor(options: PublishConnectionOptions, parts: PublishConnectionParts) {
    const { rate } = options;
    const { grants, caller } = parts;
    this.#options = options;
    this.#parts = parts;
    this.#taking = { limits: options, grants, count: () => rate.takeLine(caller) };
    this.#receivedHolding = options.received.hold(() => this.#fail(tooMuchReceived(), "overload"));
    this.#answers = new AnswerQueue({
      sink: parts.sink,
      unread: options.unread,
      onSent: () => this.#goOn(),
    });
    parts.sink.listen(this, options.stallMs);
  }

  /** Whether anything was ever allowed on it. */
  get hasPublished(): boolean {
    return this.#parts.grants.hasAllowed;
  }

  /** Bytes have come, in which lines end anywhere. */
  receive(bytes: Buffer): void {
    if (this.#isOver || this.#hasAll || bytes.length === 0) return;
    this.#lines.push(bytes);
    this.#receivedHolding.set(this.#lines.length);
    this.#goOn();
  }

  /** Whole lines have come: the last one may lack its end. */
  receiveLines(bytes: Buffer): void {
    if (this.#isOver || this.#hasAll) return;
    this.#lines.push(bytes);
    this.receive(LINE_END);
  }

  /** Nothing more comes: the last line may lack its end. */
  receiveEnd(): void {
    if (this.#isOver) return;
    this.#hasAll = true;
    this.#goOn();
  }

  /** It broke off, perhaps within a line. Those that are whole are still answered. */
  breakOff(): void {
    this.#isBrokenOff = true;
    this.receiveEnd();
  }

  /** Something came that is not a line: it ends behind the answers to those before it. */
  refuse(error: ForeverframeError): void {
    this.#refusal ??= error;
    this.receiveEnd();
  }

  /** Take no more lines; those that the log was given are answered, then the connection ends. */
  end(why: Ending): void {
    if (this.#isOver) return;
    this.#ending = why;
    this.#lines.takeRest();
    this.#receivedHolding.end();
    this.#parts.source.resume(); // what still comes is thrown away
    this.#answers.end(why);
  }

  /** End it if all that was allowed on it has ended. */
  endIfForbidden(): void {
    if (this.#parts.grants.hasEnded) this.end("forbidden");
  }

  /** Cut it. */
  cut(): void {
    this.#parts.sink.destroy();
  }

  onDrain(): void {
    this.#answers.send();
  }

  onStall(): void {
    this.#parts.sink.destroy();
  }

  onClosed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lines.takeRest();
    this.#receivedHolding.end();
    this.#answers.close();
    this.#parts.onClosed();
  }

  /** Take more lines, unless something holds that up. */
  #goOn(): void {
    if (this.#isOver) return;
    if (this.#lines.length >= READ_AHEAD_BYTES) this.#pause();
    if (this.#isTaking || this.#isHeldUp) return;
    if (this.#lines.length === 0 && !this.#hasAll) return;
    this.#isTaking = true;
    this.#options.turns.run(this.#take);
  }

  get #isOver(): boolean {
    return this.#ending !== null || this.#isClosed;
  }

  /** Whether too much waits. If so, whatever changes that takes more. */
  get #isHeldUp(): boolean {
    if (!this.#parts.sink.writable || this.#answers.bytes >= MAX_WAITING_BYTES) return true;
    const { publisher } = this.#options;
    if (publisher.hasRoom) return false;
    if (!this.#awaitsRoom) publisher.whenRoom(this.#onRoom);
    this.#awaitsRoom = true;
    return true;
  }

  #takePiece(): void {
    this.#isTaking = false;
    if (this.#isOver || this.#isHeldUp) return;
    try {
      this.#takeSome();
    } catch (cause) {
      this.#options.onFault(cause);
      this.cut();
    }
  }

  #takeSome(): void {
    const bytes = this.#lines.take(PIECE_BYTES) ?? this.#takeLast();
    if (bytes === null) {
      const maxBytes = maxLineBytesOf(this.#options);
      if (this.#refusal !== null) this.#fail(this.#refusal, "invalid");
      else if (this.#hasAll) this.end("complete");
      else if (this.#lines.length > maxBytes) this.#fail(lineTooLong(maxBytes), "invalid");
      else this.#readOn();
      return;
    }
    const taken = takeLines(bytes, this.#isFirst, this.#taking);
    this.#isFirst = false;
    this.#readOn();
    if (taken.unknown.size === 0) this.#publish(taken, new Map());
    else this.#ask(taken);
    this.#goOn();
  }

  /** The last line, which has no end; null if there is none. */
  #takeLast(): Buffer | null {
    if (!this.#hasAll || this.#lines.length === 0) return null;
    const rest = this.#lines.takeRest();
    return this.#isBrokenOff ? null : rest;
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#parts.source.pause();
  }

  /** Read more, if there is room for it. */
  #readOn(): void {
    const { length } = this.#lines;
    this.#receivedHolding.set(length);
    // A line that is longer than what is read ahead has to come whole.
    if (!this.#isPaused || (length >= READ_AHEAD_BYTES && this.#lines.hasWhole)) return;
    this.#isPaused = false;
    this.#parts.source.resume();
  }

  /** Ask about channels, some at once. What comes behind waits, so that the order is kept. */
  #ask(taken: TakenLines): void {
    this.#isTaking = true;
    const { grants } = this.#parts;
    const decisions = new Map<string, ChannelGrant | ForeverframeError>();
    const channels = taken.unknown.values();
    const ask = async () => {
      for (const channel of channels) {
        if (this.#isOver) return;
        decisions.set(channel, await grants.ask(channel));
      }
    };
    void Promise.all(Array.from({ length: ASKED_AT_ONCE }, ask)).then(() => {
      this.#isTaking = false;
      if (this.#isOver) return;
      this.#publish(taken, decisions);
      this.#goOn();
    });
  }

  /** Give lines to the log. */
  #publish(
    { lines, broken }: TakenLines,
    asked: ReadonlyMap<string, ChannelGrant | ForeverframeError>,
  ): void {
    const { publisher, tally } = this.#options;
    const answers: (string | null)[] = [];
    const requests: AppendRequest[] = [];
    let bytes = 0;
    let isForbidden = false;
    for (const taken of lines) {
      const request = this.#admit(taken, asked);
      if (request instanceof ForeverframeError) {
        tally.refuse(request.code);
        answers.push(formatRefused(request));
        // Whatever follows would be refused, too.
        isForbidden = request.status === 401;
        if (isForbidden) break;
      } else {
        answers.push(null);
        requests.push(request);
        bytes += request.messages[0]?.data.length ?? 0;
      }
    }
    tally.publishLines += answers.length;
    const batch = this.#answers.add(bytes + LINE_BYTES * answers.length);
    if (requests.length === 0) this.#settle(batch, answers, []);
    else {
      publisher.publishEach(requests, bytes).then(
        (outcomes) => this.#settle(batch, answers, outcomes),
        (cause: unknown) => {
          if (!(cause instanceof ForeverframeError)) this.#options.onFault(cause);
          this.#settle(batch, answers, new Array(requests.length).fill(publicRefusal(cause)));
        },
      );
    }
    if (isForbidden) this.end("forbidden");
    else if (broken !== null) this.#fail(broken, "invalid");
  }

  #admit(
    taken: TakenLine | ForeverframeError,
    asked: ReadonlyMap<string, ChannelGrant | ForeverframeError>,
  ): AppendRequest | ForeverframeError {
    if (taken instanceof ForeverframeError) return taken;
    const { line } = taken;
    const grant = taken.grant ?? asked.get(line.channel);
    if (grant === undefined || grant instanceof ForeverframeError) return publicRefusal(grant);
    const { channel, subject } = grant;
    try {
      this.#options.rate.takeLineOf(subject);
      return withIdempotencyKey([{ channel, data: line.data }], line.key, subject);
    } catch (error) {
      return publicRefusal(error);
    }
  }

  /**
   * Lines can be answered.
   *
   * @param outcomes of those whose answer is not known yet, in their order
   */
  #settle(
    batch: Batch,
    answers: readonly (string | null)[],
    outcomes: readonly AppendOutcome[],
  ): void {
    let next = 0;
    const known = answers.map((answer) => {
      if (answer !== null) return answer;
      const outcome = outcomes[next++];
      if (!(outcome instanceof ForeverframeError)) return formatTaken(outcome?.[0] ?? "");
      this.#options.tally.refuse(outcome.code);
      return formatRefused(outcome);
    });
    this.#answers.settle(batch, known);
  }

  /** Answer once more, behind all that came before, and end. */
  #fail(error: ForeverframeError, why: Ending): void {
    if (this.#isOver) return;
    this.#options.tally.refuse(error.code);
    this.#answers.settle(this.#answers.add(0), [formatRefused(error)]);
    this.end(why);
  }
}

function tooMuchReceived(): ForeverframeError {
  return new ForeverframeError(
    "FF_BODIES_TOO_MANY",
    "What is being read of requests is more than --max-buffered-bytes allows, and this connection has the largest part, so it ends: send what was not answered again",
  );
}
