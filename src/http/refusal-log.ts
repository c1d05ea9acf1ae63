import { createHash } from "node:crypto";
import type { Logger } from "pino";
import type { ErrorCode, ForeverframeError } from "../errors.ts";

/** Refusals with the same code are counted for this long, in ms: else whoever is refused could fill the log. */
const COUNT_MS = 10_000;

/** Codes of trouble that the log itself tells of, once. */
const TOLD_ELSEWHERE: ReadonlySet<ErrorCode> = new Set(["FF_LOG_FULL", "FF_LOG_UNAVAILABLE"]);

interface Counted {
  until: number;
  count: number;
}

/** Lines of the log about requests that failed: the first of each kind at once, those that follow as a number. */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #counts = new Map<ErrorCode, Counted>();

  /** @param now monotonic ms */
  constructor(logger: Logger, now: () => number) {
    this.#logger = logger;
    this.#now = now;
  }

  /**
   * A request was refused.
   *
   * @param cause what was thrown: a fault of ours is logged with its stack, an expected refusal without
   */
  note(error: ForeverframeError, cause: unknown, path: string): void {
    const { code, status, message } = error;
    if (status < 500 || TOLD_ELSEWHERE.has(code)) return;
    const now = this.#now();
    const counted = this.#counts.get(code);
    if (counted !== undefined && now < counted.until) {
      counted.count++;
      return;
    }
    const before = counted?.count ?? 0;
    this.#counts.set(code, { until: now + COUNT_MS, count: 0 });
    const about = { code, path: hideIds(path), ...(before > 0 ? { notLogged: before } : {}) };
    if (cause === error) this.#logger.warn({ ...about, reason: message }, "request refused");
    else this.#logger.error({ ...about, err: cause }, "request failed");
  }
}

/** A stream's id lets whoever reads it close the stream; its hash tells lines about one stream from others. */
function hideIds(path: string): string {
  return path.slice(0, 200).replace(/(\/streams\/)([^/]+)/, (_, before, id) => {
    return `${before}#${createHash("sha256").update(id).digest("hex").slice(0, 8)}`;
  });
}
