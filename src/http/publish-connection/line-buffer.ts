const LF = 0x0a;

const NOTHING = Buffer.alloc(0);

/** Memory is given back when it is so many bytes, and more than so many times what waits. */
const SPARE_BYTES = 4_096;
const SPARE_TIMES = 4;

/** Bytes that came, until they are taken as whole lines. */
export class LineBuffer {
  /** What came and was not taken: its bytes from `#start` to `#end`. */
  #bytes: Buffer = NOTHING;
  #start = 0;
  #end = 0;
  /** Bytes from `#start` on that have no line end. */
  #searched = 0;
  /** Whether the memory is our own, so that more can be put behind `#end`. */
  #isOwn = false;

  /** Bytes that were not taken. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Whether a line may be complete: {@link take} has not looked at all bytes. */
  get hasWhole(): boolean {
    return this.#searched < this.length;
  }

  /** Add bytes. They are kept as they are where nothing waits: nobody may write into them. */
  push(piece: Buffer): void {
    if (this.length === 0) {
      this.#bytes = piece;
      this.#isOwn = false;
      this.#start = 0;
      this.#end = piece.length;
      return;
    }
    if (!this.#isOwn || this.#end + piece.length > this.#bytes.length) this.#grow(piece.length);
    piece.copy(this.#bytes, this.#end);
    this.#end += piece.length;
  }

  /**
   * Take whole lines: as many as there are within `maxBytes`, but at least one.
   *
   * @returns the bytes of the lines, the last line end included; null if no line is complete
   */
  take(maxBytes: number): Buffer | null {
    const limit = Math.min(this.#end, this.#start + maxBytes);
    // A line that is longer than the limit was searched already, but for its end.
    let last = this.#bytes.subarray(this.#start + this.#searched, limit).lastIndexOf(LF);
    if (last < 0) {
      this.#searched = Math.max(this.#searched, limit - this.#start);
      const next = this.#bytes.subarray(this.#start + this.#searched, this.#end).indexOf(LF);
      if (next < 0) {
        this.#searched = this.length;
        this.#giveBack();
        return null;
      }
      last = next;
    }
    return this.#cut(this.#searched + last + 1);
  }

  /** Take all that there is, as when nothing follows. */
  takeRest(): Buffer {
    return this.#cut(this.length);
  }

  #cut(length: number): Buffer {
    const end = this.#start + length;
    const taken = this.#bytes.subarray(this.#start, end);
    this.#start = end;
    this.#searched = 0;
    if (this.length === 0) this.#bytes = NOTHING;
    return taken;
  }

  /** What waits for its end, perhaps for long, must not keep all that came with it or before it. */
  #giveBack(): void {
    const { length } = this;
    const spare = this.#bytes.buffer.byteLength;
    if (length === 0 || spare < SPARE_BYTES || spare < SPARE_TIMES * length) return;
    const own = Buffer.allocUnsafeSlow(length);
    this.#bytes.copy(own, 0, this.#start, this.#end);
    this.#bytes = own;
    this.#isOwn = true;
    this.#start = 0;
    this.#end = length;
  }

  /** Twice the room: a line in chunks of one byte must not be copied for each of them. */
  #grow(more: number): void {
    const { length } = this;
    const roomy = Buffer.allocUnsafeSlow(Math.max(2 * length, length + more));
    this.#bytes.copy(roomy, 0, this.#start, this.#end);
    this.#bytes = roomy;
    this.#isOwn = true;
    this.#start = 0;
    this.#end = length;
  }
}
