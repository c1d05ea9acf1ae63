import type { CloseReason } from "./close-reason.ts";
import type { Cursor } from "./cursor.ts";

/** Hears what becomes of a sink. Its stream does. */
export interface SinkListener {
  /** The stream's id. */
  readonly id: string;
  /** Everything that is for the stream up to here was written. */
  readonly cursor: Cursor;
  /**
   * Nobody takes bytes for now, and no `onDrain` will follow: a poll has been answered, or its
   * client has gone.
   */
  onPause(): void;
  /** The sink takes bytes again, after it was not writable. */
  onDrain(): void;
  /** It was not writable, and the other side has taken nothing for as long as is allowed. */
  onStall(): void;
  /** The connection is gone, whoever ended it. Called once; nothing follows. */
  onClosed(): void;
}

/** The part of it that hears of what is written. */
export type WriteListener = Pick<SinkListener, "onDrain" | "onStall" | "onClosed">;

/**
 * Where the bytes of one stream go: a socket, or what behaves like one. Each piece is one encoded
 * event, or several messages.
 */
export interface Sink {
  /**
   * Call once, before the first write.
   *
   * @param stallMs how long the other side may take nothing while bytes wait for it
   */
  listen(listener: SinkListener, stallMs: number): void;
  /** Send all of these bytes. They may be shared, so nobody may write into them. */
  write(bytes: Buffer): void;
  /** All that there is for now has been written: what comes next is new. May change `writable`. */
  reachedTip(): void;
  /** Whether the other side keeps up. When it does not, stop, and wait for `onDrain`. */
  readonly writable: boolean;
  /** Bytes written that the operating system has not taken yet. */
  readonly queuedBytes: number;
  /**
   * Write these last bytes and end the connection; after `destroyAfterMs` it is cut, whatever is
   * left.
   *
   * @param reason why the stream ends, for a connection that says it in a way of its own
   */
  end(bytes: Buffer, destroyAfterMs: number, reason: CloseReason): void;
  /** Cut the connection now. */
  destroy(): void;
}
