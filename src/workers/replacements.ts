/** Workers that were replaced this often within an hour are an alarm. */
const MANY = 3;
const HOUR_MS = 3_600_000;

/** Counts how often workers had to be replaced within the last hour. */
export class Replacements {
  readonly #now: () => number;
  readonly #onChange: (alarm: string | null) => void;
  /** Monotonic ms of each, as many as {@link MANY} at most. */
  readonly #times: number[] = [];
  #count = 0;
  #alarm: string | null = null;

  /**
   * @param now monotonic ms
   * @param onChange hears a sentence for an operator when the alarm begins, or says something new;
   *   null when it has ended
   */
  constructor(now: () => number, onChange: (alarm: string | null) => void) {
    this.#now = now;
    this.#onChange = onChange;
  }

  /** The sentence of the alarm; null while there is none. */
  get alarm(): string | null {
    return this.#alarm;
  }

  /** @param ending how the worker ended, such as "SIGKILL" or "exit code 1" */
  add(ending: string): void {
    this.#times.push(this.#now());
    this.#count++;
    if (this.#times.length > MANY) this.#times.shift();
    if (!this.#areMany()) return;
    this.#set(
      `Workers were replaced ${this.#count} times, ${MANY} or more of them within the last hour (the last one ended by ${ending}): look for the cause in the server's log and the kernel's (dmesg), such as a lack of memory`,
    );
  }

  /** Look whether the alarm is over; call it now and then. */
  look(): void {
    if (this.#alarm === null || this.#areMany()) return;
    this.#count = 0;
    this.#set(null);
  }

  #areMany(): boolean {
    const [oldest] = this.#times;
    return this.#times.length === MANY && oldest !== undefined && this.#now() - oldest < HOUR_MS;
  }

  #set(alarm: string | null): void {
    this.#alarm = alarm;
    this.#onChange(alarm);
  }
}
