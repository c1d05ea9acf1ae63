/**
 * The client for pages. Start with {@link open}.
 *
 * @module foreverframe/client
 */

/** What `foreverframe.open` takes. docs/client.md explains each. */
export interface OpenOptions<Data = unknown> {
  /** The server's base, such as "push/". Default: "", relative to the page. */
  url?: string;
  /** 1 to 64 selectors, comma-separated or as an array. */
  channels: string | readonly string[];
  /** A cursor to start after, or "earliest". Default: only what comes from now on. */
  after?: string | null;
  /** Start with the last 0 to 1,000 messages of all channels together. It yields to `after`. */
  last?: number;
  /** Start with the last 0 to 100 messages of each channel. It yields to `after`. */
  each?: number;
  /** Start with everything from this time on: Unix ms, a date, or ISO 8601 with a zone. */
  since?: number | string | Date;
  /**
   * Whenever the stream is behind, get only the newest message of each channel. Not with `each`: give
   * `after: "earliest"`.
   */
  latest?: boolean;
  /** A name of your own for this client. */
  client?: string;
  /**
   * Gives a token for the stream by calling `done(token)`, at once or later: the client sends it as
   * `Authorization`, and gets tickets with it for frames, EventSources and WebSockets. Called again
   * before the token ends. A page that a cookie allows needs none.
   */
  token?(done: (token: string) => void): void;
  /** Default: "auto", a frame where the path lets it through, else polls. */
  transport?: "auto" | Transport;
  /** One stream for all tabs that open the same. Default: false. */
  share?: boolean;
  /**
   * Pause before the first attempt to reconnect, in ms; a fifth of it after a cut. Infinity: never.
   * Default: 5,000.
   */
  retryMs?: number;
  /**
   * A stream is taken for cut when nothing came for this long, in ms. Infinity: never. Default:
   * three heartbeats.
   */
  silentMs?: number;
  /**
   * "auto": ms after which a frame is tried again on a path that held it back. Infinity: never.
   * Default: 600,000.
   */
  frameAgainMs?: number;
  /** The stream is connected. Called again after each reconnection. */
  onopen?(event: OpenEvent): void;
  /** One message. Each comes once, in the order of the log. */
  onmessage?(event: MessageEvent<Data>): void;
  /**
   * All that was kept and asked for has come: what follows is new. Called again after each
   * reconnection; never if the stream began with what was new.
   */
  onlive?(event: LiveEvent): void;
  /** Messages may be missing. */
  ongap?(event: GapEvent): void;
  /** The stream was ended on purpose, and does not come back. */
  onclose?(event: CloseEvent): void;
  /** The server refused the stream. It is tried again only if `reconnect` is true. */
  onerror?(event: ErrorEvent): void;
  /** The state has changed. */
  onstate?(state: StreamState, detail: StateDetail): void;
}

/** How a stream is carried. */
export type Transport = "frame" | "poll" | "sse" | "ndjson" | "ws";

/** "closed" and "refused" are final. */
export type StreamState = "connecting" | "open" | "lost" | "closing" | "closed" | "refused";

/** What is behind a change of state: an event, or these. */
export interface StateDetail {
  /** "connecting": the transport that is tried. "open": "shared" where another tab holds the stream. */
  readonly transport?: Transport | "shared";
  /**
   * "connecting": why it is not the one before: "silent" or "failed" (a frame did not come
   * through), "held" (its events come late), "remembered", "loading", "recycle" or "shared". "lost": "silent", "cut", "failed", a
   * close reason or the code of a refusal. "closed": the close reason.
   */
  readonly reason?: string | null;
  /** "lost": the pause before the next attempt. */
  readonly retryMs?: number;
  /** "closed": what an admin said with the close, if anything. */
  readonly text?: string;
  /** "refused": the code, such as "FF_FORBIDDEN". */
  readonly code?: string;
  /** "refused": the HTTP status that stands for it. */
  readonly status?: number;
  /** "refused", and "lost" where a poll has found out why: what is wrong, with the remedy. */
  readonly detail?: string;
  /** "open": the stream's id. */
  readonly stream?: string;
  /** "open" and "closed": where the stream is in the log. */
  readonly cursor?: string | null;
}

/** The stream is connected. */
export interface OpenEvent {
  readonly type: "open";
  /** The stream's id: the right to close it. */
  readonly stream: string;
  /** Where it starts; null for a poll that began with messages. */
  readonly cursor: string | null;
  /** Where to POST to close it, relative to the stream's URL. */
  readonly close: string;
  /** The longest silence on the stream, in ms; a poll has none. */
  readonly heartbeatMs?: number;
}

/** One message. */
export interface MessageEvent<Data = unknown> {
  readonly type: "message";
  /** Also a cursor: "up to and including this one". */
  readonly id: string;
  readonly channel: string;
  /** Unix ms, by the server's clock. */
  readonly time: number;
  /** In a frame it was made by another window: `data instanceof Array` is false. */
  readonly data: Data;
}

/** The stream has been given all that it asked for of what was kept. */
export interface LiveEvent {
  readonly type: "live";
  /** Where it is in the log. */
  readonly cursor: string;
}

/** Messages of `channels` after `after`, up to and including `upTo`, may be missing. */
export interface GapEvent {
  readonly type: "gap";
  readonly after: string;
  readonly upTo: string;
  readonly channels: readonly string[];
  /** "epoch": the stream's cursor is `upTo` now, and later ids may be below earlier ones. */
  readonly reason: "expired" | "epoch";
}

/** The stream was ended on purpose. */
export interface CloseEvent {
  readonly type: "close";
  readonly reason: "client" | "admin" | "expired" | "replaced";
  readonly reconnect: false;
  readonly retryMs: number;
  readonly cursor: string | null;
  /** What an admin said with the close, to be shown to a person; absent if nothing was said. */
  readonly text?: string;
}

/** The server refused the stream. */
export interface ErrorEvent {
  readonly type: "error";
  /** docs/errors.md lists them; FF_TRANSPORT_UNSUPPORTED and FF_TRANSPORT_BLOCKED are the client's. */
  readonly code: string;
  /** 0 where no server was asked. */
  readonly status: number;
  /** One sentence, with the remedy. */
  readonly detail: string;
  /** Whether the client tries again by itself. */
  readonly reconnect: boolean;
}

/** A stream of this page. Read it and close it; it is not to be written to. */
export interface Stream {
  readonly state: StreamState;
  /** Where a later stream goes on, as `after`; null before the first `open`. */
  readonly cursor: string | null;
  /** The id, while it is open by this tab; else null. It is the right to close it: do not publish it. */
  readonly stream: string | null;
  /** In use; "shared" while another tab holds the stream; null before the first `open`. */
  readonly transport: Transport | "shared" | null;
  /** End it for good. What is on its way still arrives before `onclose`; a second call does nothing. */
  close(): void;
  /** Tell the server that everything up to `cursor` has been handled. */
  ack(): void;
}

/**
 * Open a stream, once the page has loaded, and keep it open.
 *
 * @throws Error for a transport that there is not, or a `url` that is neither http nor https
 */
export function open<Data = unknown>(options: OpenOptions<Data>): Stream;
