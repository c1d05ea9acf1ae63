import type { Arrivals } from "./arrivals.ts";
import type { AnswerTo, Peer, Seniority, StreamsOf } from "./bus.ts";
import type { CloseReason } from "./close-reason.ts";
import type { Cursor } from "./cursor.ts";
import { Echoes } from "./echoes.ts";
import type { FanOut } from "./fan-out.ts";
import type { LocalInsight } from "./local-insight.ts";
import type { Principal } from "./principal.ts";
import type { StreamOwner } from "./receipts.ts";
import type { Revocation } from "./revocation.ts";
import type { Revocations } from "./revocations.ts";
import type { Scheduler } from "./scheduler.ts";
import { forEachInSlices } from "./slices.ts";
import type { Stream } from "./stream.ts";
import type { PollRecord, StreamEcho, StreamKnowledge } from "./stream-figures.ts";
import { type ListRequest, listStreams } from "./stream-list.ts";
import type { StreamLives } from "./stream-lives.ts";
import type { Receipt } from "./summaries.ts";
import type { Ticket, Tickets } from "./tickets.ts";

/** What a local peer works on. */
export interface LocalPeerOptions {
  readonly scheduler: Scheduler;
  readonly lives: StreamLives;
  readonly arrivals: Arrivals;
  readonly fanOut: FanOut;
  readonly revocations: Revocations;
  readonly tickets: Tickets;
  readonly insight: LocalInsight;
}

/** Answers questions of this process and the others about the streams of this process alone. */
export class LocalPeer implements Peer {
  readonly #options: LocalPeerOptions;
  readonly #echoes = new Echoes();
  #applied: Promise<void> = Promise.resolve();

  constructor(options: LocalPeerOptions) {
    this.#options = options;
  }

  noticeAppended(): void {
    this.#options.fanOut.wake();
  }

  noticeDeleted(): void {
    this.#options.fanOut.forgetSegments();
  }

  noticeClosed(receipt: Receipt, owner: StreamOwner): void {
    this.#options.lives.remember(receipt, owner);
  }

  async close(stream: string, reason: CloseReason, text: string | null): Promise<Receipt | null> {
    await this.#options.arrivals.settled(stream);
    const { lives } = this.#options;
    const found = lives.get(stream);
    return found === undefined ? lives.receiptOf(stream) : lives.end(found, reason, { text });
  }

  async state(stream: string): Promise<StreamKnowledge | null> {
    await this.#options.arrivals.settled(stream);
    const { lives } = this.#options;
    const found = lives.get(stream);
    if (found !== undefined) return found.describe(this.#now());
    const receipt = lives.receiptOf(stream);
    if (receipt === null) return null;
    const { cursor, messages, bytes, acked, openMs } = receipt;
    return { state: "closed", cursor, messages, bytes, acked, openMs, receipt };
  }

  async echo(stream: string): Promise<StreamEcho | null> {
    await this.#options.arrivals.settled(stream);
    const found = this.#options.lives.get(stream);
    const echo = found !== undefined && this.#echoes.give(found, this.#now());
    const state = await this.state(stream);
    return state && { ...state, echo };
  }

  async ownerOf(stream: string): Promise<StreamOwner | null> {
    await this.#options.arrivals.settled(stream);
    return this.#options.lives.ownerOf(stream);
  }

  async acknowledge(stream: string, cursor: Cursor): Promise<boolean | null> {
    await this.#options.arrivals.settled(stream);
    return this.#options.lives.get(stream)?.acknowledge(cursor) ?? null;
  }

  async giveAway(
    stream: string,
    selectorsKey: string,
    subject: string | null,
  ): Promise<PollRecord | Receipt | null> {
    const { scheduler, lives, arrivals } = this.#options;
    await scheduler.nextTurn(); // what this process has just been given is known by then
    // Don't wait while this process is still searching for the stream: each would wait for the
    // other.
    if (arrivals.isFound(stream)) await arrivals.settled(stream);
    const found = lives.get(stream);
    if (found === undefined) return lives.finalReceiptOf(stream, subject);
    if (found.view.encoding.transport !== "poll") return null;
    if (found.selectors.key !== selectorsKey || found.owner.subject !== subject) return null;
    arrivals.applyOrders(found);
    if (found.closed) return lives.finalReceiptOf(stream, subject);
    lives.release(found);
    return found.record;
  }

  async selectorsOf(stream: string): Promise<readonly string[] | null> {
    await this.#options.arrivals.settled(stream);
    return this.#options.lives.get(stream)?.selectors.selectors ?? null;
  }

  async renew(
    stream: string,
    principal: Principal | null,
    expiresAt: number | null,
  ): Promise<true | null> {
    const { arrivals, lives, scheduler, revocations } = this.#options;
    await arrivals.settled(stream);
    const found = lives.get(stream);
    if (found === undefined) return null;
    lives.renew(found, principal, expiresAt === null ? null : expiresAt - scheduler.unixMs());
    revocations.endIfConcerned(found, lives); // while it was being renewed
    return true;
  }

  async takeTicket(ticket: string): Promise<Ticket | null> {
    return this.#options.tickets.take(ticket);
  }

  async applyRevocation(revocation: Revocation): Promise<number> {
    await this.applyRevocations();
    return this.#options.revocations.endedBy(revocation);
  }

  /** Look for new revocations in the log, and end the streams that they are about. */
  applyRevocations(): Promise<void> {
    // One after the other: what an earlier look has found may still be under way.
    const applied = this.#applied.then(async () => {
      if (await this.#options.revocations.refresh()) await this.endRevoked();
    });
    this.#applied = applied.catch(() => {});
    return applied;
  }

  /** End the streams of what has been taken back. */
  async endRevoked(): Promise<void> {
    const { lives, revocations } = this.#options;
    const end = (stream: Stream) => void revocations.endIfConcerned(stream, lives);
    await this.#order(end, [...lives.all()]);
  }

  async endAll(of: StreamsOf, text: string | null): Promise<number> {
    const { lives } = this.#options;
    let count = 0;
    const close = (stream: Stream) => {
      if (stream.closed || !isOneOf(stream, of)) return;
      lives.end(stream, "admin", { text });
      count++;
    };
    await this.#order(close, "client" in of ? lives.ofClient(of.client) : [...lives.all()]);
    return count;
  }

  async replace(client: string, by: Seniority): Promise<void> {
    const { lives } = this.#options;
    const endOlder = (stream: Stream) => {
      if (stream.client !== client || stream.owner.subject !== by.subject) return;
      if (isOlder(stream, by)) lives.end(stream, "replaced");
    };
    await this.#order(endOlder, lives.ofClient(client));
  }

  async list(request: ListRequest): Promise<AnswerTo<"list">> {
    const { lives, arrivals, scheduler } = this.#options;
    await arrivals.allSettled();
    const { client } = request;
    return listStreams(client === null ? lives.all() : lives.ofClient(client), request, scheduler);
  }

  async figures(): Promise<AnswerTo<"figures">> {
    return this.#options.insight.figures();
  }

  async samples(since: number): Promise<AnswerTo<"samples">> {
    return this.#options.insight.samples(since);
  }

  async recent(limit: number): Promise<AnswerTo<"recent">> {
    return this.#options.insight.recent(limit);
  }

  async factsOf(client: string, id: Cursor): Promise<AnswerTo<"factsOf">> {
    await this.#options.arrivals.allSettled();
    return this.#options.insight.factsOf(client, id);
  }

  async clientsOf(channel: string): Promise<AnswerTo<"clientsOf">> {
    return this.#options.insight.clientsOf(channel);
  }

  async useOf(channels: readonly string[]): Promise<AnswerTo<"useOf">> {
    return this.#options.insight.useOf(channels);
  }

  /** Do something to these streams, and to all that are on their way here. */
  #order(act: (stream: Stream) => void, streams: readonly Stream[]): Promise<void> {
    const { scheduler, arrivals } = this.#options;
    return arrivals.during(act, forEachInSlices(streams, scheduler, act));
  }

  #now(): number {
    return this.#options.scheduler.monotonicMs();
  }
}

function isOneOf({ client, handle, selectors }: Stream, of: StreamsOf): boolean {
  if ("client" in of) return client === of.client;
  return "handle" in of ? handle === of.handle : selectors.matches(of.channel);
}

/**
 * Every process compares the same values, so that two streams never both count as the older.
 */
function isOlder({ openedUnixMs, id }: Stream, { openedAt, stream, earlier }: Seniority): boolean {
  if (id === earlier) return true;
  return openedUnixMs === openedAt ? id < stream : openedUnixMs < openedAt;
}
