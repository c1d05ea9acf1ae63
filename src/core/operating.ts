import type { CloseReason } from "./events.ts";
import type { FanOut } from "./fan-out.ts";
import type { ChannelSummary, MessageLog } from "./log.ts";
import type { Scheduler } from "./scheduler.ts";
import { forEachInSlices } from "./slices.ts";
import type { Stream, StreamSummary } from "./stream.ts";
import type { Streams } from "./streams.ts";

/** What operating works on. */
export interface OperatingOptions {
  readonly log: MessageLog;
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  readonly fanOut: FanOut;
  readonly end: (stream: Stream, reason: CloseReason) => void;
}

/** What an operator sees and does of the streams of this process, and of the log's channels. */
export class Operating {
  readonly #options: OperatingOptions;

  constructor(options: OperatingOptions) {
    this.#options = options;
  }

  /** Open streams, the oldest first, from the handle after `after` on. */
  list(after: number, limit: number): readonly StreamSummary[] {
    const { scheduler, streams } = this.#options;
    const now = scheduler.monotonicMs();
    const found: StreamSummary[] = [];
    for (const stream of streams.all()) {
      if (found.length >= limit) break;
      if (stream.handle > after) found.push(stream.summarize(now));
    }
    return found;
  }

  /**
   * Close all streams of a client, or all that want a channel.
   *
   * @returns how many there were
   */
  async closeAll(
    whose: { readonly client: string } | { readonly channel: string },
  ): Promise<number> {
    const { scheduler, streams, end } = this.#options;
    const found =
      "client" in whose
        ? streams.ofClient(whose.client)
        : [...streams.all()].filter(({ selectors }) => selectors.matches(whose.channel));
    await forEachInSlices(found, scheduler, (stream) => end(stream, "admin"));
    return found.length;
  }

  /** Channels that keep messages, by name, from the one after `after` on. */
  channels(after: string, limit: number): Promise<readonly ChannelSummary[]> {
    return this.#options.log.channels(after, limit);
  }

  /**
   * Remove all messages that a channel keeps now.
   *
   * @returns how many there were
   */
  async deleteChannel(channel: string): Promise<number> {
    const { log, fanOut } = this.#options;
    const removed = await log.deleteChannel(channel);
    fanOut.forgetSegments();
    return removed;
  }
}
