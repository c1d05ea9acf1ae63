import type { Past, RefusedRequest } from "../core/past.ts";
import type { Scheduler } from "../core/scheduler.ts";
import type { Tally } from "../core/tally.ts";
import type { ErrorCode, ForeverframeError } from "../errors.ts";
import type { Logger } from "../logger.ts";

/**
 * Refusals with the same code are counted for this long, in ms. Otherwise a client that is refused
 * could fill the log.
 */
const COUNT_MS = 10_000;

/** Codes of trouble that the message log itself tells of, once. */
const TOLD_ELSEWHERE: ReadonlySet<ErrorCode> = new Set(["FF_LOG_FULL", "FF_LOG_UNAVAILABLE"]);

/** Refusals are added up for this long, in ms, and then told in one line. */
const SUM_MS = 60_000;

/** A request that was refused, but for its refusal. */
export type Refused = Omit<RefusedRequest, "at" | "code">;

/** What a refusal log works with. */
export interface RefusalLogOptions {
  readonly tally: Tally;
  readonly past: Past;
  readonly logger: Logger;
  readonly scheduler: Scheduler;
}

interface Counted {
  until: number;
  count: number;
}

/**
 * Counts requests that were refused, and tells the numbers once a minute. Requests that failed by a
 * fault of the server are logged: the first of each kind at once, those that follow as a number.
 */
export class RefusalLog {
  readonly #options: RefusalLogOptions;
  readonly #counts = new Map<string, Counted>();
  #refused: Partial<Record<ErrorCode, number>> | null = null;

  constructor(options: RefusalLogOptions) {
    this.#options = options;
  }

  /**
   * A request was refused.
   *
   * @param cause what was thrown: a fault of ours is logged with its stack, an expected refusal
   *   without
   */
  note(error: ForeverframeError, cause: unknown, request: Refused): void {
    const { code, status, message } = error;
    const { tally, past, logger } = this.#options;
    const { route, client, address } = request;
    tally.refuse(code);
    this.#sum(code);
    past.noteRefusal({ route, client, address, code });
    if (status < 500 || TOLD_ELSEWHERE.has(code)) {
      // Its sentence has the id, which may be a right: another one's open stream is unknown, too.
      const reason = code === "FF_STREAM_UNKNOWN" ? {} : { reason: message };
      logger.debug({ code, route, client, address, ...reason }, "request refused");
      return;
    }
    const counts = this.#count(code);
    if (counts === null) return;
    const about = { code, route, ...counts };
    if (cause === error) logger.warn({ ...about, reason: message }, "request refused");
    else logger.error({ ...about, err: cause }, "request failed");
  }

  /** A request failed when its client could not be told any more. */
  noteFault(cause: unknown, what: string): void {
    const counts = this.#count(what);
    if (counts !== null) this.#options.logger.error({ ...counts, err: cause }, what);
  }

  #sum(code: ErrorCode): void {
    const { scheduler, logger } = this.#options;
    if (this.#refused === null) {
      this.#refused = {};
      scheduler.after(SUM_MS, () => {
        logger.info({ refused: this.#refused }, "requests refused in the last minute");
        this.#refused = null;
      });
    }
    this.#refused[code] = (this.#refused[code] ?? 0) + 1;
  }

  /**
   * @returns how many of the kind were not logged before this one; null if this one is not to be
   *   logged either
   */
  #count(kind: string): { readonly notLogged?: number } | null {
    const now = this.#options.scheduler.monotonicMs();
    const counted = this.#counts.get(kind);
    if (counted !== undefined && now < counted.until) {
      counted.count++;
      return null;
    }
    this.#counts.set(kind, { until: now + COUNT_MS, count: 0 });
    const notLogged = counted?.count ?? 0;
    return notLogged > 0 ? { notLogged } : {};
  }
}
