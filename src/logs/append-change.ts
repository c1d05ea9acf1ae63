import { type Cursor, formatCursor, ORIGIN, type PositionClock } from "../core/cursor.ts";
import { formatJson } from "../core/json.ts";
import type { NewMessage } from "../core/log.ts";
import type { LogMarks, TableWriter } from "./tables.ts";

/** Collects what one transaction appends; writes the marks and each channel's record once. */
export class AppendChange {
  readonly #tables: TableWriter;
  readonly #clock: PositionClock;
  readonly #epoch: string;
  readonly #channels = new Map<
    string,
    { number: number; messages: number; trimmedTo: string; last: string }
  >();
  #marks: LogMarks;
  #newChannels = 0;

  constructor(tables: TableWriter, clock: PositionClock, epoch: string) {
    this.#tables = tables;
    this.#clock = clock;
    this.#epoch = epoch;
    this.#marks = tables.marks();
    // Another process may have appended; and ids of a commit that failed are never drawn again.
    clock.advanceTo(this.#marks.tip);
  }

  /** How many channels there would be with these messages. */
  channelCountWith(messages: readonly NewMessage[]): number {
    const fresh = new Set<string>();
    for (const { channel } of messages) {
      if (!this.#channels.has(channel) && this.#tables.channel(channel) === undefined)
        fresh.add(channel);
    }
    if (fresh.size === 0) return 0; // no more than there are, whatever the limit
    return this.#tables.channelCount() + this.#newChannels + fresh.size;
  }

  add(messages: readonly NewMessage[]): readonly Cursor[] {
    return messages.map(({ channel, data }) => {
      const position = this.#clock.next();
      const id = formatCursor(this.#epoch, position);
      const record = this.#channel(channel);
      record.messages += 1;
      record.last = position;
      this.#marks = { ...this.#marks, tip: position };
      const json = `{"type":"message","id":"${id}","channel":${formatJson(channel)},"time":${this.#clock.time},"data":${data}}`;
      this.#tables.addMessage({ position, channel, json: Buffer.from(json) }, record.number);
      return id;
    });
  }

  finish(): void {
    for (const [name, record] of this.#channels) this.#tables.putChannel(name, record);
    this.#tables.putMarks(this.#marks);
  }

  #channel(name: string) {
    let record = this.#channels.get(name);
    if (record === undefined) {
      const known = this.#tables.channel(name);
      record = known ? { ...known } : this.#newChannel();
      this.#channels.set(name, record);
    }
    return record;
  }

  #newChannel() {
    this.#newChannels++;
    const number = this.#marks.nextNumber;
    this.#marks = { ...this.#marks, nextNumber: number + 1 };
    // A channel of this name may have been forgotten: what was before that is not known any more.
    return { number, messages: 0, trimmedTo: this.#marks.forgottenTo, last: ORIGIN };
  }
}
