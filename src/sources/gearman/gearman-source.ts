import { setTimeout as pause } from "node:timers/promises";
import type { ChannelName } from "../../core/channel-name.ts";
import type { Cursor } from "../../core/cursor.ts";
import type { Running } from "../../core/duties.ts";
import type { AppendRequest } from "../../core/log.ts";
import { ForeverframeError } from "../../errors.ts";
import { GearmanConnection, notGearman } from "./connection.ts";
import { dataOfWorkload } from "./job-data.ts";
import { type Job, PACKET, parseJob } from "./packets.ts";
import { identifyServer } from "./server-id.ts";

/**
 * The first pause before something is tried again, and the longest, in ms: each that was in vain
 * doubles it.
 */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;

/**
 * A job that the log does not take is kept for this long, in ms. Then it goes back to the queue,
 * behind all others.
 */
const HOLD_MS = 7_000;

/**
 * When the server stops, a job server may take this long to say whether there is another job, in
 * ms.
 */
const STOP_MS = 1_000;

/**
 * A job server that has had nothing to do for this long, in ms, is asked whether it still answers.
 */
const SLEEP_MS = 60_000;

/** Bytes kept of a packet besides its workload: the handle, the function and the unique id. */
const MAX_JOB_NAMES_BYTES = 4_096;

/** What a source is made of. */
export interface GearmanSourceOptions {
  readonly host: string;
  readonly port: number;
  /** The function that it is a worker for. */
  readonly job: string;
  readonly channel: ChannelName;
  readonly maxMessageBytes: number;
  readonly publish: (request: AppendRequest) => Promise<readonly Cursor[]>;
  readonly log: {
    info(about: object, what: string): void;
    warn(about: object, what: string): void;
    error(about: object, what: string): void;
  };
}

/**
 * A Gearman worker whose jobs become messages of a channel, one after the other.
 *
 * A job is answered as complete only when the log has it. If the log does not take it, the
 * connection is ended, which is the only way to give a background job back to the queue. A job that
 * is under way when this process dies goes back, too. A job that comes again is stored once: its
 * handle and its job server are its idempotency key.
 */
export class GearmanSource implements Running {
  readonly #options: GearmanSourceOptions;
  readonly #stopping = new AbortController();
  #connection: GearmanConnection | null = null;
  /** Whether a job has been asked for, or is under way: {@link stop} awaits these. */
  #state: "idle" | "asking" | "working" = "idle";
  #pauseMs = FIRST_PAUSE_MS;
  #running: Promise<void> = Promise.resolve();

  constructor(options: GearmanSourceOptions) {
    this.#options = options;
  }

  /** Take jobs, now and after every cut, until {@link stop}. */
  start(): void {
    this.#running = this.#run();
  }

  /**
   * Take no more jobs. Resolves when the job under way has been answered, or has been given back.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#state === "idle") this.#connection?.destroy();
    // A job that is assigned and not taken would go behind all others.
    const late = setTimeout(() => {
      if (this.#state === "asking") this.#connection?.destroy();
    }, STOP_MS);
    await this.#running;
    clearTimeout(late);
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  get #about() {
    const { host, port, job, channel } = this.#options;
    return { host, port, function: job, channel };
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#connect();
      } catch (error) {
        if (this.#stopped) return;
        const about = { ...this.#about, reason: reasonOf(error), pauseMs: this.#pauseMs };
        this.#options.log.warn(about, "gearman: no connection, trying again");
      } finally {
        this.#connection?.destroy();
        this.#connection = null;
        this.#state = "idle";
      }
      await this.#pause(this.#pauseMs);
      this.#pauseMs = longer(this.#pauseMs);
    }
  }

  /** Take jobs on one connection until the server stops. Throws whatever goes wrong. */
  async #connect(): Promise<void> {
    const { maxMessageBytes, job, log } = this.#options;
    const maxKeptBytes = maxMessageBytes + MAX_JOB_NAMES_BYTES;
    const connection = await GearmanConnection.open(
      this.#options,
      maxKeptBytes,
      this.#stopping.signal,
    );
    this.#connection = connection;
    const server = await identifyServer(connection, job);
    connection.send(PACKET.SET_CLIENT_ID, "foreverframe");
    connection.send(PACKET.CAN_DO, job);
    log.info(this.#about, "gearman: taking jobs");
    while (!this.#stopped) {
      this.#state = "asking";
      const next = await this.#grab(connection);
      this.#state = "working";
      if (next !== null) await this.#work(connection, server, next);
      this.#state = "idle";
      this.#pauseMs = FIRST_PAUSE_MS;
      if (next === null && !this.#stopped) await sleep(connection);
    }
    this.#connection = null; // otherwise it would be cut
    connection.end();
  }

  /** The next job; null if there is none now. */
  async #grab(connection: GearmanConnection): Promise<Job | null> {
    connection.send(PACKET.GRAB_JOB_UNIQ);
    for (;;) {
      const packet = await connection.answer();
      if (packet.type === PACKET.NO_JOB) return null;
      if (packet.type !== PACKET.JOB_ASSIGN_UNIQ) continue;
      const job = parseJob(packet);
      if (job?.function === this.#options.job) return job;
      throw notGearman(packet.data);
    }
  }

  /** Publish a job and answer it. @throws what the log threw: the job is not answered */
  async #work(connection: GearmanConnection, server: string, job: Job): Promise<void> {
    const { handle, unique, bytes } = job;
    let id: Cursor;
    try {
      const request = this.#requestOf(server, job);
      id = await this.#store(request, { ...this.#about, handle, unique, bytes });
    } catch (error) {
      if (!isForGood(error)) throw error;
      // Given back, it would come again for ever.
      const about = { ...this.#about, handle, unique, bytes, reason: reasonOf(error) };
      this.#options.log.error(about, "gearman: job failed, it can't be published");
      connection.send(PACKET.WORK_FAIL, handle);
      return;
    }
    // If the connection was cut meanwhile it comes again, and is found to be stored.
    connection.send(PACKET.WORK_COMPLETE, handle, id);
  }

  #requestOf(server: string, { handle, workload, bytes }: Job): AppendRequest {
    const { job, channel, maxMessageBytes } = this.#options;
    if (bytes > maxMessageBytes || workload.length < bytes) {
      throw new ForeverframeError(
        "FF_MESSAGE_TOO_LARGE",
        `The workload of ${bytes} bytes is larger than --max-message-bytes allows: submit less, or raise it`,
      );
    }
    const data = dataOfWorkload(workload);
    // Not by the job's unique id: the application chooses it, and may give the same one to each job
    // of a door. The job server makes equal jobs one while they wait, if the submitter wishes it.
    const key = `gearman ${job} ${server} ${handle} ${channel} ${data}`;
    return { messages: [{ channel, data }], idempotency: { key } };
  }

  /**
   * @returns the message's id, which whoever waits for the job gets as its answer: some take an
   *   empty answer for a failure
   */
  async #store(request: AppendRequest, about: object): Promise<Cursor> {
    const { publish, log } = this.#options;
    let { idempotency } = request;
    for (let pauseMs = FIRST_PAUSE_MS, heldMs = 0; ; pauseMs = longer(pauseMs)) {
      try {
        const [id = ""] = await publish(
          idempotency === undefined ? { messages: request.messages } : request,
        );
        return id;
      } catch (error) {
        if (hasCode(error, "FF_IDEMPOTENCY_FULL")) {
          idempotency = undefined; // twice in the end is better than not at all
          continue;
        }
        if (isForGood(error)) throw error;
        const reason = reasonOf(error);
        if (this.#stopped || heldMs + pauseMs > HOLD_MS) {
          log.warn({ ...about, reason }, "gearman: log unavailable, job returned to the queue");
          throw error;
        }
        if (heldMs === 0) log.warn({ ...about, reason }, "gearman: log unavailable, job held");
      }
      await this.#pause(pauseMs);
      heldMs += pauseMs;
    }
  }

  /** Pause, but no longer than until the server stops. */
  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }
}

/** Wait until the job server has something to do, for SLEEP_MS at most. */
async function sleep(connection: GearmanConnection): Promise<void> {
  connection.send(PACKET.PRE_SLEEP);
  for (;;) {
    const packet = await connection.receive(SLEEP_MS);
    if (packet === null || packet.type === PACKET.NOOP) return;
  }
}

function longer(pauseMs: number): number {
  return Math.min(2 * pauseMs, MAX_PAUSE_MS);
}

/** Trying again would not help. */
function isForGood(error: unknown): boolean {
  return error instanceof ForeverframeError && !error.reconnect;
}

function hasCode(error: unknown, code: ForeverframeError["code"]): boolean {
  return error instanceof ForeverframeError && error.code === code;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Several attempts of one connection have no message of their own.
  return error.message || String("code" in error ? error.code : error.name);
}
