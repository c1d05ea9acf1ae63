import { ForeverframeError } from "../errors.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Cursor } from "./cursor.ts";
import type { ClientFacts } from "./explain.ts";
import type { ChannelClients, ChannelUse, ProcessFigures } from "./figures.ts";
import type { RecentEvents } from "./past.ts";
import type { Principal } from "./principal.ts";
import type { StreamOwner } from "./receipts.ts";
import type { Revocation } from "./revocation.ts";
import type { Sample } from "./samples.ts";
import type { PollRecord, StreamEcho, StreamKnowledge } from "./stream-figures.ts";
import type { ListedStream, ListRequest } from "./stream-list.ts";
import type { Receipt } from "./summaries.ts";
import type { Ticket } from "./tickets.ts";

/** Which streams an admin means. */
export type StreamsOf =
  | { readonly client: string }
  | { readonly channel: string }
  /** The one stream that has this number in listings. */
  | { readonly handle: number };

/** Which of the streams of one client is the newest. */
export interface Seniority {
  /** Unix ms. */
  readonly openedAt: number;
  readonly stream: string;
  /** One that its client had before: it is older, whatever the clocks of two machines say. */
  readonly earlier: string | null;
  /** Whose the client is; null where nobody says. */
  readonly subject: string | null;
}

/** What a process does when others ask. Everything is JSON on its way. */
export interface Peer {
  /** The log has grown: a hint without data, which may be late or come twice. */
  noticeAppended(): void;
  /** Messages were deleted: what was read before must not be given any more. */
  noticeDeleted(): void;
  /** A stream has ended for good, so that its owner hears it from any process. */
  noticeClosed(receipt: Receipt, owner: StreamOwner): void;
  /**
   * Close this stream if it is here; null if it is unknown here.
   *
   * @param text what is said to its client; null for nothing
   */
  close(stream: string, reason: CloseReason, text: string | null): Promise<Receipt | null>;
  /** What is known here; null if nothing is. */
  state(stream: string): Promise<StreamKnowledge | null>;
  /** See {@link Echoes}, and {@link state}; null if nothing is known here. */
  echo(stream: string): Promise<StreamEcho | null>;
  /** The owner of a stream that is open here, or was a short while ago; null if unknown here. */
  ownerOf(stream: string): Promise<StreamOwner | null>;
  /**
   * The stream's client has handled everything up to `cursor`. Null if the stream is not open here;
   * false if it was not given that much.
   */
  acknowledge(stream: string, cursor: Cursor): Promise<boolean | null>;
  /**
   * Give up a long-poll stream of a subject with these selectors, whose client now polls another
   * process. Returns the receipt if the stream has ended for good; null if it is unknown here.
   */
  giveAway(
    stream: string,
    selectorsKey: string,
    subject: string | null,
  ): Promise<PollRecord | Receipt | null>;
  /** The selectors of an open stream; null if it is not open here. */
  selectorsOf(stream: string): Promise<readonly string[] | null>;
  /**
   * What allows the stream has been renewed: it expires at `expiresAt` (Unix ms; null for never).
   * Returns true; null if it is not open here.
   */
  renew(
    stream: string,
    principal: Principal | null,
    expiresAt: number | null,
  ): Promise<true | null>;
  /** Use a ticket; null if it is not known here. */
  takeTicket(ticket: string): Promise<Ticket | null>;
  /** This is in the log: end the streams that it is about. Returns how many ended here by it. */
  applyRevocation(revocation: Revocation): Promise<number>;
  /**
   * End streams with `admin`, and say how many there were.
   *
   * @param text what is said to their clients; null for nothing
   */
  endAll(of: StreamsOf, text: string | null): Promise<number>;
  /**
   * A client has a newer stream elsewhere: end those here that were opened before, with `replaced`.
   */
  replace(client: string, by: Seniority): Promise<void>;
  /** See {@link listStreams}. */
  list(
    request: ListRequest,
  ): Promise<{ readonly streams: readonly ListedStream[]; readonly total: number }>;
  /** See {@link LocalInsight.figures}. */
  figures(): Promise<ProcessFigures>;
  /** See {@link LocalInsight.samples}. */
  samples(since: number): Promise<readonly Sample[]>;
  /** See {@link LocalInsight.recent}. */
  recent(limit: number): Promise<RecentEvents>;
  /** See {@link LocalInsight.factsOf}. */
  factsOf(client: string, id: Cursor): Promise<ClientFacts>;
  /** See {@link LocalInsight.clientsOf}. */
  clientsOf(channel: string): Promise<ChannelClients>;
  /** See {@link LocalInsight.useOf}. */
  useOf(channels: readonly string[]): Promise<readonly ChannelUse[]>;
}

/** What is told to peers without awaiting anything. */
export type Notice = "noticeAppended" | "noticeDeleted" | "noticeClosed";

/** What peers are asked. */
export type Question = Exclude<keyof Peer, Notice>;

const NOTICES: Readonly<Record<Notice, true>> = {
  noticeAppended: true,
  noticeDeleted: true,
  noticeClosed: true,
};

const QUESTIONS: Readonly<Record<Question, true>> = {
  close: true,
  state: true,
  echo: true,
  ownerOf: true,
  acknowledge: true,
  giveAway: true,
  selectorsOf: true,
  renew: true,
  takeTicket: true,
  applyRevocation: true,
  endAll: true,
  replace: true,
  list: true,
  figures: true,
  samples: true,
  recent: true,
  factsOf: true,
  clientsOf: true,
  useOf: true,
};

/** Whether a word that came from elsewhere is a notice. */
export function isNotice(word: unknown): word is Notice {
  return typeof word === "string" && Object.hasOwn(NOTICES, word);
}

/** Whether a word that came from elsewhere is a question. */
export function isQuestion(word: unknown): word is Question {
  return typeof word === "string" && Object.hasOwn(QUESTIONS, word);
}

/** What a peer answers to a question. */
export type AnswerTo<Q extends Question> = Awaited<ReturnType<Peer[Q]>>;

/** The answers to a question to all processes. */
export interface Answers<Answer> {
  /** In no order. */
  readonly answers: readonly Answer[];
  /**
   * How many processes did not answer within some seconds, because they hang. A process that has
   * ended is not waited for.
   */
  readonly silent: number;
}

/** The result of a search for a stream. */
export interface Found<Answer> {
  /** The answer of the process that has the stream; null if no process that answered has it. */
  readonly found: Answer | null;
  /** How many processes did not answer within some seconds, and may have it. */
  readonly silent: number;
}

/**
 * A question that at most one process answers with anything but null, since a stream, or a ticket,
 * is in only one process.
 */
export type StreamQuestion =
  | "close"
  | "state"
  | "echo"
  | "ownerOf"
  | "acknowledge"
  | "giveAway"
  | "selectorsOf"
  | "renew"
  | "takeTicket";

/** @throws ForeverframeError FF_WORKER_SILENT: any process failed to answer */
export function checkComplete(silent: number): void {
  if (silent === 0) return;
  throw new ForeverframeError(
    "FF_WORKER_SILENT",
    "One of the workers, or of the servers on one log, does not answer: try again in some seconds",
  );
}

/**
 * What was found.
 *
 * @throws ForeverframeError FF_WORKER_SILENT: it was not found, and may be in a process that did
 *   not answer
 */
export function known<Answer>({ found, silent }: Found<Answer>): Answer | null {
  if (found === null) checkComplete(silent);
  return found;
}

/**
 * The link between the processes that share a log.
 *
 * It carries hints and requests, never messages: those travel through the log, so nothing is lost
 * if the bus fails.
 */
export interface Bus {
  /** @param peer this process, as the others call it */
  listen(peer: Peer): void;
  /** Tell all other processes something, without waiting. Hints close together may become one. */
  tell<N extends Notice>(notice: N, ...about: Parameters<Peer[N]>): void;
  /** Ask all other processes something. */
  ask<Q extends Question>(
    question: Q,
    ...about: Parameters<Peer[Q]>
  ): Promise<Answers<AnswerTo<Q>>>;
  /** Ask all other processes for a stream, and stop waiting once one has found it. */
  find<Q extends StreamQuestion>(
    question: Q,
    ...about: Parameters<Peer[Q]>
  ): Promise<Found<AnswerTo<Q>>>;
  close(): Promise<void>;
}
