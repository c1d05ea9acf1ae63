import { connect, type Socket } from "node:net";
import type { Cursor } from "../core/cursor.ts";
import type { AppendRequest } from "../core/log.ts";
import { ForeverframeError } from "../errors.ts";
import {
  formatPacket,
  type Job,
  PACKET,
  type Packet,
  PacketParser,
  parseJob,
} from "./gearman-packets.ts";
import { dataOfWorkload } from "./workload.ts";

/** The first pause before it connects again, and the longest, in ms: each that was in vain doubles it. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;

/** The kernel asks after so many ms whether a job server that says nothing is still there. */
const KEEP_ALIVE_MS = 30_000;

/** Bytes of a packet beside its workload that are kept: the handle, the function and the unique id. */
const MAX_JOB_NAMES_BYTES = 4_096;

/** What a source is made of. */
export interface GearmanSourceOptions {
  readonly host: string;
  readonly port: number;
  /** The function that it is a worker for. */
  readonly job: string;
  /** A checked channel name. */
  readonly channel: string;
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
 * A job is answered complete only when the log has it. When the log can't take it, the connection is ended, which is the one way
 * to give a background job back to the queue; so is a job that was under way when this process died. It comes again under
 * the same handle, and is stored once: its handle and its unique id are the idempotency key.
 */
export class GearmanSource {
  readonly #options: GearmanSourceOptions;
  #socket: Socket | null = null;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  /** The job under way; its answer is awaited by {@link stop}. */
  #working: Promise<void> | null = null;

  constructor(options: GearmanSourceOptions) {
    this.#options = options;
  }

  /** Take jobs, now and after every cut, until {@link stop}. */
  start(): void {
    const { host, port } = this.#options;
    const socket = connect({ host, port });
    this.#socket = socket;
    let server = "";
    const parser = new PacketParser(this.#options.maxMessageBytes + MAX_JOB_NAMES_BYTES, (packet) =>
      this.#take(socket, server, packet),
    );
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setNoDelay(true);
    // In its text protocol: a restarted server counts its handles anew, and would seem to repeat jobs.
    // http://gearman.org/protocol/, "Administrative Protocol"
    socket.once("connect", () => socket.write("getpid\n"));
    let line = Buffer.alloc(0);
    socket.on("data", (bytes) => {
      let rest = bytes;
      if (server === "") {
        line = Buffer.concat([line, bytes]);
        const end = line.indexOf("\n");
        if (end < 0 && line.length < MAX_JOB_NAMES_BYTES) return;
        server = /^OK (\d+)\r?$/.exec(line.toString("latin1", 0, Math.max(end, 0)))?.[1] ?? "";
        if (server === "") return this.#refuse(socket, line);
        rest = line.subarray(end + 1);
        this.#register(socket);
      }
      if (!parser.push(rest)) this.#refuse(socket, bytes);
    });
    socket.on("error", (error) =>
      this.#options.log.warn({ ...this.#names(), reason: error.message }, "gearman: no connection"),
    );
    socket.once("close", () => this.#reconnect(socket));
  }

  /** Take no more jobs. Resolves when the job under way has been answered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#working;
    this.#socket?.end();
  }

  #names() {
    const { host, port, job, channel } = this.#options;
    return { server: `${host}:${port}`, function: job, channel };
  }

  #register(socket: Socket): void {
    socket.write(formatPacket(PACKET.SET_CLIENT_ID, "foreverframe"));
    socket.write(formatPacket(PACKET.CAN_DO, this.#options.job));
    this.#grab(socket);
    this.#options.log.info(this.#names(), "gearman: takes jobs");
  }

  #grab(socket: Socket): void {
    if (!this.#stopped) socket.write(formatPacket(PACKET.GRAB_JOB_UNIQ));
  }

  #take(socket: Socket, server: string, packet: Packet): void {
    switch (packet.type) {
      case PACKET.JOB_ASSIGN_UNIQ: {
        if (this.#stopped) break; // goes back to the queue with the connection
        const job = parseJob(packet);
        if (job === null) this.#refuse(socket, packet.data);
        else this.#working = this.#work(socket, server, job);
        break;
      }
      case PACKET.NO_JOB:
        this.#pauseMs = FIRST_PAUSE_MS;
        socket.write(formatPacket(PACKET.PRE_SLEEP));
        break;
      case PACKET.NOOP:
        this.#grab(socket);
        break;
      case PACKET.ERROR:
        this.#options.log.error(
          { ...this.#names(), reason: quote(packet.data) },
          "gearman: the job server reports an error",
        );
    }
  }

  async #work(socket: Socket, server: string, job: Job): Promise<void> {
    const { log, maxMessageBytes } = this.#options;
    const { handle, unique, bytes } = job;
    const about = { ...this.#names(), handle, unique, bytes };
    if (bytes > maxMessageBytes) {
      // It never could be: given back, it would come again for ever.
      log.error(
        about,
        "gearman: a workload is larger than --max-message-bytes, and is not published",
      );
      socket.write(formatPacket(PACKET.WORK_FAIL, handle));
      this.#grab(socket);
      return;
    }
    try {
      await this.#publish(job, `gearman ${server} ${handle} ${unique}`);
    } catch (error) {
      log.warn(
        { ...about, err: error },
        "gearman: the log can't take a job, which goes back to the queue",
      );
      socket.destroy();
      return;
    }
    this.#pauseMs = FIRST_PAUSE_MS;
    // One whose connection was cut meanwhile comes again, and is found to be stored.
    socket.write(formatPacket(PACKET.WORK_COMPLETE, handle, ""));
    this.#grab(socket);
  }

  async #publish({ workload }: Job, key: string): Promise<void> {
    const { channel, publish, log } = this.#options;
    const messages = [{ channel, data: dataOfWorkload(workload) }];
    try {
      await publish({ messages, idempotency: { key } });
    } catch (error) {
      if (!(error instanceof ForeverframeError && error.code === "FF_IDEMPOTENCY_CONFLICT"))
        throw error;
      // The server has given the name of another job a second time: this is no repeat.
      log.warn({ ...this.#names(), key }, "gearman: two jobs have one name, both are published");
      await publish({ messages });
    }
  }

  /** What came is not Gearman's. */
  #refuse(socket: Socket, seen: Buffer): void {
    this.#options.log.error(
      { ...this.#names(), seen: quote(seen) },
      "gearman: this is no answer of a job server",
    );
    socket.destroy();
  }

  #reconnect(socket: Socket): void {
    if (this.#socket === socket) this.#socket = null;
    if (this.#stopped) return;
    this.#options.log.info({ ...this.#names(), pauseMs: this.#pauseMs }, "gearman: connects again");
    this.#timer = setTimeout(() => this.start(), this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, MAX_PAUSE_MS);
  }
}

/** For a log line: not all of what may be anything. */
function quote(bytes: Buffer): string {
  return JSON.stringify(bytes.toString("latin1", 0, 60));
}
