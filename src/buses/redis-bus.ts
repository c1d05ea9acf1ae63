import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type {
  Answers,
  AnswerTo,
  Bus,
  Found,
  Notice,
  Peer,
  Question,
  StreamQuestion,
} from "../core/bus.ts";
import { ForeverframeError } from "../errors.ts";
import type { Client } from "../redis/redis-client.ts";
import { RedisPair } from "../redis/redis-pair.ts";
import { parseRedisUrl } from "../redis/redis-url.ts";
import { throttle } from "./throttle.ts";

/** How long answers are awaited, in ms: a node that hangs costs no more. */
const ANSWER_MS = 2_000;

/** While answers are awaited, nodes that have ended are looked for this often, in ms. */
const LOOK_MS = 200;

/** Least time between two hints that the log has grown, in ms. */
const HINT_MS = 1;

/** A node says this often that it is there, in ms. */
const ALIVE_MS = 1_000;

/** A node that has said nothing for this long counts as gone, though Redis still has it, in ms. */
const GONE_MS = 15_000;

/** What is known of a node that is gone is forgotten after this, in ms. */
const FORGOTTEN_MS = 3_600_000;

/** A request for a stream waits for another one under way, and looks this often, in ms. */
const LOCK_LOOK_MS = 20;

/** A lock of a node that has died falls after this, in ms: no question takes longer. */
const LOCK_MS = 3_000;

/** Release a lock only if it is still one's own. */
const UNLOCK = `
if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end
return 0
`;

/** Nobody can be asked, and somebody may have what is asked for. */
const SILENCE: Answers<never> = { answers: [], silent: 1 };

/** What nodes say to each other, as JSON. */
type Frame =
  | { readonly type: "alive"; readonly from: string }
  | {
      readonly type: "tell";
      readonly from: string;
      readonly notice: Notice;
      readonly about: unknown[];
    }
  | {
      readonly type: "ask";
      readonly from: string;
      readonly id: number;
      readonly question: Question;
      readonly about: unknown[];
    }
  | {
      readonly type: "answer";
      readonly from: string;
      readonly id: number;
      readonly answer: unknown;
    };

/** A question of this node that is going round. */
interface OpenQuestion {
  /** Nodes that have not answered. */
  readonly waitsFor: Set<string>;
  readonly answers: unknown[];
  /** Something has been answered, or a node has ended. */
  onChange(): void;
}

/** What a node needs to find the others. */
export interface RedisBusOptions {
  /** See `parseRedisUrl`. */
  readonly url: string;
  /** As of the log's keys. */
  readonly prefix: string;
  /** Hears of each connection that is lost or can't be made. */
  readonly onError: (error: unknown) => void;
}

/**
 * The bus of nodes that share nothing but a Redis: what one says is published there.
 *
 * Each node subscribes to a channel of all and to one of its own, by which the others know that it
 * is there. What is said while Redis is away is lost, and questions count as unanswered.
 */
export class RedisBus implements Bus {
  /** Differs from those of the other nodes, unless more than a thousand have started meanwhile. */
  readonly number: number;
  readonly #name: string;
  readonly #tag: string;
  readonly #pair: RedisPair;
  readonly #questions = new Map<number, OpenQuestion>();
  /** When each of the others was heard (monotonic ms). */
  readonly #heardAt = new Map<string, number>();
  readonly #hint: () => void;
  readonly #alive: NodeJS.Timeout;
  #listeningSince = performance.now();
  #peer: Peer | null = null;
  #asked = 0;
  #closed = false;

  private constructor(tag: string, name: string, number: number, pair: RedisPair) {
    this.number = number;
    this.#name = name;
    this.#tag = tag;
    this.#pair = pair;
    this.#hint = throttle(() => this.#tell("noticeAppended", []), HINT_MS);
    this.#alive = setInterval(() => this.#sayAlive(), ALIVE_MS);
    this.#alive.unref();
  }

  /** @throws ForeverframeError FF_LOG_UNAVAILABLE */
  static async start(options: RedisBusOptions): Promise<RedisBus> {
    const { url, prefix, onError } = options;
    const name = randomBytes(9).toString("base64url");
    const tag = `{${prefix}}bus`;
    const key = `{${prefix}}nodes`;
    const target = parseRedisUrl(url);
    let bus: RedisBus | null = null;
    let pair: RedisPair | null = null;
    try {
      if (target === null) throw new Error("its URL is not one of a Redis");
      pair = await RedisPair.start({
        target,
        key,
        channels: [tag, `${tag}:${name}`],
        onMessage: (text) => {
          const frame = parseFrame(text);
          if (frame !== null && bus !== null) bus.#receive(frame);
        },
        onListening: () => {
          if (bus !== null) bus.#startListening();
        },
        onError,
      });
      bus = new RedisBus(tag, name, await pair.publisher.incr(key), pair);
      return bus;
    } catch (error) {
      pair?.close();
      const reason = error instanceof Error ? error.message : String(error);
      throw new ForeverframeError(
        "FF_LOG_UNAVAILABLE",
        `Redis does not let servers talk to each other (${reason}): allow its user the commands and channels of {${prefix}}bus*`,
        { cause: error },
      );
    }
  }

  listen(peer: Peer): void {
    this.#peer = peer;
  }

  tell<N extends Notice>(notice: N, ...about: Parameters<Peer[N]>): void {
    if (notice === "noticeAppended") this.#hint();
    else this.#tell(notice, about);
  }

  ask<Q extends Question>(
    question: Q,
    ...about: Parameters<Peer[Q]>
  ): Promise<Answers<AnswerTo<Q>>> {
    return new Promise((resolve) => {
      void this.#ask(question, about, (all) => resolve(all as Answers<AnswerTo<Q>>), false);
    });
  }

  find<Q extends StreamQuestion>(
    question: Q,
    ...about: Parameters<Peer[Q]>
  ): Promise<Found<AnswerTo<Q>>> {
    return new Promise((resolve) => {
      const settle = ({ answers, silent }: Answers<unknown>) => {
        const found = (answers.find((answer) => answer !== null) ?? null) as AnswerTo<Q> | null;
        resolve({ found, silent });
      };
      if (question === "giveAway") void this.#askInTurn(String(about[0]), question, about, settle);
      else void this.#ask(question, about, settle, true);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#peer = null;
    clearInterval(this.#alive);
    for (const question of this.#questions.values()) question.onChange();
    this.#pair.close();
  }

  get #publisher(): Client {
    return this.#pair.publisher;
  }

  /** What was told while there was no connection is lost: the log has grown, or has shrunk. */
  #startListening(): void {
    this.#listeningSince = performance.now();
    this.#peer?.noticeDeleted();
    this.#peer?.noticeAppended();
  }

  #receive(frame: Frame): void {
    if (frame.from === this.#name || this.#closed) return;
    this.#heardAt.set(frame.from, performance.now());
    const peer = this.#peer;
    switch (frame.type) {
      case "tell":
        if (peer !== null) callPeer(peer, frame.notice, frame.about);
        break;
      case "ask":
        if (peer !== null) {
          // A node that can't answer, as when it can't read the log, counts as silent.
          this.#answer(peer, frame.from, frame.id, frame.question, frame.about).catch(() => {});
        }
        break;
      case "answer": {
        const question = this.#questions.get(frame.id);
        if (!question?.waitsFor.delete(frame.from)) return;
        question.answers.push(frame.answer);
        question.onChange();
      }
    }
  }

  async #answer(peer: Peer, to: string, id: number, question: Question, about: unknown[]) {
    const answer = (await callPeer(peer, question, about)) ?? null;
    this.#say(`${this.#tag}:${to}`, { type: "answer", from: this.#name, id, answer });
  }

  #sayAlive(): void {
    this.#say(this.#tag, { type: "alive", from: this.#name });
    // Nodes that are there are heard every second. An entry that is kept for longer than GONE_MS is
    // what tells a node that is gone from one that has just come.
    const before = performance.now() - FORGOTTEN_MS;
    for (const [node, at] of this.#heardAt) if (at < before) this.#heardAt.delete(node);
  }

  #tell(notice: Notice, about: unknown[]): void {
    this.#say(this.#tag, { type: "tell", from: this.#name, notice, about });
  }

  #say(channel: string, frame: Frame): void {
    // Where there is no connection, `onError` has heard of it.
    if (!this.#closed) this.#publisher.publish(channel, JSON.stringify(frame)).catch(() => {});
  }

  /**
   * Ask for a stream after those that have asked for it before. Two at once would each wait for
   * what the other is about to be given; and the next may ask only when all have answered, or it
   * might be given what is on its way.
   */
  async #askInTurn(
    stream: string,
    question: Question,
    about: unknown[],
    settle: (all: Answers<unknown>) => void,
  ): Promise<void> {
    const key = `${this.#tag}:lock:${stream}`;
    const ticket = `${this.#name} ${++this.#asked}`;
    try {
      const deadline = performance.now() + LOCK_MS;
      const lock = () =>
        this.#publisher.set(key, ticket, {
          condition: "NX",
          expiration: { type: "PX", value: LOCK_MS },
        });
      while ((await lock()) === null) {
        if (this.#closed || performance.now() > deadline) return settle(SILENCE);
        await pause(LOCK_LOOK_MS);
      }
      await this.#ask(question, about, settle, true);
      await this.#publisher.eval(UNLOCK, { keys: [key], arguments: [ticket] });
    } catch {
      settle(SILENCE); // it may have been settled before
    }
  }

  /**
   * Ask all others. Resolves when all have answered, have ended, or are silent.
   *
   * @param settle called once: then, or with the first answer that is not null if that is enough
   */
  async #ask(
    question: Question,
    about: unknown[],
    settle: (all: Answers<unknown>) => void,
    isSearch: boolean,
  ): Promise<void> {
    const id = ++this.#asked;
    const answers: unknown[] = [];
    let isSettled = false;
    const reply = (silent: number) => {
      if (!isSettled) settle({ answers: [...answers], silent });
      isSettled = true;
    };
    try {
      const waitsFor = new Set(await this.#others());
      const deadline = performance.now() + ANSWER_MS;
      let wake = () => {};
      this.#questions.set(id, { waitsFor, answers, onChange: () => wake() });
      const frame = { type: "ask", from: this.#name, id, question, about } as const;
      await this.#publisher.publish(this.#tag, JSON.stringify(frame));
      while (waitsFor.size > 0 && performance.now() < deadline && !this.#closed) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
          if (waitsFor.size === 0 || this.#closed) resolve();
        });
        const timer = new AbortController();
        const isLate = pause(LOOK_MS, true, { signal: timer.signal }).catch(() => false);
        const looks = await Promise.race([changed.then(() => false), isLate]);
        timer.abort();
        if (isSearch && answers.some((answer) => answer !== null)) reply(waitsFor.size);
        if (!looks) continue;
        const there = new Set(await this.#others());
        for (const node of waitsFor) if (!there.has(node)) waitsFor.delete(node);
      }
      reply(waitsFor.size);
    } catch {
      reply(1);
    } finally {
      this.#questions.delete(id);
    }
  }

  /** The nodes that are there besides this one. */
  async #others(): Promise<readonly string[]> {
    const own = `${this.#tag}:`;
    const channels = await this.#publisher.pubSubChannels(`${own}*`);
    const now = performance.now();
    return channels
      .map((channel) => channel.slice(own.length))
      .filter((node) => {
        // Redis notices late that a machine has lost its power.
        const heardAt = this.#heardAt.get(node) ?? this.#listeningSince;
        return node !== this.#name && now - heardAt < GONE_MS;
      });
  }
}

/** What another node has said; null for what is none of ours. */
function parseFrame(text: string): Frame | null {
  try {
    const frame: unknown = JSON.parse(text);
    return typeof frame === "object" && frame !== null && "from" in frame ? (frame as Frame) : null;
  } catch {
    return null;
  }
}

/** Unchecked, since the sender's types have held `about` to the method's parameters. */
function callPeer(peer: Peer, method: keyof Peer, about: readonly unknown[]): unknown {
  return (peer[method] as (...about: unknown[]) => unknown).apply(peer, [...about]);
}
