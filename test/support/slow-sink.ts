import type { Sink, SinkListener } from "../../src/core/sink.ts";

/** An event as a line of NDJSON has it. */
export interface SeenEvent {
  readonly type: string;
  readonly id?: string;
  readonly cursor?: string;
  readonly after?: string;
  readonly upTo?: string;
}

/** A client that takes a few bytes and then no more, until it is told to read. */
export class SlowSink implements Sink {
  #listener: SinkListener | null = null;
  #room: number;
  #text = "";
  #gone = false;
  queuedBytes = 0;

  /** @param room bytes that it takes */
  constructor(room: number) {
    this.#room = room;
  }

  listen(listener: SinkListener): void {
    this.#listener = listener;
  }

  get writable(): boolean {
    return this.queuedBytes === 0;
  }

  write(bytes: Buffer): void {
    this.#text += bytes.toString();
    this.#room -= bytes.length;
    if (this.#room < 0) this.queuedBytes = bytes.length;
  }

  reachedTip(): void {}

  end(bytes: Buffer): void {
    this.write(bytes);
    this.destroy();
  }

  destroy(): void {
    if (this.#gone) return;
    this.#gone = true;
    queueMicrotask(() => this.#listener?.onClosed());
  }

  /** Take what waits, and so many bytes more. */
  drain(room: number): void {
    if (this.#gone) return;
    this.#room = room;
    const wasFull = this.queuedBytes > 0;
    this.queuedBytes = 0;
    if (wasFull) this.#listener?.onDrain();
  }

  /** All that it was given. */
  get events(): readonly SeenEvent[] {
    return this.#text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as SeenEvent);
  }
}
