import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import { type CloseReason, reconnects } from "../../core/close-reason.ts";
import type { Sink, SinkListener } from "../../core/sink.ts";
import { SocketSink } from "./socket-sink.ts";
import type { WaitingPieces } from "./waiting-pieces.ts";

/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const NORMAL = 1_000;
const UNSUPPORTED_DATA = 1_003;
/** https://www.iana.org/assignments/websocket/websocket.xml#close-code-number */
const SERVICE_RESTART = 1_012;
const TRY_AGAIN_LATER = 1_013;

/**
 * Bytes that a client may send: it has little to say, and each frame of six bytes takes a step of
 * its own to read.
 */
const TALK = { bytesPerSecond: 4_096, maxBytesAtOnce: 16_384 };

/**
 * The connection of a WebSocket stream.
 *
 * It is given whole frames, so they go straight to the socket. The library handles what the client
 * sends, and how the connection ends.
 */
export class WebSocketSink implements Sink {
  readonly #socket: SocketSink;
  readonly #webSocket: WebSocket;
  #stream: string | null = null;
  /** Bytes that its client has sent, less what was allowed since. */
  #talk = 0;
  #talkedAt = 0;

  /**
   * @param socket of `webSocket`
   * @param close called with the stream's id when its client asks for its end
   */
  constructor(
    socket: Socket,
    webSocket: WebSocket,
    pieces: WaitingPieces,
    close: (stream: string) => void,
  ) {
    this.#socket = new SocketSink(socket, pieces);
    this.#webSocket = webSocket;
    // Before the library reads the frames: otherwise it would answer each of them.
    socket.prependListener("data", ({ length }: Buffer) => {
      if (!this.#mayTalk(length)) webSocket.terminate();
    });
    // The frame was invalid or too large: the library has said so
    webSocket.on("error", () => webSocket.terminate());
    webSocket.on("ping", (data) => {
      if (!socket.destroyed && this.#socket.queuedBytes === 0) webSocket.pong(data);
    });
    webSocket.on("message", (data, isBinary) => {
      const type = isBinary ? null : typeOf(String(data));
      if (type === "close" && this.#stream !== null) close(this.#stream);
      else if (type === null) {
        webSocket.close(UNSUPPORTED_DATA);
        // Nothing may follow, and the client may not answer it.
        socket.end(() => socket.destroy());
      }
    });
  }

  listen(listener: SinkListener, stallMs: number): void {
    this.#stream = listener.id;
    this.#socket.listen(listener, stallMs);
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  reachedTip(): void {}

  get writable(): boolean {
    return this.#socket.writable;
  }

  get queuedBytes(): number {
    return this.#socket.queuedBytes;
  }

  end(bytes: Buffer, destroyAfterMs: number, reason: CloseReason): void {
    this.#socket.write(bytes);
    this.#webSocket.close(closeCodeOf(reason), reason);
    const timer = setTimeout(() => this.destroy(), destroyAfterMs);
    this.#webSocket.once("close", () => clearTimeout(timer));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #mayTalk(bytes: number): boolean {
    const now = performance.now();
    const allowed = ((now - this.#talkedAt) / 1_000) * TALK.bytesPerSecond;
    this.#talk = Math.max(0, this.#talk - allowed) + bytes;
    this.#talkedAt = now;
    return this.#talk <= TALK.maxBytesAtOnce;
  }
}

/** Libraries come back after any code but 1000, and tell a restart from an overload by it. */
function closeCodeOf(reason: CloseReason): number {
  if (!reconnects(reason)) return NORMAL;
  return reason === "slow" ? TRY_AGAIN_LATER : SERVICE_RESTART;
}

/** The type of an event that a client sent; null if it is not an event. */
function typeOf(text: string): string | null {
  try {
    const { type } = JSON.parse(text);
    return typeof type === "string" ? type : null;
  } catch {
    return null;
  }
}
