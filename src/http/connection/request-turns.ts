import type { IncomingMessage } from "node:http";
import type { Scheduler } from "../../core/scheduler.ts";
import { TurnBudget } from "../../core/turn-budget.ts";

/**
 * How long requests are begun in one turn of the event loop, in ms: those that open streams, and
 * all others. After a restart thousands of streams come back at once, and a publish or a close must
 * not wait for all of them.
 */
const OPENS_MS = 2;
const REQUESTS_MS = 4;

/** Begins the requests of all connections, some ms of them in each turn of the event loop. */
export class RequestTurns {
  readonly #opensStream: (request: IncomingMessage) => boolean;
  readonly #opens: TurnBudget;
  readonly #requests: TurnBudget;

  /** @param opensStream whether a request opens a stream */
  constructor(scheduler: Scheduler, opensStream: (request: IncomingMessage) => boolean) {
    this.#opensStream = opensStream;
    this.#opens = new TurnBudget(scheduler, OPENS_MS);
    this.#requests = new TurnBudget(scheduler, REQUESTS_MS);
  }

  /** Begin with a request now, or in a later turn if this one has had enough. */
  run(request: IncomingMessage, begin: () => void): void {
    const turns = this.#opensStream(request) ? this.#opens : this.#requests;
    turns.run(begin);
  }
}
