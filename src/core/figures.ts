import type { ErrorCode } from "../errors.ts";
import type { Alarm } from "./alarms.ts";
import type { TallyFigures } from "./tally.ts";
import type { TransportName } from "./transport.ts";

/** A process as its operating system and its runtime see it. */
export interface MachineFigures {
  /** Names the server that the process belongs to: its host, and the process that was started. */
  readonly server: string;
  /** Which of the server's workers it is, from 0. */
  readonly worker: number;
  readonly pid: number;
  /** Of Foreverframe, and of Node. */
  readonly version: string;
  readonly node: string;
  /** Unix ms. */
  readonly startedAt: number;
  /** CPU time used since the start, in seconds. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  /** The longest delay of the event loop in the last sample, in seconds. */
  readonly loopDelay: number;
  /** The disk that has the log; null where the log is not on a disk. */
  readonly disk: { readonly freeBytes: number; readonly logBytes: number } | null;
}

/** The open streams of a process. */
export interface StreamCounts {
  readonly byTransport: Readonly<Record<TransportName, number>>;
  /** Those that have not been given everything, and read from the log. */
  readonly behind: number;
  /** How old the oldest place is that one of those has reached, in seconds; 0 if there is none. */
  readonly lag: number;
  /** Bytes that wait for their clients. */
  readonly queuedBytes: number;
}

/** Events for the application about streams. */
export interface EventFigures {
  /** Those that wait to be sent. */
  readonly waiting: number;
  /** Those that were lost since the start, because too many waited. */
  readonly lost: number;
}

/** What one process is and does. */
export interface ProcessFigures extends MachineFigures {
  readonly streams: StreamCounts;
  readonly tally: TallyFigures;
  readonly draining: boolean;
  readonly alarms: readonly Alarm[];
  /** Events for the application; null where it is told none. */
  readonly events: EventFigures | null;
  /** Why the log takes no messages; null while it does. */
  readonly trouble: { readonly code: ErrorCode; readonly text: string } | null;
}

/** The named clients that have a channel open in one process or in all. */
export interface ChannelClients {
  /** Each once, in no order. */
  readonly clients: readonly string[];
  /** Streams whose clients gave no name. */
  readonly unnamed: number;
}

/** How much a channel is used. */
export interface ChannelUse {
  /** Streams that are given its messages as they come. */
  readonly readers: number;
  /** Messages per second that the log took in the last minute or so. */
  readonly rate: number;
}
