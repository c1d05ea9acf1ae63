import type { Retention, RetentionRules } from "../../src/core/log.ts";

/** Retention rules, the same for all channels, which a test changes while a log uses them. */
export class ChangingRules implements RetentionRules {
  #retention: Retention = { maxMessages: 1_000_000, maxAgeMs: 1e12 };

  get fingerprint(): string {
    return JSON.stringify(this.#retention);
  }

  of(): Retention {
    return this.#retention;
  }

  keep(retention: Partial<Retention>): void {
    this.#retention = { maxMessages: 1_000_000, maxAgeMs: 1e12, ...retention };
  }
}
