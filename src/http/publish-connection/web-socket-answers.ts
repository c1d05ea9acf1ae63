import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { WriteListener } from "../../core/sink.ts";
import { textFrameHead } from "../../transports/websocket.ts";
import { SocketSink } from "../sinks/socket-sink.ts";
import type { WaitingPieces } from "../sinks/waiting-pieces.ts";
import type { AnswerSink, Ending } from "./answer-sink.ts";

/** https://www.iana.org/assignments/websocket/websocket.xml#close-code-number */
const CLOSE_CODES: Readonly<Record<Ending, number>> = {
  complete: 1_000,
  invalid: 1_003,
  forbidden: 1_008,
  shutdown: 1_012,
  overload: 1_013,
};

/** Answers as text frames, one each. */
export class WebSocketAnswers implements AnswerSink {
  readonly #socket: SocketSink;
  readonly #webSocket: WebSocket;

  /** @param socket of `webSocket` */
  constructor(socket: Socket, webSocket: WebSocket, pieces: WaitingPieces) {
    this.#socket = new SocketSink(socket, pieces);
    this.#webSocket = webSocket;
  }

  listen(listener: WriteListener, stallMs: number): void {
    this.#socket.listen(listener, stallMs);
  }

  write(answers: readonly string[]): void {
    // Nothing may follow the frame that closes.
    if (this.#webSocket.readyState === this.#webSocket.OPEN)
      this.#socket.write(formatFrames(answers));
  }

  get writable(): boolean {
    return this.#socket.writable;
  }

  end(answers: readonly string[], destroyAfterMs: number, why: Ending): void {
    if (answers.length > 0) this.write(answers);
    this.#webSocket.close(CLOSE_CODES[why], why);
    const timer = setTimeout(() => this.destroy(), destroyAfterMs);
    this.#webSocket.once("close", () => clearTimeout(timer));
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function formatFrames(answers: readonly string[]): Buffer {
  const pieces: Buffer[] = [];
  for (const answer of answers) {
    const payload = Buffer.from(answer);
    pieces.push(textFrameHead(payload.length), payload);
  }
  return Buffer.concat(pieces);
}
