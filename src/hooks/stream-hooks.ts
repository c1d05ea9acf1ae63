import { randomBytes } from "node:crypto";
import type { EventFigures } from "../core/figures.ts";
import type { LifeListener } from "../core/life-listener.ts";
import { subjectOf } from "../core/principal.ts";
import type { Stream } from "../core/stream.ts";
import type { Receipt } from "../core/summaries.ts";
import { EventQueue, type EventQueueLimits } from "./event-queue.ts";
import { EventSender, type EventSenderOptions } from "./event-sender.ts";

/** What hooks depend on. */
export interface StreamHooksOptions
  extends Pick<EventSenderOptions, "url" | "secret" | "unixNow" | "onTrouble" | "answerMs"> {
  /** For tests. */
  readonly limits?: EventQueueLimits;
}

/**
 * Tells the application which streams are opened and closed in this process: docs/events.md.
 *
 * A stream only leaves a note here, so that a receiver which is slow or away costs no stream
 * anything.
 */
export class StreamHooks implements LifeListener {
  readonly #queue: EventQueue;
  readonly #sender: EventSender;
  readonly #unixNow: () => number;

  constructor(options: StreamHooksOptions) {
    const { unixNow, limits } = options;
    const process = randomBytes(12).toString("base64url");
    this.#unixNow = unixNow;
    this.#queue = new EventQueue(unixNow, limits);
    this.#sender = new EventSender({ ...options, process, queue: this.#queue });
  }

  /** How many events wait, and were lost. */
  get figures(): EventFigures {
    return { waiting: this.#queue.size, lost: this.#queue.lost };
  }

  onOpened(stream: Stream): void {
    this.#add({ type: "opened", ...aboutOf(stream), at: this.#unixNow() });
  }

  onClosed(stream: Stream, { reason, text, messages, bytes, openMs }: Receipt): void {
    const said = text === undefined ? {} : { text };
    const ending = { reason, ...said, messages, bytes, openMs };
    this.#add({ type: "closed", ...aboutOf(stream), ...ending, at: this.#unixNow() });
  }

  /** Send what waits now, for some seconds at most; later events are not sent. */
  drain(deadline: Promise<void>): Promise<void> {
    return this.#sender.drain(deadline);
  }

  /** Send nothing more. */
  stop(): void {
    this.#sender.stop();
  }

  #add(event: object): void {
    this.#queue.add(event);
    this.#sender.wake();
  }
}

/** What both events say of a stream: never its id, which is the right to close it. */
function aboutOf(stream: Stream) {
  const { handle, client, address, view, openedUnixMs } = stream;
  return {
    handle,
    client,
    subject: subjectOf(stream),
    channels: view.selectors.selectors,
    transport: view.encoding.transport,
    address,
    openedAt: openedUnixMs,
  };
}
