import { ForeverframeError } from "../errors.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Bus } from "./bus.ts";
import type { SelectorSet } from "./channel-name.ts";
import { gapEvent } from "./events.ts";
import { LATEST } from "./excerpt.ts";
import type { FanOut } from "./fan-out.ts";
import type { LocalPeer } from "./local-peer.ts";
import type { Gap, MessageLog } from "./log.ts";
import { type Principal, subjectOf } from "./principal.ts";
import { NEVER, newRecycleLimits, type RecycleAfter } from "./recycle.ts";
import type { Revocations } from "./revocations.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Sink } from "./sink.ts";
import { Stream } from "./stream.ts";
import type { PollRecord } from "./stream-figures.ts";
import type { StreamLives } from "./stream-lives.ts";
import { findKnownGaps, resolveStart, type StartPoint, type StartRequest } from "./stream-start.ts";
import type { Applicant } from "./streams.ts";
import type { Receipt } from "./summaries.ts";
import type { Encoding } from "./transport.ts";
import type { Views } from "./view.ts";

/** What a client wants from a stream. */
interface Wanted {
  readonly selectors: SelectorSet;
  readonly start: StartRequest;
  /**
   * Whether it wants only the newest message of each channel of whatever it is behind: after its
   * start, and whenever it could not keep up. Not with a start "each".
   */
  readonly latest: boolean;
  /** Whether the client has gone meanwhile. */
  readonly isGone: () => boolean;
}

/** A request to open a stream. */
export interface OpenRequest extends Wanted {
  readonly encoding: Encoding;
  /** A name of the caller's own for its client; null for none. */
  readonly client: string | null;
  /** Who asks; null where nobody says. */
  readonly principal: Principal | null;
  /**
   * The id of an earlier stream of this client, whose streams end with `replaced`; null for none.
   */
  readonly takesOverFrom: string | null;
  /** Where it connects from, for the limit and the listing. */
  readonly address: string | null;
  /** What the client calls itself, for the listing; null if it does not. */
  readonly browser: string | null;
  /**
   * After this many ms it ends with `expired`; null for never. Each poll of a long-poll stream sets
   * it again.
   */
  readonly expiresInMs: number | null;
  /**
   * Whether it may end with `recycle`. Not where nobody would open it anew, as for a loop of the
   * application.
   */
  readonly mayRecycle: boolean;
  /** Takes over the connection; called once, when nothing can go wrong any more. */
  readonly connect: () => Sink;
}

/** The limits that streams keep to. */
export interface OpenerLimits extends RecycleAfter {
  /** How long a stream's client may read nothing while there is something for it. */
  readonly stallMs: number;
  /** The longest silence on a stream, which its client is told. */
  readonly heartbeatMs: number;
}

/** How streams are named. */
export interface StreamNames {
  /** Generates an id for a stream: at least 128 random bits, in [A-Za-z0-9._-]. */
  readonly newStreamId: () => string;
  /**
   * The number that names the next stream in listings: rising, and never the same in two processes.
   */
  readonly nextHandle: () => number;
  /** Generates a number from 0 to 1. */
  readonly random: () => number;
}

/** What an opener works on. */
export interface OpenerOptions extends StreamNames {
  readonly log: MessageLog;
  readonly bus: Bus;
  readonly scheduler: Scheduler;
  readonly limits: OpenerLimits;
  readonly lives: StreamLives;
  readonly views: Views<Stream>;
  readonly fanOut: FanOut;
  readonly local: LocalPeer;
  readonly arrivals: Arrivals;
  readonly revocations: Revocations;
  readonly isDraining: () => boolean;
}

/**
 * After this many ms a client's older streams are ended once more. A stream that another process
 * opened in the same ms may have missed the first order, and may be the older one by its id.
 */
const SAME_MOMENT_MS = 100;

/** Where a stream starts, and the losses before it that its client need not be told. */
interface StreamStart extends StartPoint {
  readonly knownGaps: readonly Gap[];
}

/** A request for which it is known whether it takes over. */
type CheckedRequest = OpenRequest & Applicant;

/** Opens streams, and continues those that come as one poll after another. */
export class Opener {
  readonly #options: OpenerOptions;

  constructor(options: OpenerOptions) {
    this.#options = options;
  }

  /**
   * Open a stream. It gets every message that is appended after its start exactly once, in log
   * order. A stream that starts "now" starts at the log's tip at the moment when it opens; its
   * `open` event tells this cursor.
   *
   * @throws ForeverframeError what `Streams.checkRoom` throws, FF_DRAINING, FF_LOG_UNAVAILABLE;
   *   nothing was connected then
   */
  async open(request: OpenRequest): Promise<void> {
    const takesOver = await this.#mayTakeOver(request);
    await this.#open({ ...request, takesOver }, this.#options.newStreamId());
  }

  /**
   * Resume a long-poll stream from the cursor that its client names, whichever process it was in;
   * if it is unknown, open a new one.
   *
   * @param takeSink is given the sink of a stream that is open here, and returns whether it is a
   *   long-poll stream's; called once, when nothing can go wrong any more
   * @returns null, or the receipt of a stream that has ended for good: then nothing was done
   * @throws ForeverframeError what {@link open} throws
   */
  async poll(
    id: string,
    request: OpenRequest,
    takeSink: (sink: Sink) => boolean,
  ): Promise<Receipt | null> {
    const { arrivals } = this.#options;
    if (id === "") {
      await this.open(request);
      return null;
    }
    const takesOver = await this.#mayTakeOver(request);
    do {
      await arrivals.settled(id);
      if (await this.#resume(id, request, takeSink)) return null;
    } while (arrivals.has(id)); // another poll may have begun to look for it
    return arrivals.await(id, this.#fetch(id, { ...request, takesOver }));
  }

  /** Take a long-poll stream over from the process that has it, if one does. */
  async #fetch(id: string, request: CheckedRequest): Promise<Receipt | null> {
    const { bus, lives, arrivals, newStreamId } = this.#options;
    this.#checkRoom(request); // a stream given to a process without room would be lost
    const subject = subjectOf(request);
    const early = lives.finalReceiptOf(id, subject);
    if (early !== null) return early;
    // A process that hangs may have the stream. Then its client gets a new one here, and the old
    // one ends when no more polls come.
    const { key } = request.selectors;
    const { found } = await bus.find("giveAway", id, key, subject);
    if (found !== null && "closed" in found) return found;
    if (found !== null) {
      arrivals.markFound(id);
      await this.#open(request, id, found);
      return null;
    }
    const closed = lives.finalReceiptOf(id, subject); // meanwhile
    if (closed === null) await this.#open(request, newStreamId());
    return closed;
  }

  async #open(
    request: CheckedRequest,
    id: string,
    record: PollRecord | null = null,
  ): Promise<void> {
    this.#checkRoom(request);
    const start = await this.#resolve(request);
    this.#checkRoom(request); // others may have come meanwhile
    const stream = this.#connect(request, start, id, record);
    this.#begin(stream, start);
    if (record !== null) this.#options.arrivals.applyOrders(stream);
  }

  async #resume(
    id: string,
    wanted: OpenRequest,
    takeSink: (sink: Sink) => boolean,
  ): Promise<boolean> {
    const { lives, fanOut, revocations } = this.#options;
    const stream = lives.get(id);
    if (stream === undefined || stream.selectors.key !== wanted.selectors.key) return false;
    if (stream.owner.subject !== subjectOf(wanted)) return false;
    const start = await this.#resolve(wanted);
    if (stream.closed || !takeSink(stream.sink)) return false;
    if (wanted.start.from === "cursor") stream.acknowledge(wanted.start.after);
    lives.renew(stream, wanted.principal, wanted.expiresInMs);
    if (revocations.endIfConcerned(stream, lives)) return true; // while this poll came
    fanOut.remove(stream);
    stream.moveTo(start.cursor);
    stream.latest = wanted.latest;
    // A poll that goes on from a cursor may be in the middle of what the first one asked for.
    if (wanted.start.from !== "cursor") stream.beginExcerpt(start.excerpt);
    this.#begin(stream, start);
    return true;
  }

  /**
   * Whether earlier streams of the client end. A caller that knows the id of one is taken for that
   * client.
   *
   * @throws ForeverframeError FF_TAKEOVER_REFUSED: it is another client's
   */
  async #mayTakeOver(request: OpenRequest): Promise<boolean> {
    const { client, takesOverFrom } = request;
    if (takesOverFrom === null) return false;
    const { local, bus } = this.#options;
    const here = await local.ownerOf(takesOverFrom);
    const owner = here ?? (await bus.find("ownerOf", takesOverFrom)).found;
    // It is long over, or its process has died or is silent: nothing shows whose it was. A client
    // whose server died must not wait until all agree on that.
    if (owner === null) return false;
    if (owner.client === client && owner.subject === subjectOf(request)) return true;
    throw new ForeverframeError(
      "FF_TAKEOVER_REFUSED",
      '"earlier" is the stream of another client: take over with the id of an earlier stream of the same client',
    );
  }

  #checkRoom(request: CheckedRequest): void {
    this.#checkDraining();
    this.#options.lives.checkRoom(request);
    this.#options.views.checkRoom(request.selectors);
  }

  #checkDraining(): void {
    if (!this.#options.isDraining()) return;
    throw new ForeverframeError(
      "FF_DRAINING",
      "This server is stopping: try again in a few seconds",
    );
  }

  async #resolve({ selectors, start, latest, isGone }: Wanted): Promise<StreamStart> {
    this.#checkDraining();
    const { log, fanOut } = this.#options;
    const upTo = await fanOut.sync();
    const found = await resolveStart(log, start, selectors, upTo, isGone);
    const excerpt = latest ? { ...(found.excerpt ?? LATEST), newest: 1 } : found.excerpt;
    const point = { ...found, excerpt };
    return { ...point, knownGaps: await findKnownGaps(log, point, selectors, upTo) };
  }

  /** Say what is missing before the start of a stream, and give it all that comes. */
  #begin(stream: Stream, { gap, knownGaps }: StreamStart): void {
    const { scheduler, fanOut, lives } = this.#options;
    if (gap !== null) {
      stream.say(gapEvent(gap), scheduler.monotonicMs());
      lives.tellGap(stream, gap);
    }
    stream.takeNewGaps(knownGaps); // counts them as told
    fanOut.serve(stream);
  }

  /**
   * Make the stream and send its `open` event, in one step of the event loop, so that nothing can
   * happen in between.
   */
  #connect(
    request: CheckedRequest,
    { cursor, excerpt }: StreamStart,
    id: string,
    record: PollRecord | null,
  ): Stream {
    const { scheduler, nextHandle, random, limits, bus, local, lives, views, revocations } =
      this.#options;
    const { selectors, encoding, client, principal, takesOver, address, browser, connect } =
      request;
    const now = scheduler.monotonicMs();
    const unixNow = scheduler.unixMs();
    const openedAt = record?.openedAt ?? unixNow;
    const sink = connect();
    const stream = new Stream({
      id,
      handle: record?.handle ?? nextHandle(),
      client,
      principal,
      address,
      browser,
      view: views.join(selectors, encoding),
      sink,
      host: lives,
      cursor,
      openedAt: now - (unixNow - openedAt),
      openedUnixMs: openedAt,
      recycle: request.mayRecycle ? newRecycleLimits(encoding, limits, random) : NEVER,
      latest: request.latest,
      excerpt: request.start.from === "cursor" ? (record?.excerpt ?? null) : excerpt,
      asksForKept: request.start.from !== "now",
    });
    lives.add(stream);
    if (record === null) lives.tellOpened(stream); // before anything can end it
    lives.expireAfter(stream, request.expiresInMs);
    sink.listen(stream, limits.stallMs);
    stream.open({ close: `streams/${stream.id}/close`, heartbeatMs: limits.heartbeatMs });
    if (record !== null) {
      stream.continueFrom(record);
      if (request.start.from === "cursor") stream.acknowledge(request.start.after);
    }
    revocations.endIfConcerned(stream, lives); // while it was being opened
    if (takesOver && client !== null) {
      const by = {
        openedAt,
        stream: id,
        // A poll that brings a stream here again may name any stream, also a newer one, or its own.
        earlier: record === null ? request.takesOverFrom : null,
        subject: subjectOf(request),
      };
      const replaceOlder = () => {
        if (stream.closed) return;
        void local.replace(client, by);
        void bus.ask("replace", client, by);
      };
      replaceOlder();
      scheduler.after(SAME_MOMENT_MS, replaceOlder);
    }
    return stream;
  }
}
