import type { CloseReason } from "./close-reason.ts";

/** What a close answers: what the stream had been given when it ended. */
export interface Receipt {
  /** The id of the stream. */
  readonly stream: string;
  readonly closed: true;
  readonly reason: CloseReason;
  /**
   * The cursor of the last message that it was given, or a later one where nothing else matched.
   */
  readonly cursor: string;
  /** The last cursor that its client has acknowledged; null if it never did. */
  readonly acked: string | null;
  /** Messages that were handed to the operating system: its client may have fewer. */
  readonly messages: number;
  /** Bytes that were handed to the operating system. */
  readonly bytes: number;
  /** How long it was open, in ms. */
  readonly openMs: number;
  /** What an admin, or the application, said with the close; absent if nothing was said. */
  readonly text?: string;
}

/** What a listing shows of an open stream. */
export interface StreamSummary {
  /** Names it in listings, which do not show its id: whoever has the id may close the stream. */
  readonly handle: number;
  /** The name of its client; null if it has none. */
  readonly client: string | null;
  /** Who opened it; null where nobody says. */
  readonly subject: string | null;
  /** The address that its client connects from; null if that is not known. */
  readonly address: string | null;
  /** What its client calls itself, such as "Firefox 115"; null if it does not. */
  readonly browser: string | null;
  /** Its selectors: channel names and patterns. */
  readonly channels: readonly string[];
  /** `frame`, `poll`, `sse`, `ndjson` or `ws`. */
  readonly transport: string;
  /** Whether it has been given every message so far; otherwise it is still reading from the log. */
  readonly live: boolean;
  /**
   * The cursor of the last message that it was given, or a later one where nothing else matched.
   */
  readonly cursor: string;
  /** The last cursor that its client has acknowledged; null if it never did. */
  readonly acked: string | null;
  /** Messages that were handed to the operating system: its client may have fewer. */
  readonly messages: number;
  /** Bytes that were handed to the operating system. */
  readonly bytes: number;
  /** Bytes that wait for its client to read them. */
  readonly queuedBytes: number;
  /**
   * How old the last place is that it was given, in ms, while there is more for it; 0 if it has
   * been given everything.
   */
  readonly lagMs: number;
  /** How long it has been open, in ms. */
  readonly openMs: number;
}

/** What the log keeps of one channel. */
export interface ChannelSummary {
  readonly channel: string;
  /** Messages kept. */
  readonly messages: number;
  /** Id of the last message that was ever published to it, kept or not. */
  readonly last: string;
}
