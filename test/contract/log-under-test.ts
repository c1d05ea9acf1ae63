import { parseSelectors } from "../../src/core/channel-name.ts";
import type { Cursor } from "../../src/core/cursor.ts";
import { type LogBatch, type MessageLog, originOf, type Retention } from "../../src/core/log.ts";
import { ChangingRules } from "../support/changing-rules.ts";
import { newMessage } from "../support/messages.ts";
import type { LogFixture } from "./log-contract.ts";

/** Fewer than a log keeps elsewhere, since each is a write. */
export const MAX_REVOCATIONS = 2_000;

let locations = 0;
const newLocation = () => `upkeep-${process.pid}-${++locations}`;

/** A log of its own with the clock, rules and limits that a test changes. */
export class LogUnderTest {
  log!: MessageLog;
  /** Unix ms. */
  now = 1_795_304_019_000;
  monotonic = 0;
  /** Counts from the next opening on. */
  maxLogBytes = 1e12;
  /** Codes of trouble that began, and null for each end. */
  readonly troubles: (string | null)[] = [];
  readonly rules = new ChangingRules();
  readonly #fixture: LogFixture;
  #location = newLocation();

  constructor(fixture: LogFixture) {
    this.#fixture = fixture;
  }

  async open(): Promise<void> {
    this.log = await this.#fixture.open(this.#location, {
      now: () => this.now,
      monotonicMs: () => this.monotonic,
      retention: this.rules,
      maxIdempotencyKeys: 100,
      maxChannels: 5_000,
      maxRevocations: MAX_REVOCATIONS,
      maxLogBytes: this.maxLogBytes,
      onTrouble: (trouble) => this.troubles.push(trouble?.code ?? null),
    });
  }

  async reopen(): Promise<void> {
    await this.log.close();
    await this.open();
  }

  /** Be another log from the next opening on. */
  moveOn(): void {
    this.#location = newLocation();
  }

  /** Let time go by, on both clocks. */
  pass(ms: number): void {
    this.now += ms;
    this.monotonic += ms;
  }

  append(channel: string, ...data: readonly string[]): Promise<readonly Cursor[]> {
    return this.log.append({ messages: data.map((text) => newMessage(channel, text)) });
  }

  /** Append to channel `a` with an idempotency key. */
  appendKeyed(key: string, ...data: readonly string[]): Promise<readonly Cursor[]> {
    const messages = data.map((text) => newMessage("a", text));
    return this.log.append({ messages, idempotency: { key } });
  }

  read(channels: string): Promise<LogBatch> {
    return this.log.read({
      selectors: parseSelectors(channels),
      after: originOf(this.log.epoch),
      upTo: null,
      maxMessages: 10_000,
      maxBytes: 100_000_000,
    });
  }

  /** Remove all that these rules do not keep. */
  async trim(retention: Partial<Retention> = {}): Promise<void> {
    this.rules.keep(retention);
    while (await this.log.trim());
  }
}

/** The data of a message as it was published. */
export function dataOf({ json }: { readonly json: Buffer }): unknown {
  return JSON.parse(json.toString()).data;
}
