import { digestOf } from "./client-plan.ts";
import type { SeededRandom } from "./seeded-random.ts";

/**
 * A flood is so many batches of large messages: more than the buffers of one connection, and few
 * clients want it.
 */
const FLOOD = { channel: "flood", batches: 4, messages: 64, bytes: 50_000 };

const JSON_TYPE = "application/json";

/** Characters that a script, a line, a chunk or a JSON string could break at. */
const AWKWARD = '</script>)\u2028\u2029\r\n\0"\\\u{1f6aa}é,';

/** Channels with much to read. */
const BUSY_CHANNELS = [
  "news",
  "doors.north",
  "doors.south",
  "doors.north.lock",
  "lamps.hall",
  "lamps.attic.floor",
  "türen.ost",
] as const;

/** A channel with so little that its streams are mostly told that there is nothing for them. */
const QUIET_CHANNEL = "quiet";

/** Every channel that is published to. */
export const CHANNELS: readonly string[] = [...BUSY_CHANNELS, QUIET_CHANNEL, FLOOD.channel];

/** One publish as it is sent, maybe several times. */
export interface Publish {
  readonly path: string;
  readonly type: string;
  readonly body: string;
  readonly key: string;
  /** The same for a publish connection; null for what is more than one message. */
  readonly line: { readonly channel: string; readonly data: string } | null;
  /** What it makes, in order. */
  readonly messages: readonly { readonly channel: string; readonly digest: string }[];
}

/** Draws what one publisher publishes. */
export class PublishSource {
  readonly #publisher: number;
  readonly #random: SeededRandom;
  #drawn = 0;
  /** Batches of the flood that are still to come. */
  #flood = 0;

  constructor(publisher: number, random: SeededRandom) {
    this.#publisher = publisher;
    this.#random = random;
  }

  /** The next publishes are a flood. */
  flood(): void {
    this.#flood = FLOOD.batches;
  }

  next(): Publish {
    const random = this.#random;
    if (this.#flood > 0) {
      this.#flood--;
      return this.#drawBatch(FLOOD.channel, FLOOD.messages, FLOOD.bytes);
    }
    const channel = random.chance(0.01) ? QUIET_CHANNEL : random.pick(BUSY_CHANNELS);
    const kind = random.fraction();
    if (kind < 0.2)
      return this.#drawBatch(channel, random.whole(1, 20), random.chance(0.15) ? 55_000 : 300);
    const key = this.#drawKey();
    const data = this.#value(key, random.whole(0, random.chance(0.05) ? 55_000 : 300));
    const digest = digestOf(data);
    if (kind < 0.4) {
      const others = BUSY_CHANNELS.filter((name) => name !== channel && random.chance(0.3));
      const channels = [...others, channel];
      const body = JSON.stringify({ channels, data });
      const messages = channels.map((name) => ({ channel: name, digest }));
      return { path: "/messages", type: JSON_TYPE, body, key, line: null, messages };
    }
    const messages = [{ channel, digest }];
    const body = JSON.stringify(data);
    const line = { channel, data: body };
    return { path: pathOf(channel), type: JSON_TYPE, body, key, line, messages };
  }

  /** @param bytes of each message, at most */
  #drawBatch(channel: string, count: number, bytes: number): Publish {
    const key = this.#drawKey();
    const values = Array.from({ length: count }, (_, n) =>
      this.#value(`${key}.${n}`, this.#random.whole(bytes / 2, bytes)),
    );
    const messages = values.map((value) => ({ channel, digest: digestOf(value) }));
    const body = values.map((value) => `${JSON.stringify(value)}\n`).join("");
    const type = "application/x-ndjson";
    return { path: pathOf(channel), type, body, key, line: null, messages };
  }

  #drawKey(): string {
    return `${this.#publisher}-${++this.#drawn}`;
  }

  /**
   * A value that no other publish has.
   *
   * @param bytes of its text, about
   */
  #value(key: string, bytes: number): unknown {
    const unit = `${key} ${this.#random.chance(0.3) ? AWKWARD : ""}`;
    // JSON writes some characters with up to six bytes.
    const text = unit.repeat(Math.floor(bytes / Buffer.byteLength(JSON.stringify(unit))));
    return { key, text, at: [this.#random.fraction(), null, { deep: true }] };
  }
}

function pathOf(channel: string): string {
  return `/channels/${encodeURIComponent(channel)}/messages`;
}
