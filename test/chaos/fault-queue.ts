import { within } from "../support/within.ts";
import type { RunRecord } from "./run-record.ts";

/** What happens to one thing, one after the other. */
export class FaultQueue {
  readonly #what: string;
  readonly #record: RunRecord;
  #busy: Promise<void> = Promise.resolve();

  /** @param what it happens to, such as "the server" */
  constructor(what: string, record: RunRecord) {
    this.#what = what;
    this.#record = record;
  }

  /** Let something happen after what is under way. Its failure is wrong. */
  add(happen: () => void | Promise<void>): void {
    this.#busy = this.#busy
      .then(happen)
      .catch((error: unknown) => this.#record.wrong(`${this.#what}: ${error}`, null));
  }

  /** Resolves when nothing is under way. */
  whenDone(): Promise<void> {
    return within(60_000, this.#busy, `${this.#what} to be there again`);
  }
}
