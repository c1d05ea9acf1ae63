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
import { callPeer } from "./call-peer.ts";
import { throttle } from "./throttle.ts";

/** How long answers are awaited, in ms: a process that hangs costs no more. */
const ASK_MS = 3_000;

/** What a process and the relay between all processes say to each other, as JSON. */
export type BusFrame =
  | { readonly type: "tell"; readonly notice: Notice; readonly about: readonly unknown[] }
  | {
      readonly type: "ask";
      readonly id: number;
      readonly question: Question;
      readonly about: readonly unknown[];
      /** The first answer that is not null is enough. */
      readonly isSearch: boolean;
    }
  /** Of one process, to the relay. */
  | { readonly type: "answer"; readonly id: number; readonly answer: unknown }
  /** Of all processes, to the one that asked. */
  | { readonly type: "answers"; readonly id: number; readonly all: Answers<unknown> };

/** All types of frames. */
const FRAME_TYPES = [
  "tell",
  "ask",
  "answer",
  "answers",
] as const satisfies readonly BusFrame["type"][];

/** That the log has grown. */
export const HINT: BusFrame = { type: "tell", notice: "noticeAppended", about: [] };

/**
 * Least time between two hints from or to one process, in ms, so that they cost little however many
 * processes publish.
 */
export const HINT_MS = 1;

/** Not even the relay has answered. */
const SILENCE: Answers<never> = { answers: [], silent: 1 };

/** Whether something that came from another process is for the bus. */
export function isBusFrame(frame: unknown): frame is BusFrame {
  return (
    typeof frame === "object" &&
    frame !== null &&
    "type" in frame &&
    FRAME_TYPES.some((type) => type === frame.type)
  );
}

/** The bus of a process that has a relay between itself and the others: see `BusRelay`. */
export class WorkerBus implements Bus {
  readonly #send: (frame: BusFrame) => void;
  readonly #waiting = new Map<number, (all: Answers<never>) => void>();
  #peer: Peer | null = null;
  #asked = 0;
  readonly #hint: () => void;

  /** @param send to the relay, in order; what comes from it is given to {@link receive} */
  constructor(send: (frame: BusFrame) => void) {
    this.#send = send;
    this.#hint = throttle(() => send(HINT), HINT_MS);
  }

  listen(peer: Peer): void {
    this.#peer = peer;
  }

  tell<N extends Notice>(notice: N, ...about: Parameters<Peer[N]>): void {
    if (notice === "noticeAppended") this.#hint();
    else this.#send({ type: "tell", notice, about });
  }

  ask<Q extends Question>(
    question: Q,
    ...about: Parameters<Peer[Q]>
  ): Promise<Answers<AnswerTo<Q>>> {
    return this.#ask(question, about, false);
  }

  async find<Q extends StreamQuestion>(
    question: Q,
    ...about: Parameters<Peer[Q]>
  ): Promise<Found<AnswerTo<Q>>> {
    const { answers, silent } = await this.#ask(question, about, true);
    return { found: answers.find((answer) => answer !== null) ?? null, silent };
  }

  /** Something has come from the relay. */
  receive(frame: BusFrame): void {
    const peer = this.#peer;
    switch (frame.type) {
      case "tell":
        if (peer !== null) callPeer(peer, frame.notice, frame.about);
        break;
      case "ask":
        // One that can't answer, as when it can't read the log, counts as silent.
        if (peer !== null)
          this.#answer(peer, frame.id, frame.question, frame.about).catch(() => {});
        break;
      case "answers":
        this.#waiting.get(frame.id)?.(frame.all as Answers<never>);
    }
  }

  async close(): Promise<void> {
    this.#peer = null;
    for (const settle of this.#waiting.values()) settle(SILENCE);
  }

  #ask(question: Question, about: readonly unknown[], isSearch: boolean): Promise<Answers<never>> {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(SILENCE), ASK_MS);
      const settle = (all: Answers<never>) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(all);
      };
      this.#waiting.set(id, settle);
      this.#send({ type: "ask", id, question, about, isSearch });
    });
  }

  async #answer(peer: Peer, id: number, question: Question, about: readonly unknown[]) {
    const answer = await callPeer(peer, question, about);
    this.#send({ type: "answer", id, answer });
  }
}
