import { type Bus, checkComplete } from "./bus.ts";
import { EVERYTHING, selectorsOfChannels } from "./channel-name.ts";
import { type Cursor, cursorBefore, epochOf } from "./cursor.ts";
import { timeOf } from "./excerpt.ts";
import { type AskedMessage, type Explanation, explain } from "./explain.ts";
import type { ChannelClients, ChannelUse, ProcessFigures } from "./figures.ts";
import type { LocalPeer } from "./local-peer.ts";
import type { MessageLog } from "./log.ts";
import { Looks } from "./looks.ts";
import type { RecentEvents } from "./past.ts";
import { joinSamples, type Sample } from "./samples.ts";
import type { Scheduler } from "./scheduler.ts";

/** What insight is made of. */
export interface InsightOptions {
  readonly log: MessageLog;
  readonly bus: Bus;
  readonly local: LocalPeer;
  readonly scheduler: Scheduler;
}

/** What all processes that answered are and do. */
export interface AllFigures {
  readonly processes: readonly ProcessFigures[];
  /** How many processes did not answer. */
  readonly silent: number;
}

/** Later messages of its channel that tell whether a message was among the newest. */
const LATER = { maxMessages: 100, maxBytes: 4_194_304 };

/** Looks for the clients of channels that are under way at once. */
const PRESENCE_AT_ONCE = 2;

/** Answers what operators ask about all processes. Those that do not answer are left out. */
export class Insight {
  readonly #options: InsightOptions;
  /** Whoever may subscribe may ask who has a channel open, and everybody where metrics are open. */
  readonly #presence = new Looks<ChannelClients>(PRESENCE_AT_ONCE);
  readonly #figures = new Looks<AllFigures>(1);

  constructor(options: InsightOptions) {
    this.#options = options;
  }

  /** What each process is and does: this one first. */
  figures(): Promise<AllFigures> {
    const { local, bus } = this.#options;
    return this.#figures.take("", async () => {
      const [here, { answers, silent }] = await Promise.all([local.figures(), bus.ask("figures")]);
      return { processes: [here, ...answers], silent };
    });
  }

  /** What all processes did in the last hour, after a time (Unix ms). */
  async samples(since: number): Promise<readonly Sample[]> {
    const { local, bus } = this.#options;
    const [here, { answers }] = await Promise.all([
      local.samples(since),
      bus.ask("samples", since),
    ]);
    return joinSamples([here, ...answers]);
  }

  /** The streams that ended last, and the requests that were refused last, the newest first. */
  async recent(limit: number): Promise<RecentEvents> {
    const { local, bus } = this.#options;
    const [here, { answers }] = await Promise.all([local.recent(limit), bus.ask("recent", limit)]);
    const all = [here, ...answers];
    const ended = all.flatMap((recent) => recent.ended);
    const refused = all.flatMap((recent) => recent.refused);
    return {
      ended: ended.sort((a, b) => b.closedAt - a.closedAt).slice(0, limit),
      refused: refused.sort((a, b) => b.at - a.at).slice(0, limit),
    };
  }

  /**
   * Find out why a client got a message, or did not.
   *
   * @throws ForeverframeError FF_WORKER_SILENT, FF_LOG_UNAVAILABLE
   */
  async explain(client: string, id: Cursor): Promise<Explanation> {
    const { local, bus, scheduler } = this.#options;
    const [message, here, { answers, silent }] = await Promise.all([
      this.#find(id),
      local.factsOf(client, id),
      bus.ask("factsOf", client, id),
    ]);
    checkComplete(silent);
    return explain(client, message, [here, ...answers], scheduler.unixMs());
  }

  /**
   * The clients that have a channel open.
   *
   * @throws ForeverframeError FF_WORKER_SILENT, FF_QUESTIONS_TOO_MANY
   */
  clientsOf(channel: string): Promise<ChannelClients> {
    return this.#presence.take(channel, () => this.#lookForClients(channel));
  }

  async #lookForClients(channel: string): Promise<ChannelClients> {
    const { local, bus } = this.#options;
    const [here, { answers, silent }] = await Promise.all([
      local.clientsOf(channel),
      bus.ask("clientsOf", channel),
    ]);
    checkComplete(silent);
    const all = [here, ...answers];
    return {
      clients: [...new Set(all.flatMap(({ clients }) => clients))].sort(),
      unnamed: all.reduce((sum, { unnamed }) => sum + unnamed, 0),
    };
  }

  /** How much these channels are used, in the order given. */
  async useOf(channels: readonly string[]): Promise<readonly ChannelUse[]> {
    const { local, bus } = this.#options;
    const [here, { answers }] = await Promise.all([
      local.useOf(channels),
      bus.ask("useOf", channels),
    ]);
    const all = [here, ...answers];
    return channels.map((_channel, index) => ({
      readers: all.reduce((sum, uses) => sum + (uses[index]?.readers ?? 0), 0),
      rate: all.reduce((sum, uses) => sum + (uses[index]?.rate ?? 0), 0),
    }));
  }

  async #find(id: Cursor): Promise<AskedMessage> {
    const { log } = this.#options;
    const unknown = { id, channel: null, time: null, later: [] };
    if (epochOf(id) !== log.epoch || id > (await log.tip())) return unknown;
    const after = cursorBefore(id);
    const request = { selectors: EVERYTHING, after, upTo: id, maxMessages: 1, maxBytes: 1 };
    const { messages } = await log.read(request);
    const message = messages.find((one) => one.id === id);
    if (message === undefined) return unknown;
    const { channel } = message;
    const selectors = selectorsOfChannels([channel]);
    const later = await log.read({ selectors, after: id, upTo: null, ...LATER });
    return { id, channel, time: timeOf(message), later: later.messages.map((one) => one.id) };
  }
}
