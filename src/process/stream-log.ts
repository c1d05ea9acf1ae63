import type { CloseReason } from "../core/close-reason.ts";
import type { LifeListener } from "../core/life-listener.ts";
import type { Gap } from "../core/log.ts";
import type { Scheduler } from "../core/scheduler.ts";
import type { Stream } from "../core/stream.ts";
import type { Receipt } from "../core/summaries.ts";
import type { Logger } from "../logger.ts";

/**
 * Lines of one kind in a second. When a proxy restarts, thousands of streams end at once: those
 * beyond are counted.
 */
const LINES_PER_SECOND = 100;

/** Logs the streams that end, and at level `debug` those that are opened. */
export class StreamLog implements LifeListener {
  readonly #logger: Logger;
  readonly #scheduler: Scheduler;
  readonly #opened: Flood<"opened">;
  readonly #ended: Flood<CloseReason>;
  readonly #gaps: Flood<Gap["reason"]>;

  constructor(logger: Logger, scheduler: Scheduler) {
    this.#logger = logger;
    this.#scheduler = scheduler;
    this.#opened = new Flood(scheduler, (notLogged) =>
      logger.debug({ notLogged }, "more streams opened"),
    );
    this.#ended = new Flood(scheduler, (notLogged) =>
      logger.info({ notLogged }, "more streams ended"),
    );
    this.#gaps = new Flood(scheduler, (notLogged) =>
      logger.warn({ notLogged }, "more streams told of gaps"),
    );
  }

  onOpened(stream: Stream): void {
    if (!this.#opened.takes("opened")) return;
    const { start, selectors } = stream;
    const about = { ...aboutStream(stream), channels: selectors.selectors, start };
    this.#logger.debug(about, "stream opened");
  }

  onClosed(stream: Stream, { reason, messages, bytes, acked, openMs }: Receipt): void {
    if (!this.#ended.takes(reason)) return;
    const about = { ...aboutStream(stream), reason, messages, bytes, acked, openMs };
    this.#logger.info(about, "stream ended");
  }

  onGap(stream: Stream, { reason, channels, after, upTo }: Gap): void {
    if (!this.#gaps.takes(reason)) return;
    const ageMs = Math.round(this.#scheduler.unixMs() - stream.openedUnixMs);
    const about = { ...aboutStream(stream), reason, channels, after, upTo, ageMs };
    this.#logger.warn(about, "stream told of a gap: messages were removed before it read them");
  }
}

function aboutStream({ handle, client, address, view }: Stream): object {
  return { stream: handle, client, address, transport: view.encoding.transport };
}

/** Lets so many lines through in a second, and counts the others by what they are about. */
class Flood<Kind extends string> {
  readonly #scheduler: Scheduler;
  readonly #tell: (notLogged: Readonly<Partial<Record<Kind, number>>>) => void;
  #lines = 0;
  #notLogged: Partial<Record<Kind, number>> = {};

  /** @param tell hears of those that were not let through, a second after the first line */
  constructor(
    scheduler: Scheduler,
    tell: (notLogged: Readonly<Partial<Record<Kind, number>>>) => void,
  ) {
    this.#scheduler = scheduler;
    this.#tell = tell;
  }

  takes(kind: Kind): boolean {
    if (this.#lines === 0) this.#scheduler.after(1_000, () => this.#endSecond());
    this.#lines++;
    if (this.#lines <= LINES_PER_SECOND) return true;
    this.#notLogged[kind] = (this.#notLogged[kind] ?? 0) + 1;
    return false;
  }

  #endSecond(): void {
    const isFlood = this.#lines > LINES_PER_SECOND;
    const notLogged = this.#notLogged;
    this.#lines = 0;
    this.#notLogged = {};
    if (isFlood) this.#tell(notLogged);
  }
}
