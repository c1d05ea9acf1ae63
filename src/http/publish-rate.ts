import type { Context, Next } from "koa";
import { RateLimit } from "../core/rate-limit.ts";
import { ForeverframeError } from "../errors.ts";
import { callerOf } from "./guesses.ts";

/** Seconds after which one more publish is taken. */
export const PUBLISH_RETRY_AFTER_S = 1;

/** Lets each address and each subject publish so many times a second, and so many at once. */
export class PublishRate {
  readonly #perSecond: number;
  readonly #addresses: RateLimit;
  readonly #subjects: RateLimit;

  /**
   * @param perSecond 0 for no limit
   * @param now monotonic ms
   */
  constructor(perSecond: number, now: () => number) {
    const rate = { perSecond, atOnce: perSecond };
    this.#perSecond = perSecond;
    this.#addresses = new RateLimit(rate, now);
    this.#subjects = new RateLimit(rate, now);
  }

  /** Middleware: a publish comes from its address. */
  readonly ofAddress = (ctx: Context, next: Next): Promise<unknown> => {
    this.#take(ctx, this.#addresses, callerOf(ctx.req), "from your address");
    return next();
  };

  /**
   * A publish comes from a subject.
   *
   * @throws ForeverframeError FF_PUBLISH_RATE
   */
  ofSubject(ctx: Context, subject: string | null): void {
    if (subject !== null) this.#take(ctx, this.#subjects, subject, "by you");
  }

  /**
   * A line of a publish connection comes from an address.
   *
   * @param caller as `callerOf` names it
   * @throws ForeverframeError FF_PUBLISH_RATE
   */
  takeLine(caller: string): void {
    if (this.#isTooMuch(this.#addresses, caller)) throw this.#refusal("from your address");
  }

  /**
   * A line comes from a subject.
   *
   * @throws ForeverframeError FF_PUBLISH_RATE
   */
  takeLineOf(subject: string | null): void {
    if (subject !== null && this.#isTooMuch(this.#subjects, subject)) throw this.#refusal("by you");
  }

  #take(ctx: Context, limit: RateLimit, key: string, what: string): void {
    if (!this.#isTooMuch(limit, key)) return;
    ctx.set("Retry-After", String(PUBLISH_RETRY_AFTER_S));
    throw this.#refusal(what);
  }

  #isTooMuch(limit: RateLimit, key: string): boolean {
    return this.#perSecond > 0 && !limit.take(key);
  }

  #refusal(what: string): ForeverframeError {
    return new ForeverframeError(
      "FF_PUBLISH_RATE",
      `More than ${this.#perSecond} publishes came ${what} in a second: publish in batches, or raise --publishes-per-second`,
    );
  }
}
