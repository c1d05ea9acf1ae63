import type { Cursor } from "./cursor.ts";
import type { Receipt } from "./receipts.ts";

/** What a listing shows of a stream. */
export interface StreamSummary {
  readonly handle: number;
  readonly client: string | null;
  readonly address: string | null;
  readonly channels: readonly string[];
  readonly transport: string;
  /** Whether it has been given everything that there is. If not, it is being read from the log. */
  readonly live: boolean;
  readonly cursor: Cursor;
  readonly acked: Cursor | null;
  readonly messages: number;
  readonly bytes: number;
  readonly openMs: number;
}

/** What is known of a stream: of a closed one, what it had been given when it ended. */
export interface StreamKnowledge
  extends Pick<Receipt, "cursor" | "messages" | "bytes" | "acked" | "openMs"> {
  readonly state: "open" | "closed";
  /** Null while the stream is open. */
  readonly receipt: Receipt | null;
}

/** What another process has to know of a long-poll stream to go on with it. */
export interface PollRecord {
  readonly acked: Cursor | null;
  readonly messages: number;
  readonly bytes: number;
  /** Unix ms. */
  readonly openedAt: number;
  /** By which it is listed. */
  readonly handle: number;
}
