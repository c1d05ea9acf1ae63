import { setTimeout as pause } from "node:timers/promises";
import type { PublisherFault } from "./fault-plan.ts";
import { type Publish, PublishSource } from "./publish-source.ts";
import type { RunRecord } from "./run-record.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Longest wait for one answer, in ms. */
const ANSWER_MS = 5_000;

/**
 * Publishes one thing after the other, and repeats each with its Idempotency-Key until it is
 * answered 201.
 */
export class ChaosPublisher {
  readonly #number: number;
  readonly #urls: readonly [string, ...string[]];
  readonly #random: SeededRandom;
  readonly #source: PublishSource;
  readonly #record: RunRecord;
  /** Of the server that it publishes to until an answer is lost. */
  #url: string;
  #lastId = "";
  #stopping = false;
  #ended = false;
  #underWay = new AbortController();
  #answered: { readonly publish: Publish; readonly ids: readonly string[] } | null = null;

  /** @param urls of the servers, which it goes to by chance */
  constructor(
    number: number,
    urls: readonly [string, ...string[]],
    random: SeededRandom,
    record: RunRecord,
  ) {
    this.#number = number;
    this.#urls = urls;
    this.#random = random.for("pauses");
    this.#url = this.#random.pick(urls);
    this.#source = new PublishSource(number, random.for("publishes"));
    this.#record = record;
  }

  /** Publish until {@link stop}; resolves when the last publish is answered. */
  async run(): Promise<void> {
    while (!this.#stopping) {
      const publish = this.#source.next();
      const startedAt = this.#record.now();
      const ids = await this.#untilAnswered(publish);
      if (this.#ended) return;
      this.#acknowledged(publish, ids, startedAt);
      if (this.#answered !== null && this.#random.chance(0.1)) await this.#repeat(this.#answered);
      this.#answered = { publish, ids };
      await pause(this.#random.whole(0, 50));
    }
  }

  suffer(fault: PublisherFault): void {
    if (fault === "flood") this.#source.flood();
    else this.#underWay.abort();
  }

  stop(): void {
    this.#stopping = true;
  }

  end(): void {
    this.#stopping = true;
    this.#ended = true;
    this.#underWay.abort();
  }

  #acknowledged(publish: Publish, ids: readonly string[], startedAt: number): void {
    const { messages } = publish;
    if (ids.length !== messages.length)
      this.#wrong(`${publish.key} made ${messages.length} messages and was answered ${ids}`);
    messages.forEach((message, i) => {
      const id = ids[i] ?? "";
      if (id <= this.#lastId) this.#wrong(`is answered ${id} after ${this.#lastId}`);
      this.#lastId = id;
      this.#record.acknowledged({ ...message, id, publish: publish.key, startedAt });
    });
  }

  /** An answered publish again makes nothing new. */
  async #repeat({ publish, ids }: { publish: Publish; ids: readonly string[] }): Promise<void> {
    const again = await this.#untilAnswered(publish);
    if (!this.#ended && again.join() !== ids.join())
      this.#wrong(`${publish.key} was answered ${ids}, and when repeated ${again}`);
  }

  async #untilAnswered(publish: Publish): Promise<readonly string[]> {
    while (!this.#ended) {
      const answer = await this.#send(publish);
      if (answer?.status === 201) {
        const { id, ids } = JSON.parse(answer.text);
        this.#record.count("publishes answered");
        return ids ?? [id];
      }
      if (answer !== null && answer.status !== 503)
        this.#wrong(`${publish.key} is answered ${answer.status}: ${answer.text.slice(0, 300)}`);
      this.#record.count("publishes repeated");
      this.#url = this.#random.pick(this.#urls);
      await pause(this.#random.whole(5, 100));
    }
    return [];
  }

  /** null: the answer is lost, and nobody knows whether it was stored. */
  async #send({
    path,
    type,
    body,
    key,
  }: Publish): Promise<{ status: number; text: string } | null> {
    this.#underWay = new AbortController();
    const signal = AbortSignal.any([this.#underWay.signal, AbortSignal.timeout(ANSWER_MS)]);
    const headers = { "Content-Type": type, "Idempotency-Key": key };
    try {
      const answer = await fetch(this.#url + path, { method: "POST", headers, body, signal });
      return { status: answer.status, text: await answer.text() };
    } catch {
      return null;
    }
  }

  #wrong(what: string): void {
    const who = `publisher ${this.#number}`;
    this.#record.wrong(`${who}: ${what}`, who);
  }
}
