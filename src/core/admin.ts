import { type Bus, checkComplete, type StreamsOf } from "./bus.ts";
import type { FanOut } from "./fan-out.ts";
import type { LocalPeer } from "./local-peer.ts";
import type { MessageLog } from "./log.ts";
import type { Revocation } from "./revocation.ts";
import { comparePlaces, type ListPlace, type ListRequest } from "./stream-list.ts";
import type { ChannelSummary, StreamSummary } from "./summaries.ts";

/** How often all processes are asked for one stream. */
const ROUNDS = 3;

/** What the admin works on. */
export interface AdminOptions {
  readonly log: MessageLog;
  readonly bus: Bus;
  readonly local: LocalPeer;
  readonly fanOut: FanOut;
}

/**
 * The admin's view of the streams of all processes and of the log's channels, and actions on them.
 */
export class Admin {
  readonly #options: AdminOptions;

  constructor(options: AdminOptions) {
    this.#options = options;
  }

  /**
   * List open streams of all processes, and count all that the listing has.
   *
   * @returns a page, and the place after which the next one starts; null if it is the last
   * @throws ForeverframeError FF_WORKER_SILENT
   */
  async list(request: ListRequest): Promise<{
    readonly streams: readonly StreamSummary[];
    readonly total: number;
    readonly next: ListPlace | null;
  }> {
    const { local, bus } = this.#options;
    const [here, { answers, silent }] = await Promise.all([
      local.list(request),
      bus.ask("list", request),
    ]);
    checkComplete(silent);
    const lists = [here, ...answers];
    // A long-poll stream that moves meanwhile may be listed by both processes.
    const all = lists.flatMap((list) => list.streams);
    const polled = new Set<number>();
    const found = all
      .filter(({ summary: { handle, transport } }) => {
        const isNew = transport !== "poll" || !polled.has(handle);
        polled.add(handle);
        return isNew;
      })
      .sort((a, b) => comparePlaces(a.place, b.place));
    const page = found.slice(0, request.limit);
    return {
      streams: page.map(({ summary }) => summary),
      total: lists.reduce((sum, { total }) => sum + total, 0) - (all.length - found.length),
      next: page.length === request.limit ? (page.at(-1)?.place ?? null) : null,
    };
  }

  /**
   * Close all streams of a client, all whose selectors match a channel, or the one with a handle.
   *
   * @param text what is said to their clients; null for nothing
   * @returns how many there were
   * @throws ForeverframeError FF_WORKER_SILENT: a worker did not answer; the streams of all others
   *   are closed
   */
  async closeAll(of: StreamsOf, text: string | null): Promise<number> {
    for (let round = 1; ; round++) {
      const count = await this.#endAll(of, text);
      // One that moved meanwhile from a process that was not asked yet to one that had answered is
      // in neither answer.
      if (count > 0 || !("handle" in of) || round === ROUNDS) return count;
    }
  }

  async #endAll(of: StreamsOf, text: string | null): Promise<number> {
    const { local, bus } = this.#options;
    const [here, { answers, silent }] = await Promise.all([
      local.endAll(of, text),
      bus.ask("endAll", of, text),
    ]);
    checkComplete(silent);
    return answers.reduce((sum, count) => sum + count, here);
  }

  /**
   * Take back what was allowed to somebody: streams end with `expired`, in all processes.
   *
   * @returns how many there were
   * @throws ForeverframeError FF_REVOCATIONS_FULL, FF_LOG_FULL, FF_LOG_UNAVAILABLE;
   *   FF_WORKER_SILENT: a worker did not answer; it ends its streams when it does
   */
  async revoke(revocation: Revocation): Promise<number> {
    const { log, local, bus } = this.#options;
    await log.revoke(revocation);
    const [here, { answers, silent }] = await Promise.all([
      local.applyRevocation(revocation),
      bus.ask("applyRevocation", revocation),
    ]);
    checkComplete(silent);
    return answers.reduce((sum, count) => sum + count, here);
  }

  /** List channels that keep messages, by name, starting after the name `after`. */
  channels(after: string, limit: number): Promise<readonly ChannelSummary[]> {
    return this.#options.log.channels(after, limit);
  }

  /**
   * Remove all messages that a channel keeps now.
   *
   * @returns how many there were
   */
  async deleteChannel(channel: string): Promise<number> {
    const { log, bus, fanOut } = this.#options;
    const removed = await log.deleteChannel(channel);
    fanOut.forgetSegments();
    bus.tell("noticeDeleted");
    return removed;
  }
}
