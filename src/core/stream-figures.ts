import type { Cursor } from "./cursor.ts";
import type { Excerpt } from "./excerpt.ts";
import type { Receipt } from "./summaries.ts";

/** What is known of a stream: of a closed one, what it had been given when it ended. */
export interface StreamKnowledge
  extends Pick<Receipt, "cursor" | "messages" | "bytes" | "acked" | "openMs"> {
  readonly state: "open" | "closed";
  /** Null while the stream is open. */
  readonly receipt: Receipt | null;
}

/** What is known of a stream of which an event was asked for. */
export interface StreamEcho extends StreamKnowledge {
  /** Whether the event was given. */
  readonly echo: boolean;
}

/** What another process has to know of a long-poll stream to go on with it. */
export interface PollRecord {
  readonly acked: Cursor | null;
  readonly messages: number;
  readonly bytes: number;
  /** Unix ms. */
  readonly openedAt: number;
  /** Its handle in listings. */
  readonly handle: number;
  /** The last stretch of which it did not want every message; null if there was none. */
  readonly excerpt: Excerpt | null;
}
