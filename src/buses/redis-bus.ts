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
import { AskedNodes, type Audience } from "./asked-nodes.ts";
import { callPeer } from "./call-peer.ts";
import type { ClosedStreams } from "./closed-streams.ts";
import type { NodeFrame, Said } from "./node-frame.ts";
import { nodeOf, type RedisNodes } from "./redis-nodes.ts";
import { throttle } from "./throttle.ts";

/** How long answers are awaited, in ms: a node that hangs costs no more. */
const ANSWER_MS = 2_000;

/** While answers are awaited, nodes that have ended are looked for this often, in ms. */
const LOOK_MS = 200;

/** Least time between two hints that the log has grown, in ms. */
const HINT_MS = 1;

/** A lock of a node that has died falls after this, in ms: no question takes longer. */
const LOCK_MS = 3_000;

/** No node generates another id, so nobody is asked for it. */
const ID = /^[\w.-]{1,128}$/;

/** Nobody can be asked, and somebody may have what is asked for. */
const SILENCE: Answers<never> = { answers: [], silent: 1 };

/** Nobody was asked. */
const NOWHERE: Found<never> = { found: null, silent: 0 };

/** A question of this node that is going round. */
interface OpenQuestion {
  readonly asked: AskedNodes;
  readonly answers: unknown[];
  /** Something has been answered. */
  onChange(): void;
}

/** Who is asked, and when the answers are enough. */
interface Round extends Audience {
  /** Called once: at the end, or with the first answer that is not null if `isSearch`. */
  settle(all: Answers<unknown>): void;
  readonly isSearch: boolean;
  /** Whether this node answers, too: as of the moment at which all others are asked. */
  readonly asksSelf: boolean;
}

/** The audience of most questions. */
const ALL_OTHERS = { only: null, except: null, asksSelf: false } as const;

/**
 * The bus of nodes that share nothing but a Redis: what one says is published there. While Redis is
 * away, questions count as unanswered.
 */
export class RedisBus implements Bus {
  readonly #nodes: RedisNodes;
  readonly #closedStreams: ClosedStreams;
  readonly #questions = new Map<number, OpenQuestion>();
  readonly #hint: () => void;
  #peer: Peer | null = null;
  #asked = 0;
  #closed = false;

  /**
   * @param nodes for this bus alone, which closes them
   * @param receiptMs how long it is known that a stream has ended for good
   */
  constructor(nodes: RedisNodes, receiptMs: number) {
    this.#nodes = nodes;
    this.#closedStreams = nodes.closedStreams(receiptMs);
    this.#hint = throttle(() => this.#tell("noticeAppended", []), HINT_MS);
    nodes.listen({
      onFrame: (frame) => this.#receive(frame),
      // What was told while there was no connection is lost: the log has grown, or has shrunk.
      onReturn: () => {
        this.#peer?.noticeDeleted();
        this.#peer?.noticeAppended();
      },
    });
  }

  listen(peer: Peer): void {
    this.#peer = peer;
  }

  tell<N extends Notice>(notice: N, ...about: Parameters<Peer[N]>): void {
    if (notice === "noticeAppended") this.#hint();
    else this.#tell(notice, about);
    if (notice !== "noticeClosed") return;
    const [receipt, owner] = about as Parameters<Peer["noticeClosed"]>;
    this.#closedStreams.keep({ receipt, owner }).catch(() => {}); // as for what is said
  }

  ask<Q extends Question>(
    question: Q,
    ...about: Parameters<Peer[Q]>
  ): Promise<Answers<AnswerTo<Q>>> {
    return new Promise((resolve) => {
      const settle = (all: Answers<unknown>) => resolve(all as Answers<AnswerTo<Q>>);
      void this.#ask(question, about, { ...ALL_OTHERS, settle, isSearch: false });
    });
  }

  async find<Q extends StreamQuestion>(
    question: Q,
    ...about: Parameters<Peer[Q]>
  ): Promise<Found<AnswerTo<Q>>> {
    const id = String(about[0]);
    if (!ID.test(id)) return NOWHERE;
    const found = await (question === "giveAway"
      ? this.#searchInTurn(id, question, about)
      : this.#searchFromHome(id, question, about));
    const isKnown = found.found !== null || question === "takeTicket";
    const result = isKnown ? found : await this.#askAsClosed(id, question, about, found);
    return result as Found<AnswerTo<Q>>;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#peer = null;
    for (const question of this.#questions.values()) question.onChange();
    await this.#nodes.close();
  }

  /** Nobody has the stream: it may have ended before this node was there to hear of it. */
  async #askAsClosed(
    stream: string,
    question: Question,
    about: unknown[],
    otherwise: Found<unknown>,
  ): Promise<Found<unknown>> {
    const closed = await this.#closedStreams.find(stream).catch(() => null);
    if (closed === null || this.#peer === null) return otherwise;
    this.#peer.noticeClosed(closed.receipt, closed.owner);
    const answer = (await callPeer(this.#peer, question, about)) ?? null;
    return answer === null ? otherwise : { found: answer, silent: 0 };
  }

  #receive(frame: NodeFrame): void {
    const peer = this.#peer;
    switch (frame.type) {
      case "tell":
        if (peer !== null) tellPeer(peer, frame.notice, frame.about);
        break;
      case "ask":
        if (peer !== null) {
          // A node that can't answer, as when it can't read the log, counts as silent.
          this.#answer(peer, frame.from, frame.id, frame.question, frame.about).catch(() => {});
        }
        break;
      case "answer": {
        const question = this.#questions.get(frame.id);
        if (!question?.asked.hear(frame.from)) return;
        question.answers.push(frame.answer);
        question.onChange();
      }
    }
  }

  async #answer(peer: Peer, to: string, id: number, question: Question, about: readonly unknown[]) {
    const answer = (await callPeer(peer, question, about)) ?? null;
    this.#say(to, { type: "answer", id, answer });
  }

  #tell(notice: Notice, about: readonly unknown[]): void {
    this.#say(null, { type: "tell", notice, about });
  }

  #say(to: string | null, said: Said): void {
    // Where there is no connection, the nodes' `onError` has heard of it.
    this.#nodes.say(to, said).catch(() => {});
  }

  /**
   * Ask the node that generated an id, then all: a poll's stream goes from node to node. By then it
   * may have come to the node that has just said that it does not have it, or to this one.
   */
  async #searchFromHome(id: string, question: Question, about: unknown[]): Promise<Found<unknown>> {
    const home = nodeOf(id);
    const isElsewhere = home !== null && home !== this.#nodes.name;
    const atHome = isElsewhere ? await this.#search(question, about, home, null) : NOWHERE;
    if (atHome.found !== null) return atHome;
    // One that hangs is not waited for twice.
    const except = atHome.silent > 0 ? home : null;
    const { found, silent } = await this.#search(question, about, null, except);
    return { found, silent: silent + atHome.silent };
  }

  #search(
    question: Question,
    about: unknown[],
    only: string | null,
    except: string | null,
  ): Promise<Found<unknown>> {
    return new Promise((resolve) => {
      const settle = (all: Answers<unknown>) => resolve(foundIn(all));
      const asksSelf = only === null;
      void this.#ask(question, about, { only, except, settle, isSearch: true, asksSelf });
    });
  }

  /**
   * Search for a stream after those that have searched for it before. Two at once would each wait
   * for what the other is about to be given; and the next may ask only when all have answered, or
   * it might be given what is on its way.
   */
  #searchInTurn(stream: string, question: Question, about: unknown[]): Promise<Found<unknown>> {
    const holder = `${this.#nodes.name} ${++this.#asked}`;
    // Clients name streams, and must not get at the locks of anything else.
    const lock = this.#nodes.lock(`stream:${stream}`, holder, LOCK_MS);
    return new Promise((resolve) => {
      const settle = (all: Answers<unknown>) => resolve(foundIn(all));
      const searching = async () => {
        if (!(await lock.holdWithin(LOCK_MS))) return settle(SILENCE);
        await this.#ask(question, about, { ...ALL_OTHERS, settle, isSearch: true });
        await lock.release();
      };
      searching().catch(() => settle(SILENCE)); // it may have been settled before
    });
  }

  /** Ask others. Resolves when all of them have answered, have ended, or are silent. */
  async #ask(question: Question, about: unknown[], round: Round) {
    const { settle, isSearch, asksSelf } = round;
    const id = ++this.#asked;
    const answers: unknown[] = [];
    let isSettled = false;
    const reply = (silent: number) => {
      if (!isSettled) settle({ answers: [...answers], silent });
      isSettled = true;
    };
    const asked = new AskedNodes(this.#nodes, { type: "ask", id, question, about });
    let ownAnswer: Promise<unknown> = Promise.resolve(null);
    const askSelf = () => {
      if (!asksSelf || this.#peer === null) return;
      ownAnswer = Promise.resolve(callPeer(this.#peer, question, about));
      ownAnswer.catch(() => {}); // where it is awaited, that counts as silence
    };
    let wake = () => {};
    this.#questions.set(id, { asked, answers, onChange: () => wake() });
    try {
      const deadline = performance.now() + ANSWER_MS;
      await asked.ask(round, askSelf);
      while (asked.size > 0 && performance.now() < deadline && !this.#closed) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
          if (asked.size === 0 || this.#closed) resolve();
        });
        const timer = new AbortController();
        const isLate = pause(LOOK_MS, true, { signal: timer.signal }).catch(() => false);
        const looks = await Promise.race([changed.then(() => false), isLate]);
        timer.abort();
        if (isSearch && answers.some((answer) => answer !== null)) reply(asked.silent);
        if (looks) await asked.look();
      }
      if (asksSelf) answers.push(await ownAnswer);
      reply(asked.silent);
    } catch {
      reply(1);
    } finally {
      this.#questions.delete(id);
    }
  }
}

function foundIn({ answers, silent }: Answers<unknown>): Found<unknown> {
  return { found: answers.find((answer) => answer !== null) ?? null, silent };
}

function tellPeer(peer: Peer, notice: Notice, about: readonly unknown[]): void {
  try {
    callPeer(peer, notice, about);
  } catch {
    // No node says so.
  }
}
