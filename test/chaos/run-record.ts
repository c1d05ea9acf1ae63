import type { ClientPlan, ClientWatch } from "./client-plan.ts";

/** A message of an answered publish. */
export interface AcknowledgedMessage {
  readonly id: string;
  readonly channel: string;
  readonly digest: string;
  /** The key of its publish. */
  readonly publish: string;
  /** When the publish was first sent, in ms after the start of the run. */
  readonly startedAt: number;
}

/** A message as a client saw it. */
export interface SeenMessage {
  readonly id: string;
  readonly channel: string;
  readonly digest: string;
}

interface NotedFault {
  readonly at: number;
  readonly text: string;
  /** null: it concerns everybody. */
  readonly who: string | null;
}

/** Everything that a run notes down. */
export class RunRecord {
  readonly acknowledgedMessages: AcknowledgedMessage[] = [];
  /** What was wrong, first things first. */
  readonly wrongs: string[] = [];
  readonly counts = new Map<string, number>();
  readonly #faults: NotedFault[] = [];
  readonly #startedAt = performance.now();
  /** One object for all clients that saw the same: a long run has millions. */
  readonly #seen = new Map<string, SeenMessage>();

  /** Ms after the start of the run. */
  now(): number {
    return performance.now() - this.#startedAt;
  }

  acknowledged(message: AcknowledgedMessage): void {
    this.acknowledgedMessages.push(message);
  }

  /** What one client saw, as the one object for all that saw the same. */
  seen(id: string, channel: string, digest: string): SeenMessage {
    this.count("deliveries");
    const known = this.#seen.get(id);
    if (known?.channel === channel && known.digest === digest) return known;
    const message = { id, channel, digest };
    this.#seen.set(id, message);
    return message;
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /** Faults so far: a place in their order, for {@link wrong}. */
  get faults(): number {
    return this.#faults.length;
  }

  /** @param who whom it concerns, such as "client 3"; null: everybody */
  fault(text: string, who: string | null): void {
    this.#faults.push({ at: this.now(), text, who });
  }

  /**
   * Note what was wrong, with the last 5 faults that may have to do with it.
   *
   * @param who as in {@link fault}
   * @param faults how many faults had been when it happened
   */
  wrong(what: string, who: string | null, faults = this.#faults.length): void {
    const last = this.#faults
      .slice(0, faults)
      .filter((fault) => fault.who === null || fault.who === who)
      .slice(-5)
      .map(({ at, text }) => `\n    ${(at / 1_000).toFixed(3)} s  ${text}`);
    const before = last.length === 0 ? "no faults" : `the last faults${last.join("")}`;
    this.wrongs.push(`${what}\n  before it: ${before}`);
  }
}

/** What one client saw. */
export class ClientRecord implements ClientWatch {
  readonly number: number;
  readonly plan: ClientPlan;
  /** In the order in which they came. */
  readonly messages: SeenMessage[] = [];
  /** How many faults had been when each message came. */
  readonly faultsBefore: number[] = [];
  /** Where its first stream started, and when that was heard. */
  firstOpen: { readonly cursor: string; readonly at: number } | null = null;
  readonly #run: RunRecord;
  /** The server of its last stream, and when that was opened. */
  #lastOpen = "nowhere";

  constructor(number: number, plan: ClientPlan, run: RunRecord) {
    this.number = number;
    this.plan = plan;
    this.#run = run;
  }

  opened(cursor: string, url: string): void {
    const at = this.#run.now();
    this.firstOpen ??= { cursor, at };
    this.#lastOpen = `${url} since ${(at / 1_000).toFixed(3)} s`;
  }

  message(id: string, channel: string, digest: string): void {
    const last = this.messages.at(-1);
    if (last !== undefined && id <= last.id)
      this.wrong(`is given ${id} of ${channel} after ${last.id}: again, or out of order`);
    this.messages.push(this.#run.seen(id, channel, digest));
    this.faultsBefore.push(this.#run.faults);
  }

  wrong(what: string, faults?: number): void {
    const { transport, version, channels } = this.plan;
    const who = `client ${this.number}`;
    const kind = `${transport}, HTTP/${version}, ${channels}`;
    this.#run.wrong(`${who} (${kind}; at ${this.#lastOpen}): ${what}`, who, faults);
  }

  count(what: string): void {
    this.#run.count(what);
  }
}

/** Whether what was given or kept is what was acknowledged. */
export function isSame(message: AcknowledgedMessage, given: SeenMessage | undefined): boolean {
  const { id, channel, digest } = message;
  return given?.id === id && given.channel === channel && given.digest === digest;
}

/** In log order. */
export function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return compare(a.id, b.id);
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
