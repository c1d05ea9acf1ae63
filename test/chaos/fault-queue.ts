import { within } from "../support/within.ts";
import type { RunRecord } from "./run-record.ts";

/** Beyond so many that wait, none is added: on a busy machine they would never all happen. */
const MAX_WAITING = 2;

/** What happens to one thing, one after the other. */
export class FaultQueue {
  readonly #what: string;
  readonly #record: RunRecord;
  #busy: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** @param what it happens to, such as "the server" */
  constructor(what: string, record: RunRecord) {
    this.#what = what;
    this.#record = record;
  }

  /** Let something happen after what is under way. Its failure is wrong. */
  add(happen: () => void | Promise<void>): void {
    if (this.#waiting === MAX_WAITING) {
      this.#record.count("left out, since others waited");
      return;
    }
    this.#waiting++;
    this.#busy = this.#busy
      .then(() => {
        this.#waiting--;
        return happen();
      })
      .catch((error: unknown) => this.#record.wrong(`${this.#what}: ${error}`, null));
  }

  /** Resolves when nothing is under way. */
  whenDone(): Promise<void> {
    return within(60_000, this.#busy, `${this.#what} to be there again`);
  }
}
