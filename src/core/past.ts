import type { ErrorCode } from "../errors.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Cursor } from "./cursor.ts";
import type { PassedOver } from "./excerpt.ts";
import type { LifeListener } from "./life-listener.ts";
import type { Gap } from "./log.ts";
import { Ring } from "./ring.ts";
import type { Stream } from "./stream.ts";
import type { Receipt } from "./summaries.ts";

/** What is known of a stream that has ended. */
export interface EndedStream {
  readonly handle: number;
  readonly client: string | null;
  readonly address: string | null;
  readonly channels: readonly string[];
  readonly transport: string;
  /** Unix ms. */
  readonly openedAt: number;
  readonly closedAt: number;
  readonly reason: CloseReason;
  /** Where it started: it was given what came after this. */
  readonly start: Cursor;
  /** Everything up to here was given to it, or was not wanted. */
  readonly cursor: Cursor;
  readonly acked: Cursor | null;
  readonly messages: number;
  readonly bytes: number;
}

/** A stream was told that messages are missing. */
export interface ToldGap {
  /** Unix ms. */
  readonly at: number;
  readonly handle: number;
  readonly client: string;
  readonly gap: Gap;
}

/** A stream was given only a part of a stretch of the log, as it had asked for. */
export interface NotedExcerpt extends PassedOver {
  /** Unix ms. */
  readonly at: number;
  readonly handle: number;
  readonly client: string;
}

/** A request was refused. */
export interface RefusedRequest {
  /** Unix ms. */
  readonly at: number;
  /** The method and the template of the route, such as `GET /stream`. */
  readonly route: string;
  /** The name that a request for a stream gave its client; null for none, and for others. */
  readonly client: string | null;
  readonly address: string | null;
  readonly code: ErrorCode;
}

/** What happened last in one process or in all, the newest first. */
export interface RecentEvents {
  readonly ended: readonly EndedStream[];
  readonly refused: readonly RefusedRequest[];
}

/** Everything up to `cursor` had been given to the live streams of this process at a time. */
interface Delivery {
  /** Unix ms. */
  readonly at: number;
  readonly cursor: Cursor;
}

/** Ended streams are kept up to this many, and up to this weight in bytes. */
const MAX_ENDED = 10_000;
const MAX_ENDED_BYTES = 8_388_608;

/** Most ended streams that are told of one client. */
const MAX_ENDED_OF_CLIENT = 500;

const MAX_GAPS = 2_000;
const MAX_EXCERPTS = 2_000;
const MAX_REFUSED = 200;
/** Requests for streams of clients with names: others must not push these out. */
const MAX_REFUSED_CLIENTS = 2_000;
const MAX_DELIVERIES = 4_096;

/** What one ended stream takes besides its selectors, in bytes. */
const ENDED_BYTES = 400;

/**
 * What a process remembers of its streams, so that an operator can ask why a client did not get a
 * message. Everything in it is bounded: the oldest is forgotten first.
 */
export class Past implements LifeListener {
  readonly #now: () => number;
  readonly #ended = new Ring<EndedStream>(MAX_ENDED, MAX_ENDED_BYTES);
  readonly #gaps = new Ring<ToldGap>(MAX_GAPS);
  readonly #excerpts = new Ring<NotedExcerpt>(MAX_EXCERPTS);
  readonly #refused = new Ring<RefusedRequest>(MAX_REFUSED);
  readonly #refusedClients = new Ring<RefusedRequest>(MAX_REFUSED_CLIENTS);
  readonly #deliveries = new Ring<Delivery>(MAX_DELIVERIES);

  /** @param now Unix ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  onOpened(): void {}

  onClosed(stream: Stream, receipt: Receipt): void {
    const { handle, client, address, selectors, openedUnixMs: openedAt, start } = stream;
    const { reason, acked, messages, bytes } = receipt;
    // Member by member: V8 gives each object that begins with a spread a shape of its own, which is
    // as large as the object.
    const ended: EndedStream = {
      handle,
      client,
      address,
      openedAt,
      start,
      reason,
      acked,
      messages,
      bytes,
      channels: selectors.selectors,
      transport: stream.view.encoding.transport,
      closedAt: this.#now(),
      cursor: stream.cursor,
    };
    this.#ended.add(ended, ENDED_BYTES + selectors.key.length + (client?.length ?? 0));
  }

  onGap({ handle, client }: Stream, gap: Gap): void {
    if (client !== null) this.#gaps.add({ at: this.#now(), handle, client, gap });
  }

  onPassedOver({ handle, client }: Stream, stretch: PassedOver): void {
    if (client !== null) this.#excerpts.add({ ...stretch, at: this.#now(), handle, client });
  }

  /** All live streams have been given everything up to `cursor`. */
  noteDelivery(cursor: Cursor): void {
    this.#deliveries.add({ at: this.#now(), cursor });
  }

  /** A request was refused. */
  noteRefusal(request: Omit<RefusedRequest, "at">): void {
    const refused = { at: this.#now(), ...request };
    this.#refused.add(refused);
    if (refused.client !== null) this.#refusedClients.add(refused);
  }

  /** The streams that ended last, and the requests that were refused last. */
  recent(limit: number): RecentEvents {
    return { ended: this.#ended.last(limit), refused: this.#refused.last(limit) };
  }

  /**
   * The ended streams of a client, the oldest first: those nearest to a time, where there are very
   * many. Whoever gives all of its streams one name must not make a question about it costly.
   *
   * @param around Unix ms
   */
  endedOf(client: string, around: number): readonly EndedStream[] {
    const all = this.#ended.filter((stream) => stream.client === client);
    if (all.length <= MAX_ENDED_OF_CLIENT) return all;
    const distance = ({ openedAt, closedAt }: EndedStream) =>
      Math.max(openedAt - around, around - closedAt, 0);
    const nearest = all.toSorted((a, b) => distance(a) - distance(b));
    const chosen = new Set(nearest.slice(0, MAX_ENDED_OF_CLIENT));
    return all.filter((stream) => chosen.has(stream));
  }

  gapsOf(client: string): readonly ToldGap[] {
    return this.#gaps.filter((gap) => gap.client === client);
  }

  excerptsOf(client: string): readonly NotedExcerpt[] {
    return this.#excerpts.filter((excerpt) => excerpt.client === client);
  }

  refusedOf(client: string): readonly RefusedRequest[] {
    return this.#refusedClients.filter((refused) => refused.client === client);
  }

  /**
   * When the live streams of this process had been given a message, in Unix ms; null if it was too
   * long ago to be remembered, or before this process started.
   */
  deliveredAt(id: Cursor): number | null {
    const oldest = this.#deliveries.find(() => true);
    if (oldest === undefined || id <= oldest.cursor) return null;
    return this.#deliveries.find(({ cursor }) => cursor >= id)?.at ?? null;
  }
}
