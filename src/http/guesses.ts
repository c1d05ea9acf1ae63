import type { IncomingMessage } from "node:http";
import { addressGroup } from "../core/address-group.ts";
import { type Rate, RateLimit } from "../core/rate-limit.ts";
import { ForeverframeError } from "../errors.ts";
import { addressOf } from "./forwarded.ts";

/** Wrong tokens and tickets that one address may send. */
export const WRONG_TOKENS: Rate = { perSecond: 5, atOnce: 100 };

/**
 * Ids of streams that nobody knows, which one address may send: after a restart, a thousand clients
 * behind one proxy ask for theirs.
 */
export const UNKNOWN_STREAMS: Rate = { perSecond: 200, atOnce: 5_000 };

/** Holds off addresses that send wrong things too often, before these cost anything. */
export class Guesses {
  readonly #limit: RateLimit;

  /** @param now monotonic ms */
  constructor(rate: Rate, now: () => number) {
    this.#limit = new RateLimit(rate, now);
  }

  /** @throws ForeverframeError FF_GUESSES_TOO_MANY: its address has sent too many wrong ones */
  check(request: IncomingMessage): void {
    if (this.#limit.has(callerOf(request))) return;
    throw new ForeverframeError(
      "FF_GUESSES_TOO_MANY",
      "Too many wrong tokens, tickets or ids of streams came from your address: wait some seconds; if others share it as they come through a proxy, name that with --trusted-proxies",
    );
  }

  /** What a request has brought was wrong. */
  note(request: IncomingMessage): void {
    this.#limit.charge(callerOf(request));
  }
}

/** Names who sends a request, for limits: an address, or what one customer has of IPv6. */
export function callerOf(request: IncomingMessage): string {
  return addressGroup(addressOf(request) ?? "");
}
