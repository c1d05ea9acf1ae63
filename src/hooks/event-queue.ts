/** What a queue holds at most. */
export interface EventQueueLimits {
  readonly maxEvents: number;
  /** Of all events together, as JSON. */
  readonly maxCharacters: number;
}

/** Room for a drain of ten thousand streams; with 64 long selectors each, for a thousand. */
const EVENT_QUEUE_LIMITS: EventQueueLimits = {
  maxEvents: 10_000,
  maxCharacters: 8_388_608,
};

/**
 * Events that wait to be sent, oldest first.
 *
 * What comes while the queue is full is lost. An event `lost` then stands in its place and says how
 * many events these were.
 */
export class EventQueue {
  readonly #limits: EventQueueLimits;
  readonly #unixNow: () => number;
  /** As JSON, which takes less memory than objects and has a known size. */
  #waiting: string[] = [];
  #characters = 0;
  /** Lost since the last event in the queue. */
  #missing = 0;
  #lost = 0;

  /** @param unixNow ms */
  constructor(unixNow: () => number, limits = EVENT_QUEUE_LIMITS) {
    this.#unixNow = unixNow;
    this.#limits = limits;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** How many were lost since the start. */
  get lost(): number {
    return this.#lost;
  }

  add(event: object): void {
    const json = JSON.stringify(event);
    const { maxEvents, maxCharacters } = this.#limits;
    // One place is for the event that says what was lost.
    const isFull =
      this.#waiting.length >= maxEvents - 1 || this.#characters + json.length > maxCharacters;
    if (isFull) {
      this.#missing++;
      this.#lost++;
      return;
    }
    this.#tellMissing();
    this.#push(json);
  }

  /** Take the oldest events as JSON: at least one, if there is one. */
  take(maxEvents: number, maxCharacters: number): readonly string[] {
    let count = 0;
    let characters = 0;
    for (const { length } of this.#waiting) {
      if (count === maxEvents || (count > 0 && characters + length > maxCharacters)) break;
      characters += length;
      count++;
    }
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    this.#characters -= characters;
    this.#tellMissing(); // even if no other event follows
    return taken;
  }

  #tellMissing(): void {
    if (this.#missing === 0) return;
    this.#push(JSON.stringify({ type: "lost", count: this.#missing, at: this.#unixNow() }));
    this.#missing = 0;
  }

  #push(json: string): void {
    this.#waiting.push(json);
    this.#characters += json.length;
  }
}
