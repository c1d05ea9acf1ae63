import type { Context } from "koa";
import type { ChannelName } from "../../core/channel-name.ts";
import { Oldest } from "../../core/oldest.ts";
import { type Held, subjectOf } from "../../core/principal.ts";
import type { Revocations } from "../../core/revocations.ts";
import type { Scheduler } from "../../core/scheduler.ts";
import { ForeverframeError } from "../../errors.ts";
import type { Authorization } from "../authorization.ts";
import { publicRefusal } from "./answer-line.ts";

/** Channels that are remembered for one connection. */
const MAX_CHANNELS = 10_000;

/** Channels that are remembered for one connection, however many are for all of them. */
const MIN_CHANNELS = 64;

/** How many channels may still be remembered, beyond those few that each connection may. */
export class GrantRoom {
  left = 100_000;
}

/** A refusal is remembered for this long, in ms: an application is not asked for each line. */
const REFUSED_MS = 1_000;

/** What a connection may do with one channel. */
export interface ChannelGrant {
  readonly channel: ChannelName;
  /** Who publishes; null where nobody says. */
  readonly subject: string | null;
}

interface Remembered {
  /** What may be done, or why nothing may. */
  readonly decision: ChannelGrant | ForeverframeError;
  /** Monotonic ms from which it has to be asked for again. */
  readonly until: number;
  /** Who was allowed it, and when, in Unix ms. */
  readonly holder: (Held & { readonly client: string | null }) | null;
  readonly askedAt: number;
}

/** What remembering depends on. */
export interface ChannelGrantsOptions {
  readonly authorization: Pick<Authorization, "check">;
  readonly revocations: Pick<Revocations, "concern">;
  readonly scheduler: Scheduler;
  /** Of all connections. */
  readonly room: GrantRoom;
  /** Hears of a fault of who decides. */
  readonly onFault: (cause: unknown) => void;
}

/**
 * What one connection may publish to. Each channel is asked about once, and again when what was
 * allowed has ended or was revoked.
 */
export class ChannelGrants {
  readonly #ctx: Context;
  readonly #options: ChannelGrantsOptions;
  readonly #remembered = new Map<string, Remembered>();
  readonly #oldest = new Oldest(this.#remembered);
  /** The one that ends last of those that allow something; null before the first. */
  #last: Remembered | null = null;
  #isClosed = false;

  /** @param ctx the request that has opened the connection */
  constructor(ctx: Context, options: ChannelGrantsOptions) {
    this.#ctx = ctx;
    this.#options = options;
  }

  /** Whether anything was ever allowed. */
  get hasAllowed(): boolean {
    return this.#last !== null;
  }

  /** Whether something was allowed, and all of it has ended or was revoked. */
  get hasEnded(): boolean {
    return this.#last !== null && this.#isOver(this.#last);
  }

  /** What is known about a channel; null if it has to be asked for. */
  get(channel: string): ChannelGrant | ForeverframeError | null {
    const known = this.#remembered.get(channel);
    if (known === undefined || this.#isOver(known)) return null;
    return known.decision;
  }

  /** Ask about a channel. Never rejects. */
  async ask(channel: ChannelName): Promise<ChannelGrant | ForeverframeError> {
    const { authorization, scheduler, onFault } = this.#options;
    const askedAt = scheduler.unixMs();
    const begunAt = scheduler.monotonicMs();
    let kept: Remembered;
    try {
      const question = { action: "publish", channels: [channel], client: null } as const;
      const grant = await authorization.check(this.#ctx, question);
      const until = begunAt + (grant.expiresInMs ?? Number.POSITIVE_INFINITY);
      const decision = { channel, subject: subjectOf(grant) };
      kept = { decision, until, holder: grant, askedAt };
      if (this.#last === null || this.#isOver(this.#last) || until >= this.#last.until)
        this.#last = kept;
    } catch (cause) {
      if (!(cause instanceof ForeverframeError)) onFault(cause);
      const until = scheduler.monotonicMs() + REFUSED_MS;
      kept = { decision: publicRefusal(cause), until, holder: null, askedAt };
    }
    this.#remember(channel, kept);
    return kept.decision;
  }

  /** Remember nothing any more. */
  close(): void {
    this.#isClosed = true;
    this.#options.room.left += this.#remembered.size;
    this.#remembered.clear();
  }

  #remember(channel: string, kept: Remembered): void {
    if (this.#isClosed) return; // its client has gone while it was asked for
    const { room } = this.#options;
    if (this.#remembered.delete(channel)) room.left++;
    this.#remembered.set(channel, kept);
    room.left--;
    const { size } = this.#remembered;
    if (size <= MAX_CHANNELS && (room.left >= 0 || size <= MIN_CHANNELS)) return;
    if (this.#oldest.take() !== undefined) room.left++;
  }

  #isOver({ until, holder, askedAt }: Remembered): boolean {
    const { scheduler, revocations } = this.#options;
    if (until !== Number.POSITIVE_INFINITY && until <= scheduler.monotonicMs()) return true;
    return holder !== null && revocations.concern(holder, askedAt);
  }
}
