import type { WriteListener } from "../../core/sink.ts";
import type { ResponseSink } from "../sinks/response-sink.ts";
import type { AnswerSink } from "./answer-sink.ts";

/** Answers as the lines of a response. */
export class ResponseAnswers implements AnswerSink {
  readonly #sink: ResponseSink;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  listen(listener: WriteListener): void {
    this.#sink.listen(listener);
  }

  write(answers: readonly string[]): void {
    this.#sink.write(formatLines(answers));
  }

  get writable(): boolean {
    return this.#sink.writable;
  }

  end(answers: readonly string[], destroyAfterMs: number): void {
    this.#sink.end(formatLines(answers), destroyAfterMs);
  }

  destroy(): void {
    this.#sink.destroy();
  }
}

function formatLines(answers: readonly string[]): Buffer {
  return Buffer.from(answers.length === 0 ? "" : `${answers.join("\n")}\n`);
}
