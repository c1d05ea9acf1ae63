import type { ErrorCode, ForeverframeError } from "../errors.ts";
import type { Logger } from "../logger.ts";

/**
 * Refusals with the same code are counted for this long, in ms. Otherwise a client that is refused
 * could fill the log.
 */
const COUNT_MS = 10_000;

/** Codes of trouble that the message log itself tells of, once. */
const TOLD_ELSEWHERE: ReadonlySet<ErrorCode> = new Set(["FF_LOG_FULL", "FF_LOG_UNAVAILABLE"]);

interface Counted {
  until: number;
  count: number;
}

/** Logs requests that failed: the first of each kind at once, those that follow as a number. */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #counts = new Map<string, Counted>();

  /** @param now monotonic ms */
  constructor(logger: Logger, now: () => number) {
    this.#logger = logger;
    this.#now = now;
  }

  /**
   * A request was refused.
   *
   * @param cause what was thrown: a fault of ours is logged with its stack, an expected refusal
   *   without
   * @param route its template: the path may have names and ids in it, which others are not to read
   */
  note(error: ForeverframeError, cause: unknown, route: string): void {
    const { code, status, message } = error;
    if (status < 500 || TOLD_ELSEWHERE.has(code)) return;
    const counts = this.#count(code);
    if (counts === null) return;
    const about = { code, route, ...counts };
    if (cause === error) this.#logger.warn({ ...about, reason: message }, "request refused");
    else this.#logger.error({ ...about, err: cause }, "request failed");
  }

  /** A request failed when its client could not be told any more. */
  noteFault(cause: unknown, what: string): void {
    const counts = this.#count(what);
    if (counts !== null) this.#logger.error({ ...counts, err: cause }, what);
  }

  /**
   * @returns how many of the kind were not logged before this one; null if this one is not to be
   *   logged either
   */
  #count(kind: string): { readonly notLogged?: number } | null {
    const now = this.#now();
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
