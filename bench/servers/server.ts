import type { RedisFigures } from "./redis-figures.ts";

/** How a message is published to a server. */
export interface Publishing {
  readonly path: string;
  readonly method: "POST";
  readonly contentType: string;
  /** The body; %s stands for the message. */
  readonly body: string;
}

/** Streams with channels of their own: %d stands for the channel's number. */
export interface OwnChannels {
  readonly streamPath: string;
  readonly publish: Publishing;
  /** How a line of a publish connection is published; null without such connections. */
  readonly lines: Publishing | null;
}

/** What a server is started for. */
export interface StartOptions {
  /** It will be asked to collect its garbage; of no effect on servers that are no Node programs. */
  readonly collectable?: boolean;
  /** How long Foreverframe keeps receipts, in ms, if not as long as by default. */
  readonly receiptMs?: number;
}

/** What lives in a Node server after a forced collection: bytes, and open handles. */
export interface Living {
  readonly heapUsed: number;
  readonly external: number;
  readonly handles: number;
}

/** A server that runs, for one measurement. */
export interface RunningServer {
  readonly port: number;
  /** Ports of all servers on its log, where there may be several. */
  readonly nodes?: readonly number[];
  /** What the Redis that has the log has done so far. */
  readonly redisFigures?: () => Promise<RedisFigures>;
  /** All its processes. */
  readonly pids: readonly number[];
  /** Path that opens a stream; %d stands for the stream's number, where the server wants one. */
  readonly streamPath: string;
  /** One more header that its streams are asked for with. */
  readonly streamHeader?: string;
  readonly publish: Publishing;
  /** The same where each stream has a channel, of which there are several; null if it can't. */
  readonly own: OwnChannels | null;
  /** It takes Foreverframe's requests to close a stream, and to publish NDJSON batches. */
  readonly speaksForeverframe: boolean;
  /**
   * @returns the path of streams that get what is published from now on, however late they come;
   *   null without history
   */
  readonly startHistory: (() => Promise<string>) | null;
  /** Collect its garbage; null if it is no Node program. */
  collect(): Promise<Living | null>;
  /** What it last said on standard error. */
  said(): string;
  stop(): Promise<void>;
}

/** A server to be measured. */
export interface Server {
  /** Its name in the options and results. */
  readonly name: string;
  /** Its name in the table. */
  readonly title: string;
  start(options: StartOptions): Promise<RunningServer>;
}
