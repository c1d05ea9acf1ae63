import { ForeverframeError } from "../errors.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Cursor } from "./cursor.ts";
import type { StreamOwner } from "./receipts.ts";
import type { PollRecord, StreamKnowledge } from "./stream-figures.ts";
import type { Receipt, StreamSummary } from "./summaries.ts";

/** Which streams an admin means. */
export type StreamsOf = { readonly client: string } | { readonly channel: string };

/** Which of the streams of one client is the newest. */
export interface Seniority {
  /** Unix ms. */
  readonly openedAt: number;
  readonly stream: string;
}

/** What a process does when others ask. Everything is JSON on its way. */
export interface Peer {
  /** The log has grown: a hint without data, which may be late or come twice. */
  noticeAppended(): void;
  /** Messages were deleted: what was read before must not be given any more. */
  noticeDeleted(): void;
  /** A stream has ended for good, so that its client hears it from any process. */
  noticeClosed(receipt: Receipt): void;
  /** Close this stream if it is here; null if it is unknown here. */
  close(stream: string, reason: CloseReason): Promise<Receipt | null>;
  /** What is known here; null if nothing is. */
  state(stream: string): Promise<StreamKnowledge | null>;
  /**
   * Whose a stream is that is open here, or was a short while ago; null if that is not known here.
   */
  ownerOf(stream: string): Promise<StreamOwner | null>;
  /**
   * Its client has handled everything up to there. Null if it is not open here; false if it was not
   * given that much.
   */
  acknowledge(stream: string, cursor: Cursor): Promise<boolean | null>;
  /**
   * Let go of a long-poll stream with these selectors, whose client polls elsewhere now. Gives the
   * receipt if the stream has ended for good; null if it is unknown here.
   */
  giveAway(stream: string, selectorsKey: string): Promise<PollRecord | Receipt | null>;
  /** End streams with `admin`, and say how many there were. */
  endAll(of: StreamsOf): Promise<number>;
  /**
   * A client has a newer stream elsewhere: end those here that were opened before, with `replaced`.
   */
  replace(client: string, by: Seniority): Promise<void>;
  /** Open streams by handle, from the one after `after` on, and how many there are at all. */
  list(
    after: number,
    limit: number,
  ): Promise<{ readonly streams: readonly StreamSummary[]; readonly total: number }>;
}

/** What is told to peers without awaiting anything. */
export type Notice = "noticeAppended" | "noticeDeleted" | "noticeClosed";

/** What peers are asked. */
export type Question = Exclude<keyof Peer, Notice>;

/** What a peer answers to a question. */
export type AnswerTo<Q extends Question> = Awaited<ReturnType<Peer[Q]>>;

/** What came of a question to all. */
export interface Answers<Answer> {
  /** In no order. */
  readonly answers: readonly Answer[];
  /**
   * How many processes did not answer within some seconds: they hang. One that has ended is not
   * waited for.
   */
  readonly silent: number;
}

/** What came of the search for a stream. */
export interface Found<Answer> {
  /** Of the process that has it; null if none that answered has. */
  readonly found: Answer | null;
  /** How many processes did not answer within some seconds, and may have it. */
  readonly silent: number;
}

/** A question that one process at most can answer with more than null, since a stream is in one. */
export type StreamQuestion = "close" | "state" | "ownerOf" | "acknowledge" | "giveAway";

/** @throws ForeverframeError FF_WORKER_SILENT: any process failed to answer */
export function checkComplete(silent: number): void {
  if (silent === 0) return;
  throw new ForeverframeError(
    "FF_WORKER_SILENT",
    "One of the workers does not answer, and is replaced soon: try again in some seconds",
  );
}

/**
 * What was found.
 *
 * @throws ForeverframeError FF_WORKER_SILENT: it was not found, and may be where nobody answered
 */
export function known<Answer>({ found, silent }: Found<Answer>): Answer | null {
  if (found === null) checkComplete(silent);
  return found;
}

/**
 * How the processes that share a log talk to one another.
 *
 * It carries hints and requests, never messages: those travel by the log, so nothing is lost when
 * the bus is.
 */
export interface Bus {
  /** @param peer this process, as the others call it */
  listen(peer: Peer): void;
  /** Tell all other processes something. Not awaited; hints of one moment may be made one. */
  tell<N extends Notice>(notice: N, ...about: Parameters<Peer[N]>): void;
  /** Ask all other processes something. */
  ask<Q extends Question>(
    question: Q,
    ...about: Parameters<Peer[Q]>
  ): Promise<Answers<AnswerTo<Q>>>;
  /** Ask for a stream, and wait for nobody any more once it is found. */
  find<Q extends StreamQuestion>(
    question: Q,
    ...about: Parameters<Peer[Q]>
  ): Promise<Found<AnswerTo<Q>>>;
  close(): Promise<void>;
}
