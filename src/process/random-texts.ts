import { randomFillSync } from "node:crypto";

/** Random bytes are drawn in blocks of this size: each draw is a call into the system. */
const BLOCK_BYTES = 4_096;

/** Makes unguessable texts. */
export class RandomTexts {
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #used = BLOCK_BYTES;

  /**
   * Make one.
   *
   * @param bytes that it has, 1 to 4,096
   * @returns them as base64url
   */
  text(bytes: number): string {
    if (this.#used + bytes > BLOCK_BYTES) {
      randomFillSync(this.#block);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += bytes;
    return this.#block.toString("base64url", start, this.#used);
  }
}
