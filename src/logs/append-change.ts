import { type Cursor, formatCursor, ORIGIN, type PositionClock } from "../core/cursor.ts";
import { formatJson } from "../core/json.ts";
import type { NewMessage } from "../core/log.ts";
import type { ChannelRecord, LogMarks, TableWriter } from "./tables.ts";

/** A channel's record while it is being changed. */
interface ChangedChannel {
  readonly number: number;
  /** Its name as JSON. */
  readonly json: string;
  messages: number;
  readonly trimmedTo: string;
  last: string;
}

/** Collects what one transaction appends; writes the marks and each channel's record once. */
export class AppendChange {
  readonly #tables: TableWriter;
  readonly #clock: PositionClock;
  readonly #epoch: string;
  readonly #channels = new Map<string, ChangedChannel>();
  #marks: LogMarks;
  #tip: string;
  #newChannels = 0;

  constructor(tables: TableWriter, clock: PositionClock, epoch: string) {
    this.#tables = tables;
    this.#clock = clock;
    this.#epoch = epoch;
    this.#marks = tables.marks();
    // Another process may have appended; and ids of a commit that failed are never drawn again.
    clock.advanceTo(this.#marks.tip);
    this.#tip = this.#marks.tip;
  }

  /** How many channels there would be with these messages. */
  channelCountWith(messages: readonly NewMessage[]): number {
    const names = new Set(messages.map(({ channel }) => channel));
    const fresh = [...names].filter(
      (name) => !this.#channels.has(name) && this.#tables.channel(name) === undefined,
    );
    if (fresh.length === 0) return 0; // no more than there are, whatever the limit
    return this.#tables.channelCount() + this.#newChannels + fresh.length;
  }

  add(messages: readonly NewMessage[]): readonly Cursor[] {
    return messages.map(({ channel, data }) => {
      const position = this.#clock.next();
      const id = formatCursor(this.#epoch, position);
      const record = this.#channel(channel);
      record.messages += 1;
      record.last = position;
      this.#tip = position;
      const json = `{"type":"message","id":"${id}","channel":${record.json},"time":${this.#clock.time},"data":${data}}`;
      this.#tables.addMessage({ position, channel, json: Buffer.from(json) }, record.number);
      return id;
    });
  }

  finish(): void {
    for (const [name, { json: _, ...record }] of this.#channels)
      this.#tables.putChannel(name, record);
    this.#tables.putMarks({ ...this.#marks, tip: this.#tip });
  }

  #channel(name: string): ChangedChannel {
    let record = this.#channels.get(name);
    if (record === undefined) {
      const known = this.#tables.channel(name) ?? this.#newChannel();
      record = { ...known, json: formatJson(name) };
      this.#channels.set(name, record);
    }
    return record;
  }

  #newChannel(): ChannelRecord {
    this.#newChannels++;
    const number = this.#marks.nextNumber;
    this.#marks = { ...this.#marks, nextNumber: number + 1 };
    // A channel of this name may have been forgotten: what was before that is not known any more.
    return { number, messages: 0, trimmedTo: this.#marks.forgottenTo, last: ORIGIN };
  }
}
