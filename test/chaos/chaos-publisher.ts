import { setTimeout as pause } from "node:timers/promises";
import { LineConnection } from "../../src/commands/line-connection.ts";
import type { PublisherFault } from "./fault-plan.ts";
import { type Publish, PublishSource } from "./publish-source.ts";
import type { RunRecord } from "./run-record.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Longest wait for one answer, in ms. */
const ANSWER_MS = 5_000;

interface Answered {
  readonly status: number;
  readonly text: string;
}

/**
 * Publishes one thing after the other, and repeats each with its Idempotency-Key until it is
 * answered 201. One in two sends single messages over a publish connection, but for some of them.
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
  #connection: { readonly url: string; readonly lines: LineConnection } | null = null;
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
    this.#connection?.lines.close();
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
  #send(publish: Publish): Promise<Answered | null> {
    this.#underWay = new AbortController();
    const signal = AbortSignal.any([this.#underWay.signal, AbortSignal.timeout(ANSWER_MS)]);
    const isOnLine = this.#number % 2 === 1 && publish.line !== null && this.#random.chance(0.9);
    return isOnLine ? this.#sendLine(publish, signal) : this.#request(publish, signal);
  }

  async #sendLine({ line, key }: Publish, signal: AbortSignal): Promise<Answered | null> {
    const connection = await this.#connect();
    if (line === null || connection === null) return null;
    const cut = () => connection.destroy();
    if (signal.aborted) cut();
    signal.addEventListener("abort", cut);
    const [answer] = await connection.send([{ ...line, key }]);
    signal.removeEventListener("abort", cut);
    if (answer === undefined) return null;
    this.#record.count("lines answered");
    const { id, status, detail } = answer;
    return { status, text: id === null ? detail : JSON.stringify({ id }) };
  }

  async #connect(): Promise<LineConnection | null> {
    const url = this.#url;
    const open = this.#connection;
    if (open !== null && open.url === url && !open.lines.isBroken) return open.lines;
    open?.lines.close();
    const lines = await LineConnection.open(new URL(`${url}/publish`), {}).catch(() => null);
    this.#connection = lines === null ? null : { url, lines };
    return lines;
  }

  async #request(
    { path, type, body, key }: Publish,
    signal: AbortSignal,
  ): Promise<Answered | null> {
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
