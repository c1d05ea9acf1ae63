import type { WriteListener } from "../../core/sink.ts";

/** Why a connection ends. */
export type Ending =
  /** Its client has sent all that it wanted to. */
  | "complete"
  /** What it has sent can't be understood. */
  | "invalid"
  /** What allowed it has ended, or never did. */
  | "forbidden"
  /** The server stops. */
  | "shutdown"
  /** There is no room for it. */
  | "overload";

/** Where the answers of a publish connection go. See `Sink` for what is not said here. */
export interface AnswerSink {
  listen(listener: WriteListener, stallMs: number): void;
  /** Send answers, in one piece. None has a line end. */
  write(answers: readonly string[]): void;
  readonly writable: boolean;
  /** Send these last answers, and end the connection; after `destroyAfterMs` it is cut. */
  end(answers: readonly string[], destroyAfterMs: number, why: Ending): void;
  destroy(): void;
}
