import { type Cursor, formatCursor, ORIGIN } from "../core/cursor.ts";
import { formatJson } from "../core/json.ts";
import type { NewMessage, RetentionRules } from "../core/log.ts";
import { repeatedData } from "../core/shared-data.ts";
import type { PositionClock } from "./position-clock.ts";
import type { AppendedMessage, AppendedStretch } from "./recent-appends.ts";
import { rowBytes } from "./table-bytes.ts";
import { dueByAge, dueOf, putChannelDue } from "./table-due.ts";
import type { ChannelRecord, LogMarks, SharedData, TableWriter } from "./tables.ts";

/** What a change needs from its log. */
export interface AppendChangeOptions {
  readonly clock: PositionClock;
  /** Unix ms. */
  readonly now: () => number;
  readonly epoch: string;
  readonly rules: RetentionRules;
}

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

const NOTHING_SHARED: Map<string, SharedData> = new Map();

/** Collects what one transaction appends; writes the marks and each channel's record once. */
export class AppendChange {
  readonly #tables: TableWriter;
  readonly #options: AppendChangeOptions;
  readonly #channels = new Map<string, ChangedChannel>();
  readonly #idPrefix: string;
  readonly #marks: LogMarks;
  // What changes of the marks. Not a copy of them for each append, of which there are thousands.
  #tip: string;
  #time: number | undefined;
  #bytes: number;
  #nextNumber: number;
  #newChannels = 0;
  readonly #appended: AppendedMessage[] = [];
  #characters = 0;

  constructor(tables: TableWriter, options: AppendChangeOptions) {
    this.#tables = tables;
    this.#options = options;
    this.#idPrefix = formatCursor(options.epoch, "");
    this.#marks = tables.marks();
    this.#tip = this.#marks.tip;
    this.#time = this.#marks.time;
    this.#bytes = this.#marks.bytes ?? 0;
    this.#nextNumber = this.#marks.nextNumber;
    // Another process may have appended; and ids of a commit that failed are never used again.
    options.clock.advanceTo(this.#marks.tip);
  }

  /** Bytes that the log keeps with what was added. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What was added so far. */
  get appended(): AppendedStretch {
    const messages = this.#appended;
    const { tip: after } = this.#marks;
    return { after, upTo: this.#tip, messages, characters: this.#characters };
  }

  /** How many channels there would be with these messages. */
  channelCountWith(messages: readonly NewMessage[]): number {
    const fresh = new Set<string>();
    for (const { channel } of messages) if (!this.#has(channel)) fresh.add(channel);
    if (fresh.size === 0) return 0; // no channel more than before, so within any limit
    return this.#tables.channelCount() + this.#newChannels + fresh.size;
  }

  #has(channel: string): boolean {
    return this.#channels.has(channel) || this.#tables.channel(channel) !== undefined;
  }

  /** @returns the ids, in order */
  add(messages: readonly NewMessage[]): readonly Cursor[] {
    const { clock } = this.#options;
    const positions = clock.take(messages.length);
    const { wallTime: time, time: positionTime } = clock;
    const repeated = repeatedData(messages);
    const shared = repeated.size === 0 ? NOTHING_SHARED : new Map<string, SharedData>();
    const ids: Cursor[] = [];
    let bytes = 0;
    for (let i = 0; i < positions.length; i++) {
      const position = positions[i] as string;
      const { channel, data } = messages[i] as NewMessage;
      const record = this.#channel(channel);
      record.messages += 1;
      record.last = position;
      if (time < record.time) record.time = time;
      const id = this.#idPrefix + position;
      ids.push(id);
      const head = formatHead(id, record.json, time);
      const isShared = repeated.has(data);
      const name = isShared ? (shared.get(data)?.name ?? position) : null;
      if (name !== null) shared.set(data, { name, data, rows: (shared.get(data)?.rows ?? 0) + 1 });
      const json = `${head}${data}}`;
      this.#appended.push({ position, id, channel, json });
      this.#characters += json.length;
      const own = isShared ? head : json;
      const row = { position, positionTime, time, channel, json: own, shared: name };
      bytes += rowBytes(this.#tables.addMessage(row, record.number));
    }
    for (const data of shared.values()) bytes += rowBytes(this.#tables.addShared(data));
    this.#tip = positions.at(-1) ?? this.#tip;
    this.#time = time;
    this.#bytes += bytes;
    return ids;
  }

  /** Bytes that these messages would add to the log, as {@link add} counts them. */
  bytesOf(messages: readonly NewMessage[]): number {
    const id = this.#idPrefix + ORIGIN;
    const repeated = repeatedData(messages);
    let bytes = 0;
    for (const data of repeated) bytes += rowBytes(Buffer.byteLength(data) + 1);
    for (const { channel, data } of messages) {
      const head = formatHead(id, formatJson(channel), this.#options.now());
      const own = repeated.has(data) ? 0 : Buffer.byteLength(data) + 1;
      bytes += rowBytes(Buffer.byteLength(head) + own);
    }
    return bytes;
  }

  finish(): void {
    for (const [name, { json: _, time, ...record }] of this.#channels) {
      const due = this.#dueOf(name, record, time);
      putChannelDue(this.#tables, name, { ...record, due }, record.due);
    }
    this.#tables.putMarks({
      ...this.#marks,
      tip: this.#tip,
      bytes: this.#bytes,
      nextNumber: this.#nextNumber,
      ...(this.#time === undefined ? {} : { time: this.#time }),
    });
  }

  /**
   * When the channel is due. With too many messages it is due at once (0), which is written only
   * once: later appends find it so.
   */
  #dueOf(name: string, record: ChannelRecord, time: number): number {
    const retention = this.#options.rules.of(name);
    if (record.messages > retention.maxMessages) return 0;
    const known = record.due ?? dueOf(this.#tables, record, retention, time);
    return Math.min(known, dueByAge(time, retention));
  }

  #channel(name: string): ChangedChannel {
    let record = this.#channels.get(name);
    if (record === undefined) {
      const { number, messages, trimmedTo, last, due } =
        this.#tables.channel(name) ?? this.#newChannel();
      const time = Number.POSITIVE_INFINITY;
      record = { number, json: formatJson(name), messages, trimmedTo, last, due, time };
      this.#channels.set(name, record);
    }
    return record;
  }

  #newChannel(): ChannelRecord {
    this.#newChannels++;
    const number = this.#nextNumber++;
    // A channel of this name may have been forgotten: what was before that is not known any more.
    return { number, messages: 0, trimmedTo: this.#marks.forgottenTo, last: ORIGIN };
  }
}

/** A message's event up to its data. */
export function formatHead(id: Cursor, channelJson: string, time: number): string {
  return `{"type":"message","id":"${id}","channel":${channelJson},"time":${time},"data":`;
}
