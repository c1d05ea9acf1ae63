import { type Cursor, positionOf, timeOfPosition } from "./cursor.ts";
import { cursorEvent } from "./events.ts";
import type { PassedOver } from "./excerpt.ts";
import type { Gap, LogBatch, MessageLog, StoredMessage } from "./log.ts";
import { Replay } from "./replay.ts";
import type { Scheduler } from "./scheduler.ts";
import { SEGMENT } from "./segments.ts";
import { forEachInSlices, Slices } from "./slices.ts";
import type { Stream } from "./stream.ts";
import { Tailer } from "./tailer.ts";
import type { Tally } from "./tally.ts";
import type { View, Views } from "./view.ts";

/** What the fan-out needs. */
export interface FanOutOptions {
  readonly log: MessageLog;
  readonly scheduler: Scheduler;
  readonly views: Views<Stream>;
  readonly tally: Tally;
  /** All live streams have been given everything up to a cursor. */
  readonly onDelivered: (cursor: Cursor) => void;
  /** A stream is told of a gap. */
  readonly onGap: (stream: Stream, gap: Gap) => void;
  /** See {@link PassedOver}. */
  readonly onPassedOver: (stream: Stream, stretch: PassedOver) => void;
  /** Ends a stream whose response is too large or too old. */
  readonly recycle: (stream: Stream) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Gives the log to the streams: live through their views, and by replay to those that are behind.
 */
export class FanOut {
  readonly #options: FanOutOptions;
  readonly #tailer: Tailer;
  readonly #replay: Replay;
  /** All live streams have been given everything up to here. */
  #delivered: Cursor;

  /** @param tip the log's tip; streams read everything before it from the log */
  constructor(tip: Cursor, options: FanOutOptions) {
    const { log, scheduler, recycle, tally, onGap, onPassedOver, onError } = options;
    this.#options = options;
    this.#delivered = tip;
    this.#tailer = new Tailer(tip, {
      log,
      scheduler,
      onError,
      wanted: () => this.#options.views.takeWanted(),
      deliver: (batch) => this.#deliver(batch),
    });
    this.#replay = new Replay({
      log,
      scheduler,
      recycle,
      tally,
      onGap,
      onPassedOver,
      onError,
      delivered: () => this.#tailer.cursor,
    });
  }

  /** There may be more in the log. */
  wake(): void {
    this.#tailer.wake();
  }

  /** See `Tailer.sync`. */
  sync(): Promise<Cursor> {
    return this.#tailer.sync();
  }

  /**
   * Give a stream what it has missed, then all that follows. Call it again when the stream takes
   * bytes again.
   */
  serve(stream: Stream): void {
    if (stream.view.live.has(stream)) return;
    if (this.#replay.goLive(stream)) return;
    stream.fallBehind();
    this.#replay.add(stream);
  }

  /** The stream has ended, or is about to be served from another place. */
  remove(stream: Stream): void {
    stream.view.leaveLive(stream);
    this.#replay.remove(stream);
  }

  /** See `Replay.forgetSegments`. */
  forgetSegments(): void {
    this.#replay.forgetSegments();
  }

  stop(): void {
    this.#tailer.stop();
  }

  /**
   * Send a heartbeat to every live stream that was silent since `before` (monotonic ms), as a
   * `cursor` event if the log has moved on without it. Also replace responses that have become too
   * old or too large.
   */
  beat(before: number): void {
    const { views, scheduler, recycle } = this.#options;
    void forEachInSlices(liveStreams(views), scheduler, (stream, now) => {
      if (stream.isSpent(now)) return recycle(stream);
      if (stream.lastWriteAt > before) return;
      if (!stream.writable) return leaveLive(stream);
      const { encoding } = stream.view;
      // Not the tailer's cursor: the delivery under way may not have reached this stream yet.
      const delivered = this.#delivered;
      if (stream.cursor >= delivered) stream.say(encoding.heartbeat, now);
      else stream.give(encoding.event(cursorEvent(delivered)), delivered, 0, now);
    });
  }

  /**
   * Give what is new to the live streams; those that can't take it read on from the log when they
   * can.
   */
  async #deliver({ messages, cursor, gaps }: LogBatch): Promise<void> {
    const { views, scheduler, recycle, tally } = this.#options;
    const deliveredBefore = tally.delivered;
    // The read began before these views joined, so it may lack messages for them.
    for (const view of views.takeJoined())
      for (const stream of view.live) if (stream.cursor < cursor) this.#replay.add(stream);
    // Messages were trimmed before this process had read them: each stream finds its own gaps in
    // the log.
    if (gaps.length > 0) for (const stream of liveStreams(views)) this.#replay.add(stream);
    const byChannel = groupByChannel(messages);
    const slices = new Slices(scheduler);
    const deliverTo = async (find: (channel: string) => Iterable<View<Stream>>) => {
      const wanted = await findWanted(byChannel.keys(), find, slices);
      for (const [view, channels] of wanted) {
        if (view.live.size === 0) continue;
        const pieces = messagesOf(channels, byChannel, messages);
        if (isTooMuch(pieces, view)) {
          for (const stream of view.live) this.#replay.add(stream);
          continue;
        }
        const { bytes, count } = view.encode(pieces);
        let streams = 0;
        slices.lookNext();
        await slices.forEach(view.live, (stream, now) => {
          // A stream that joined meanwhile has read this batch from the log.
          if (stream.cursor >= cursor) return;
          if (!stream.writable) return leaveLive(stream);
          stream.give(bytes, cursor, count, now);
          streams++;
          if (stream.isLarge) recycle(stream);
        });
        tally.delivered += streams * count;
        tally.deliveredBytes += streams * bytes.length;
      }
    };
    await deliverTo((channel) => views.naming(channel));
    // Patterns come last: streams with thousands of them must not delay streams without any.
    await deliverTo((channel) => views.matching(channel));
    this.#delivered = cursor;
    this.#options.onDelivered(cursor);
    this.#noteLatency(messages, tally.delivered - deliveredBefore);
  }

  /** The first of the messages has waited longest, until the last stream had them all. */
  #noteLatency([oldest]: readonly StoredMessage[], deliveries: number): void {
    const { tally, scheduler } = this.#options;
    if (oldest === undefined || deliveries === 0) return;
    const appendedAt = timeOfPosition(positionOf(oldest.id));
    // Another machine's clock may be ahead of this one's.
    tally.latency.observe(Math.max(0, scheduler.unixMs() - appendedAt) / 1_000, deliveries);
  }
}

/** The views that want any of these channels, each with the channels that it wants. */
async function findWanted(
  channels: Iterable<string>,
  find: (channel: string) => Iterable<View<Stream>>,
  slices: Slices,
): Promise<ReadonlyMap<View<Stream>, readonly string[]>> {
  const wanted = new Map<View<Stream>, string[]>();
  await slices.forEach(channels, (channel) => {
    slices.lookNext(); // one search among many patterns may take as long as a slice
    for (const view of find(channel)) {
      const others = wanted.get(view);
      if (others === undefined) wanted.set(view, [channel]);
      else others.push(channel);
    }
  });
  return wanted;
}

/**
 * Whether a piece is too large for the few streams that share it. Then each reads it from the log
 * as fast as its client takes it. Otherwise a thousand streams whose clients read nothing could
 * hold a thousand such pieces in memory.
 */
function isTooMuch(messages: readonly StoredMessage[], { live }: View<Stream>): boolean {
  const bytes = messages.reduce((sum, { json }) => sum + json.length, 0);
  return messages.length > 1 && bytes > SEGMENT.maxBytes * live.size;
}

type ByChannel = ReadonlyMap<string, readonly StoredMessage[]>;

function groupByChannel(messages: readonly StoredMessage[]): ByChannel {
  const groups = new Map<string, StoredMessage[]>();
  for (const message of messages) {
    const group = groups.get(message.channel);
    if (group === undefined) groups.set(message.channel, [message]);
    else group.push(message);
  }
  return groups;
}

/** Those of `messages` that are of these channels, in log order. */
function messagesOf(
  channels: readonly string[],
  byChannel: ByChannel,
  messages: readonly StoredMessage[],
): readonly StoredMessage[] {
  const [first = "", ...others] = channels;
  if (others.length === 0) return byChannel.get(first) ?? [];
  if (channels.length === byChannel.size) return messages;
  const wanted = new Set(channels);
  return messages.filter(({ channel }) => wanted.has(channel));
}

function* liveStreams(views: Views<Stream>): Iterable<Stream> {
  for (const view of views) yield* view.live;
}

/** It takes nothing now. Its drain, or its next poll, brings it back. */
function leaveLive(stream: Stream): void {
  stream.view.leaveLive(stream);
}
