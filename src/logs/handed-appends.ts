import { createConnection, type Socket } from "node:net";
import type { Cursor } from "../core/cursor.ts";
import type { AppendOutcome, AppendRequest, MessageLog } from "../core/log.ts";
import type { Scheduler } from "../core/scheduler.ts";
import { dataLength } from "../core/shared-data.ts";
import { ForeverframeError } from "../errors.ts";
import { FrameParser, formatFrame, type HandedFrame, received } from "./append-frames.ts";
import { appendOne } from "./append-one.ts";
import { SERVICE_FILE } from "./append-service.ts";
import { withShortPath } from "./lock-socket.ts";

/** How often a service is looked for while there is none, in ms. */
const LOOK_MS = 1_000;

/**
 * A service that has frames of ours and says nothing for this long, in ms, is stuck: it says at
 * least every `ALIVE_MS` that it is not.
 */
const STUCK_MS = 3_000;

/** After a failure of the log, appends are written here for so long, in ms. */
const TROUBLE_MS = 5_000;

/** A frame is sent when it has this many requests, or so many characters of data. */
const MAX_FRAME_REQUESTS = 1_000;
const MAX_FRAME_SIZE = 1_048_576;

/** What handing appends over needs. */
export interface HandedAppendsOptions {
  /** The log itself, for when nobody else appends. */
  readonly log: Appender;
  /** Where the service listens. */
  readonly directory: string;
  readonly scheduler: Scheduler;
}

/** The part of a log that appends. */
export type Appender = Pick<MessageLog, "append" | "appendEach">;

/** Requests that were made together, and who waits for their outcomes. */
interface Batch {
  readonly requests: readonly AppendRequest[];
  readonly size: number;
  resolve(outcomes: readonly AppendOutcome[]): void;
  reject(error: unknown): void;
}

/**
 * Has another process append, which does it for all of them: a commit costs a sync, and theirs is
 * one. As long as that process can't be reached, the log is written here.
 *
 * Appends become visible in the order in which they were asked for here, whoever writes them.
 */
export class HandedAppends implements Appender {
  readonly #options: HandedAppendsOptions;
  readonly #stopLooking: () => void;
  #socket: Socket | null = null;
  #isConnecting = false;
  #isStopped = false;
  /** Not sent yet. */
  #gathered: Batch[] = [];
  /** Sent, by the number of their frame. */
  readonly #sent = new Map<number, readonly Batch[]>();
  #number = 0;
  /** Batches that the log here is writing. */
  #here = 0;
  /** Monotonic ms of the last word of the service. */
  #heardAt = 0;
  /** Monotonic ms until which this process writes, whether there is a service or not. */
  #hereUntil = 0;

  constructor(options: HandedAppendsOptions) {
    this.#options = options;
    this.#stopLooking = options.scheduler.every(LOOK_MS, () => this.#look());
    this.#look();
  }

  append(request: AppendRequest): Promise<readonly Cursor[]> {
    return appendOne(this, request);
  }

  appendEach(requests: readonly AppendRequest[]): Promise<readonly AppendOutcome[]> {
    let size = 0;
    for (const { messages } of requests) size += dataLength(messages);
    return new Promise((resolve, reject) => {
      this.#gathered.push({ requests, size, resolve, reject });
      // What else comes in this turn goes with it.
      if (this.#gathered.length === 1) setImmediate(() => this.#flush());
    });
  }

  /** Write here from now on. Call it before the log is closed. */
  stop(): void {
    this.#isStopped = true;
    this.#stopLooking();
    this.#lose();
  }

  #flush(): void {
    const socket = this.#socket;
    const isHere = socket === null || this.#options.scheduler.monotonicMs() < this.#hereUntil;
    // Not before what was asked for earlier has been written.
    if (isHere ? this.#sent.size > 0 : this.#here > 0) return;
    if (isHere) this.#writeHere(this.#gathered.splice(0));
    else while (this.#gathered.length > 0) this.#send(socket, this.#takeFrame());
  }

  #takeFrame(): readonly Batch[] {
    let requests = 0;
    let size = 0;
    let count = 0;
    for (const batch of this.#gathered) {
      requests += batch.requests.length;
      size += batch.size;
      if (count > 0 && (requests > MAX_FRAME_REQUESTS || size > MAX_FRAME_SIZE)) break;
      count++;
    }
    return this.#gathered.splice(0, count);
  }

  #send(socket: Socket, batches: readonly Batch[]): void {
    const number = ++this.#number;
    const size = batches.reduce((sum, batch) => sum + batch.size, 0);
    const requests = batches.flatMap((batch) => batch.requests);
    if (this.#sent.size === 0) this.#heardAt = this.#options.scheduler.monotonicMs();
    this.#sent.set(number, batches);
    socket.write(formatFrame({ type: "append", number, requests, size }));
  }

  #writeHere(batches: readonly Batch[]): void {
    for (const { requests, resolve, reject } of batches) {
      this.#here++;
      this.#options.log
        .appendEach(requests)
        .then(resolve, reject)
        .finally(() => {
          this.#here--;
          if (this.#here === 0) this.#flush();
        });
    }
  }

  #hear(frame: HandedFrame): void {
    this.#heardAt = this.#options.scheduler.monotonicMs();
    if (frame.type === "leaving") {
      this.#hereUntil = Number.POSITIVE_INFINITY;
      this.#settle();
    }
    if (frame.type !== "outcomes") return;
    const batches = this.#sent.get(frame.number) ?? [];
    this.#sent.delete(frame.number);
    const outcomes = received(frame.outcomes);
    const all = outcomes instanceof ForeverframeError ? [outcomes] : outcomes;
    // So that the log here knows of its trouble, and when it has ended.
    if (all.some(isTrouble)) this.#hereUntil = this.#heardAt + TROUBLE_MS;
    let start = 0;
    for (const { requests, resolve, reject } of batches) {
      const end = start + requests.length;
      if (outcomes instanceof ForeverframeError) reject(outcomes);
      else resolve(batches.length === 1 ? outcomes : outcomes.slice(start, end));
      start = end;
    }
    this.#settle();
  }

  /** Nothing that was sent is open any more, perhaps. */
  #settle(): void {
    if (this.#sent.size > 0) return;
    if (this.#hereUntil === Number.POSITIVE_INFINITY) this.#socket?.destroy();
    this.#flush();
  }

  /** Look for the service, and whether it is stuck. */
  #look(): void {
    const { directory } = this.#options;
    if (this.#socket !== null) {
      // Where this process itself stood still, what the service has said is still to be read.
      if (this.#isSilent) setImmediate(() => this.#isSilent && this.#lose());
      return;
    }
    if (this.#isConnecting) return;
    this.#isConnecting = true;
    const done = () => {
      this.#isConnecting = false;
    };
    withShortPath(directory, SERVICE_FILE, (path) => this.#connect(path)).then(done, done);
  }

  /** Whether the service has frames of ours, and has said nothing for too long. */
  get #isSilent(): boolean {
    const silentMs = this.#options.scheduler.monotonicMs() - this.#heardAt;
    return this.#socket !== null && this.#sent.size > 0 && silentMs > STUCK_MS;
  }

  /**
   * Connect, and wait for the first word: the system accepts connections for a process that is
   * stuck, too. Resolves when the service is there, or is not.
   */
  #connect(path: string): Promise<void> {
    return new Promise((resolve) => {
      const socket = createConnection(path);
      const parser = new FrameParser();
      socket.unref();
      this.#options.scheduler.after(STUCK_MS, () => {
        if (this.#socket !== socket) socket.destroy();
      });
      const hear = (frame: HandedFrame) => {
        if (this.#isStopped || socket.destroyed) return;
        this.#socket = socket;
        resolve();
        this.#hear(frame);
      };
      socket.on("data", (piece) => {
        const frames = parser.add(piece);
        if (frames === null) socket.destroy();
        else for (const frame of frames) hear(frame);
      });
      socket.on("end", () => socket.destroy());
      socket.on("error", () => socket.destroy()); // there is none, or it has ended
      socket.on("close", () => {
        if (this.#socket === socket) this.#lose();
        resolve();
      });
    });
  }

  /** The service has gone, with frames that it may have appended. */
  #lose(): void {
    this.#socket?.destroy();
    this.#socket = null;
    this.#hereUntil = 0;
    const sent = [...this.#sent.values()].flat();
    this.#sent.clear();
    for (const batch of sent) {
      // Those are told from repeats.
      if (batch.requests.every(({ idempotency }) => idempotency !== undefined))
        this.#writeHere([batch]);
      else batch.reject(unknownError());
    }
    this.#writeHere(this.#gathered.splice(0));
  }
}

function isTrouble(outcome: AppendOutcome): boolean {
  if (!(outcome instanceof ForeverframeError)) return false;
  return outcome.code === "FF_LOG_FULL" || outcome.code === "FF_LOG_UNAVAILABLE";
}

function unknownError(): ForeverframeError {
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    "The process that appends for all workers has ended meanwhile, and the message may or may not be stored: send it again, with an Idempotency-Key next time",
  );
}
