/** Failures in a row after which the other side counts as down. */
const FAILURES = 5;

/** It counts as down for all callers where so many of them have failed, one after the other. */
const CALLERS = 3;

/** How long nothing is asked of a side that is down, in ms. */
const PAUSE_MS = 5_000;

/** Most callers whose failures are counted; beyond it, the one that failed first is forgotten. */
const MAX_CALLERS = 1_000;

/** Failures in a row. */
interface Failures {
  count: number;
  /** Monotonic ms of the next try, where it counts as down. */
  tryAt: number;
}

/**
 * Stops asking somebody who does not answer, and tries again now and then with one question.
 *
 * Each caller has failures of its own: there may be questions of a caller that the other side never
 * answers, and these must not cost the others theirs.
 */
export class Circuit {
  readonly #now: () => number;
  readonly #ofCallers = new Map<string, Failures>();
  readonly #ofAll: Failures = { count: 0, tryAt: 0 };
  /** Those that failed since somebody's question was answered. */
  readonly #failedCallers = new Set<string>();

  /** @param now monotonic ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether the other side counts as down for a caller. */
  isOpen(caller: string): boolean {
    return this.#openFor(caller) !== null;
  }

  /** Whether it may be asked now. Where it is down, this is its next try. */
  mayAsk(caller: string): boolean {
    const failures = this.#openFor(caller);
    if (failures === null) return true;
    if (this.#now() < failures.tryAt) return false;
    failures.tryAt = this.#now() + PAUSE_MS;
    return true;
  }

  succeeded(caller: string): void {
    this.#ofCallers.delete(caller);
    this.#ofAll.count = 0;
    this.#failedCallers.clear();
  }

  failed(caller: string): void {
    const own = this.#ofCallers.get(caller) ?? { count: 0, tryAt: 0 };
    for (const failures of [own, this.#ofAll]) {
      failures.count++;
      failures.tryAt = this.#now() + PAUSE_MS;
    }
    this.#ofCallers.set(caller, own);
    if (this.#failedCallers.size < CALLERS) this.#failedCallers.add(caller);
    if (this.#ofCallers.size <= MAX_CALLERS) return;
    const [first] = this.#ofCallers.keys();
    if (first !== undefined) this.#ofCallers.delete(first);
  }

  #openFor(caller: string): Failures | null {
    if (this.#ofAll.count >= FAILURES && this.#failedCallers.size >= CALLERS) return this.#ofAll;
    const own = this.#ofCallers.get(caller);
    return own !== undefined && own.count >= FAILURES ? own : null;
  }
}
