import { COUNTER_DIGITS, TIME_DIGITS, timeOfPosition } from "../core/cursor.ts";

const COUNTER_LIMIT = 36 ** COUNTER_DIGITS;

/**
 * Generates positions by a hybrid clock: the larger of now and the last position's milliseconds,
 * and a counter within one millisecond.
 *
 * So positions rise even when the wall clock goes back, and none comes twice when a disk is rolled
 * back to an earlier state, since the clock has moved on meanwhile.
 */
export class PositionClock {
  readonly #now: () => number;
  #time = 0;
  #counter = 0;
  #timeDigits = "";
  #wallTime = 0;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds of the position that was given last. */
  get time(): number {
    return this.#time;
  }

  /**
   * The wall clock's milliseconds when it was looked at last: it may be behind the positions' own.
   */
  get wallTime(): number {
    return this.#wallTime;
  }

  /** Never give a position up to and including this one again. */
  advanceTo(position: string): void {
    const time = timeOfPosition(position);
    const counter = Number.parseInt(position.slice(TIME_DIGITS), 36);
    if (time > this.#time || (time === this.#time && counter > this.#counter)) {
      this.#set(time, counter);
    }
  }

  /** The next position, greater than all before. */
  next(): string {
    this.#wallTime = this.#now();
    if (this.#wallTime <= this.#time) return this.#step();
    this.#set(this.#wallTime, 0);
    return this.#format();
  }

  /** The next positions, with one look at the clock: each directly follows the one before. */
  take(count: number): readonly string[] {
    const positions = [this.next()];
    while (positions.length < count) positions.push(this.#step());
    return positions;
  }

  #step(): string {
    if (this.#counter + 1 < COUNTER_LIMIT) this.#counter += 1;
    else this.#set(this.#time + 1, 0);
    return this.#format();
  }

  #format(): string {
    return this.#timeDigits + this.#counter.toString(36).padStart(COUNTER_DIGITS, "0");
  }

  #set(time: number, counter: number): void {
    this.#time = time;
    this.#counter = counter;
    this.#timeDigits = time.toString(36).padStart(TIME_DIGITS, "0");
  }
}

/** The positions that {@link PositionClock.take} gave, by the first of them. */
export function positionsFrom(first: string, count: number): readonly string[] {
  const clock = new PositionClock(() => 0);
  clock.advanceTo(first);
  return count === 1 ? [first] : [first, ...clock.take(count - 1)];
}
