import { ForeverframeError } from "../errors.ts";

/** Different looks that wait at once; more are refused. */
const MAX_WAITING = 100;

/**
 * Looks at all streams, of which only some are under way at once, however many ask: each takes a
 * slice of every turn of the event loop, here and in the other processes.
 *
 * Callers whose equal looks have not begun share one. Nobody is given what was seen before they
 * asked.
 */
export class Looks<Answer> {
  readonly #atOnce: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Map<string, { readonly answer: Promise<Answer>; begin(): void }>();
  #underWay = 0;

  /** @param atOnce looks that are under way at once */
  constructor(atOnce: number, maxWaiting = MAX_WAITING) {
    this.#atOnce = atOnce;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Look, or share the equal look that waits.
   *
   * @param key the same for equal looks
   * @throws ForeverframeError FF_QUESTIONS_TOO_MANY: too many others wait; and what `look` throws
   */
  async take(key: string, look: () => Promise<Answer>): Promise<Answer> {
    const shared = this.#waiting.get(key);
    if (shared !== undefined) return shared.answer;
    if (this.#underWay < this.#atOnce) return this.#run(look);
    if (this.#waiting.size >= this.#maxWaiting) {
      throw new ForeverframeError(
        "FF_QUESTIONS_TOO_MANY",
        `More than ${this.#maxWaiting} questions about streams wait for their answers: ask again in some seconds, and less often`,
      );
    }
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const answer = begun.then(() => this.#run(look));
    this.#waiting.set(key, { answer, begin });
    return answer;
  }

  async #run(look: () => Promise<Answer>): Promise<Answer> {
    this.#underWay++;
    try {
      return await look();
    } finally {
      this.#underWay--;
      this.#beginNext();
    }
  }

  #beginNext(): void {
    for (const [key, { begin }] of this.#waiting) {
      this.#waiting.delete(key);
      begin();
      break;
    }
  }
}
