import { type Cursor, formatCursor, ORIGIN, type PositionClock } from "../core/cursor.ts";
import { formatJson } from "../core/json.ts";
import type { NewMessage, RetentionRules } from "../core/log.ts";
import { dueByAge, dueOf, putChannelDue } from "./table-due.ts";
import type { ChannelRecord, LogMarks, TableWriter } from "./tables.ts";

/** A channel's record while it is being changed. */
interface ChangedChannel {
  readonly number: number;
  /** Its name as JSON. */
  readonly json: string;
  messages: number;
  readonly trimmedTo: string;
  last: string;
  /** As it was before. */
  readonly due: number | undefined;
  /** Unix ms of the earliest message added. */
  time: number;
}

/** Collects what one transaction appends; writes the marks and each channel's record once. */
export class AppendChange {
  readonly #tables: TableWriter;
  readonly #clock: PositionClock;
  readonly #epoch: string;
  readonly #rules: RetentionRules;
  readonly #channels = new Map<string, ChangedChannel>();
  #marks: LogMarks;
  #tip: string;
  #newChannels = 0;

  constructor(tables: TableWriter, clock: PositionClock, epoch: string, rules: RetentionRules) {
    this.#tables = tables;
    this.#clock = clock;
    this.#epoch = epoch;
    this.#rules = rules;
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
    const positions = this.#clock.take(messages.length);
    const time = this.#clock.wallTime;
    return positions.map((position, i) => {
      const { channel, data } = messages[i] as NewMessage;
      const id = formatCursor(this.#epoch, position);
      const record = this.#channel(channel);
      record.messages += 1;
      record.last = position;
      record.time = Math.min(record.time, time);
      this.#tip = position;
      const json = `{"type":"message","id":"${id}","channel":${record.json},"time":${time},"data":${data}}`;
      const row = { position, channel, time, json: Buffer.from(json) };
      this.#tables.addMessage(row, record.number);
      return id;
    });
  }

  finish(): void {
    for (const [name, { json: _, time, ...record }] of this.#channels) {
      const due = this.#dueOf(name, record, time);
      putChannelDue(this.#tables, name, { ...record, due }, record.due);
    }
    this.#tables.putMarks({ ...this.#marks, tip: this.#tip, time: this.#clock.wallTime });
  }

  /** Due at once if there are too many, and for this put there once: the next appends find it so. */
  #dueOf(name: string, record: ChannelRecord, time: number): number {
    const retention = this.#rules.of(name);
    if (record.messages > retention.maxMessages) return 0;
    const known = record.due ?? dueOf(this.#tables, record, retention, time);
    return Math.min(known, dueByAge(time, retention));
  }

  #channel(name: string): ChangedChannel {
    let record = this.#channels.get(name);
    if (record === undefined) {
      const known = this.#tables.channel(name) ?? this.#newChannel();
      const { number, messages, trimmedTo, last, due } = known;
      const time = Number.POSITIVE_INFINITY;
      record = { number, messages, trimmedTo, last, due, json: formatJson(name), time };
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
