import type { Alarms } from "./alarms.ts";
import type { ChannelRates } from "./channel-rates.ts";
import { type Cursor, positionOf, timeOfPosition } from "./cursor.ts";
import type { ClientFacts, StreamFacts } from "./explain.ts";
import type {
  ChannelClients,
  ChannelUse,
  EventFigures,
  MachineFigures,
  ProcessFigures,
  StreamCounts,
} from "./figures.ts";
import type { MessageLog } from "./log.ts";
import type { Past, RecentEvents } from "./past.ts";
import type { Sample, Samples } from "./samples.ts";
import type { Scheduler } from "./scheduler.ts";
import { forEachInSlices } from "./slices.ts";
import type { Stream } from "./stream.ts";
import type { StreamLives } from "./stream-lives.ts";
import { type Tally, zeros } from "./tally.ts";
import { TRANSPORTS } from "./transport.ts";
import type { Views } from "./view.ts";

/** What is looked at. */
export interface LocalInsightOptions {
  readonly log: MessageLog;
  readonly scheduler: Scheduler;
  readonly lives: StreamLives;
  readonly views: Views<Stream>;
  readonly tally: Tally;
  readonly rates: ChannelRates;
  readonly past: Past;
  readonly samples: Samples;
  readonly machine: () => MachineFigures;
  readonly alarms: Pick<Alarms, "list">;
  readonly events: () => EventFigures | null;
  readonly isDraining: () => boolean;
}

/** Answers what operators ask about this process. Long lists are gone through in slices. */
export class LocalInsight {
  readonly #options: LocalInsightOptions;

  constructor(options: LocalInsightOptions) {
    this.#options = options;
  }

  /** What this process is and does. */
  async figures(): Promise<ProcessFigures> {
    const { log, tally, machine, alarms, events, isDraining } = this.#options;
    const trouble = await log.health().catch(() => null);
    return {
      ...machine(),
      streams: await this.#countStreams(),
      tally: tally.figures(),
      draining: isDraining(),
      alarms: alarms.list(),
      events: events(),
      trouble: trouble === null ? null : { code: trouble.code, text: trouble.message },
    };
  }

  /** See {@link Samples.since}. */
  samples(since: number): readonly Sample[] {
    return this.#options.samples.since(since);
  }

  /** See {@link Past.recent}. */
  recent(limit: number): RecentEvents {
    return this.#options.past.recent(limit);
  }

  /** What is known of a client, and of its streams as far as a message is concerned. */
  factsOf(client: string, id: Cursor): ClientFacts {
    const { lives, past } = this.#options;
    return {
      streams: [
        ...past.endedOf(client, timeOfPosition(positionOf(id))),
        ...lives.ofClient(client).map((stream) => this.#openFacts(stream)),
      ],
      gaps: past.gapsOf(client),
      excerpts: past.excerptsOf(client),
      refused: past.refusedOf(client),
      deliveredAt: past.deliveredAt(id),
    };
  }

  /** The clients that have a channel open. */
  async clientsOf(channel: string): Promise<ChannelClients> {
    const { lives, scheduler } = this.#options;
    const clients = new Set<string>();
    let unnamed = 0;
    await forEachInSlices(lives.all(), scheduler, ({ client, selectors }) => {
      if (!selectors.matches(channel)) return;
      if (client === null) unnamed++;
      else clients.add(client);
    });
    return { clients: [...clients], unnamed };
  }

  /** How much these channels are used, in the order given. */
  useOf(channels: readonly string[]): readonly ChannelUse[] {
    const { views, rates } = this.#options;
    return channels.map((channel) => {
      const found = [...views.naming(channel), ...views.matching(channel)];
      return {
        readers: found.reduce((sum, { live }) => sum + live.size, 0),
        rate: rates.of(channel),
      };
    });
  }

  #openFacts(stream: Stream): StreamFacts {
    const { scheduler } = this.#options;
    const { handle, address, selectors, view, openedUnixMs: openedAt, start, cursor } = stream;
    const silentMs = scheduler.monotonicMs() - stream.lastWriteAt;
    return {
      ...{ handle, address, openedAt, start, cursor },
      channels: selectors.selectors,
      transport: view.encoding.transport,
      acked: stream.acked,
      closedAt: null,
      queuedBytes: stream.sink.queuedBytes,
      silentSince: Math.round(scheduler.unixMs() - silentMs),
    };
  }

  async #countStreams(): Promise<StreamCounts> {
    const { lives, scheduler } = this.#options;
    const byTransport = zeros(TRANSPORTS);
    let behind = 0;
    let queuedBytes = 0;
    let oldest = Number.POSITIVE_INFINITY;
    await forEachInSlices(lives.all(), scheduler, (stream) => {
      byTransport[stream.view.encoding.transport]++;
      queuedBytes += stream.sink.queuedBytes;
      if (!isBehind(stream)) return;
      behind++;
      oldest = Math.min(oldest, timeOfPosition(positionOf(stream.cursor)));
    });
    const lag = behind === 0 ? 0 : Math.max(0, scheduler.unixMs() - oldest) / 1_000;
    return { byTransport, behind, lag, queuedBytes };
  }
}

/**
 * Whether a stream is not given messages as they come. A long-poll stream between two polls is not
 * behind: its client has what it was given, and asks for the next.
 */
function isBehind(stream: Stream): boolean {
  return !stream.view.live.has(stream) && stream.view.encoding.transport !== "poll";
}
