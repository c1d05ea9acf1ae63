import type { Context } from "koa";
import type { Hub } from "../../core/hub.ts";
import type { Scheduler } from "../../core/scheduler.ts";
import { ForeverframeError } from "../../errors.ts";
import type { Authorization } from "../authorization.ts";
import { callerOf } from "../guesses.ts";
import type { AnswerSink } from "./answer-sink.ts";
import { ChannelGrants, GrantRoom } from "./channel-grants.ts";
import {
  PublishConnection,
  type PublishConnectionOptions,
  type PublishConnectionParts,
} from "./publish-connection.ts";

/** Connections are held to what still allows them this often, in ms. */
const LOOK_MS = 500;

/** Part of all connections that one address may have; all of them if there are only a few. */
const ADDRESS_SHARE = 0.75;
const FEW = 100;

/** What all publish connections of a process depend on. */
export interface PublishConnectionsOptions
  extends Omit<PublishConnectionOptions, "publisher" | "tally"> {
  readonly hub: Pick<Hub, "publisher" | "tally" | "revocations" | "draining">;
  readonly authorization: Authorization;
  readonly scheduler: Scheduler;
  readonly maxPublishConnections: number;
}

/** The publish connections of a process. */
export class PublishConnections {
  readonly #options: PublishConnectionsOptions;
  readonly #of: PublishConnectionOptions;
  /** The oldest first, each with its address. */
  readonly #open = new Map<PublishConnection, string>();
  readonly #room = new GrantRoom();
  #stopLooking: (() => void) | null = null;
  #whenEmpty: (() => void)[] = [];

  constructor(options: PublishConnectionsOptions) {
    this.#options = options;
    const { publisher, tally } = options.hub;
    this.#of = { ...options, publisher, tally };
  }

  /**
   * Check that there is room for one more. A connection on which nothing was ever allowed makes
   * room.
   *
   * @throws ForeverframeError FF_DRAINING, FF_PUBLISH_CONNECTIONS_TOO_MANY
   */
  checkRoom({ req }: Context): void {
    const { hub, maxPublishConnections: max } = this.#options;
    if (hub.draining) {
      throw new ForeverframeError(
        "FF_DRAINING",
        "The server is stopping: connect again in a moment",
      );
    }
    const caller = callerOf(req);
    const ofCaller = [...this.#open].filter(([, address]) => address === caller);
    const maxOfCaller = max < FEW ? max : Math.floor(max * ADDRESS_SHARE);
    if (ofCaller.length >= maxOfCaller) this.#makeRoom(ofCaller, "of your address");
    else if (this.#open.size >= max) this.#makeRoom([...this.#open], "at once");
  }

  /**
   * Begin with a connection.
   *
   * @param ctx the request that has opened it
   */
  open(
    ctx: Context,
    sink: AnswerSink,
    source: PublishConnectionParts["source"],
  ): PublishConnection {
    const { authorization, hub, scheduler, onFault } = this.#options;
    const { revocations, tally } = hub;
    const caller = callerOf(ctx.req);
    const room = this.#room;
    const grants = new ChannelGrants(ctx, { authorization, revocations, scheduler, room, onFault });
    const onClosed = () => {
      grants.close();
      this.#open.delete(connection);
      tally.publishConnections.closed++;
      if (this.#open.size > 0) return;
      this.#stopLooking?.();
      this.#stopLooking = null;
      for (const resolve of this.#whenEmpty.splice(0)) resolve();
    };
    const connection = new PublishConnection(this.#of, { source, sink, grants, caller, onClosed });
    this.#open.set(connection, caller);
    tally.publishConnections.opened++;
    this.#stopLooking ??= scheduler.every(LOOK_MS, () => {
      for (const one of this.#open.keys()) one.endIfForbidden();
    });
    return connection;
  }

  /**
   * Take no more lines. Resolves when no connection is left, or at `deadline`, after which those
   * that are left are cut.
   */
  async drain(deadline: Promise<void>): Promise<void> {
    if (this.#open.size === 0) return;
    for (const connection of this.#open.keys()) connection.end("shutdown");
    void deadline.then(() => {
      for (const connection of this.#open.keys()) connection.cut();
    });
    await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
  }

  #makeRoom(among: readonly (readonly [PublishConnection, string])[], what: string): void {
    const [idle] = among.find(([connection]) => !connection.hasPublished) ?? [];
    if (idle === undefined) {
      throw new ForeverframeError(
        "FF_PUBLISH_CONNECTIONS_TOO_MANY",
        `${among.length} publish connections are open ${what}: send more lines over each, or raise --max-publish-connections`,
      );
    }
    idle.cut();
    this.#open.delete(idle);
  }
}
