import { throttle } from "./throttle.ts";
import { type BusFrame, HINT, HINT_MS } from "./worker-bus.ts";

/**
 * How long the relay waits for answers, in ms. Less than the asking process waits, so that one
 * process that hangs does not cost the answers of the others.
 */
const ANSWER_MS = 2_000;

/** The way to a process. */
interface Link {
  send(frame: BusFrame): void;
  /** Say that the log has grown. */
  hint(): void;
}

/** A question that is going round. */
interface OpenQuestion {
  readonly from: number;
  /** The stream that the asking process wants to be given; null for other questions. */
  readonly wanted: string | null;
  /** The question's id in the process that asked. */
  readonly id: number;
  readonly isSearch: boolean;
  isReplied: boolean;
  /** Processes that have not answered yet. */
  readonly asked: Set<number>;
  readonly answers: unknown[];
  readonly timer: NodeJS.Timeout;
}

/** Passes on what processes say to one another, each over a link of its own. */
export class BusRelay {
  readonly #links = new Map<number, Link>();
  readonly #questions = new Map<number, OpenQuestion>();
  /**
   * By stream, the requests for it that wait for the one under way. Two at once would each wait for
   * what the other is about to be given.
   */
  readonly #queues = new Map<string, (() => void)[]>();
  #lastQuestion = 0;

  /** @param send to this process, in order */
  add(process: number, send: (frame: BusFrame) => void): void {
    this.#links.set(process, { send, hint: throttle(() => send(HINT), HINT_MS) });
  }

  /** The process has ended: stop waiting for its answers. */
  remove(process: number): void {
    this.#links.delete(process);
    // It may have died in the middle of a deletion, before it told the others.
    for (const link of this.#links.values())
      link.send({ type: "tell", notice: "noticeDeleted", about: [] });
    for (const [number, question] of this.#questions) {
      if (question.from === process) this.#drop(number, question);
      else if (question.asked.delete(process)) this.#settleIfComplete(number, question);
    }
  }

  /** A process says something. */
  receive(from: number, frame: BusFrame): void {
    switch (frame.type) {
      case "tell":
        for (const [process, link] of this.#links) {
          if (process === from) continue;
          if (frame.notice === "noticeAppended") link.hint();
          else link.send(frame);
        }
        break;
      case "ask":
        this.#ask(from, frame);
        break;
      case "answer": {
        const question = this.#questions.get(frame.id);
        if (!question?.asked.delete(from)) return;
        question.answers.push(frame.answer);
        if (question.isSearch && frame.answer !== null) this.#reply(question);
        this.#settleIfComplete(frame.id, question);
      }
    }
  }

  #ask(from: number, frame: BusFrame & { readonly type: "ask" }): void {
    const wanted = frame.question === "giveAway" ? String(frame.about[0]) : null;
    const queue = wanted === null ? undefined : this.#queues.get(wanted);
    if (queue !== undefined) {
      queue.push(() => this.#put(from, frame, wanted));
      return;
    }
    if (wanted !== null) this.#queues.set(wanted, []);
    this.#put(from, frame, wanted);
  }

  #put(from: number, frame: BusFrame & { readonly type: "ask" }, wanted: string | null): void {
    const number = ++this.#lastQuestion;
    // Ask nobody on behalf of a process that has exited: a stream given to it would be lost.
    const others = this.#links.has(from)
      ? [...this.#links].filter(([process]) => process !== from)
      : [];
    const question: OpenQuestion = {
      from,
      wanted,
      id: frame.id,
      isSearch: frame.isSearch,
      isReplied: false,
      asked: new Set(others.map(([process]) => process)),
      answers: [],
      timer: setTimeout(() => this.#settle(number, question), ANSWER_MS),
    };
    this.#questions.set(number, question);
    for (const [, link] of others) link.send({ ...frame, id: number });
    this.#settleIfComplete(number, question);
  }

  #settleIfComplete(number: number, question: OpenQuestion): void {
    if (question.asked.size === 0) this.#settle(number, question);
  }

  #settle(number: number, question: OpenQuestion): void {
    this.#reply(question);
    // Only now, and not as soon as one process has found it: the next to ask might be given the
    // stream before the remaining processes have looked, and they would give it away once more.
    this.#drop(number, question);
  }

  #reply(question: OpenQuestion): void {
    if (question.isReplied) return;
    question.isReplied = true;
    const { from, id, answers, asked } = question;
    this.#links.get(from)?.send({ type: "answers", id, all: { answers, silent: asked.size } });
  }

  #drop(number: number, { timer, wanted }: OpenQuestion): void {
    clearTimeout(timer);
    this.#questions.delete(number);
    if (wanted === null) return;
    const next = this.#queues.get(wanted)?.shift();
    if (next === undefined) this.#queues.delete(wanted);
    else next();
  }
}
