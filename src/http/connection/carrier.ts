import type { Sink } from "../../core/sink.ts";
import type { Framing } from "../../core/transport.ts";

/**
 * The connection that a request came on, by which a stream sends its bytes once its route has said
 * yes.
 *
 * On our own server a stream takes the socket itself (`SocketCarrier`), which costs a third of the
 * memory. On a server that somebody else made, it writes to the response (`ResponseCarrier`).
 */
export interface Carrier {
  /** How pieces of the response's body have to be framed. */
  readonly framing: Framing;
  /** Whether nobody waits for the answer any more. */
  readonly isGone: boolean;
  /**
   * Call `then` once nobody waits for the answer any more: at once if that is so already. It may be
   * called twice.
   */
  onGone(then: () => void): void;
  /**
   * The request's body is complete: call `go` when all bodies before it on this connection have
   * been dealt with.
   */
  inReadOrder(go: () => void): void;
  /**
   * Send the head of the response, and take the response or its connection for a stream.
   *
   * @param contentType of the response
   */
  take(contentType: string): Sink;
  /**
   * Take the connection for a stream's WebSocket. The request has passed `checkUpgrade`.
   *
   * @param close called with the stream's id when its client asks for its end
   */
  upgrade(close: (stream: string) => void): Sink;
  /** Cut the connection, even if a stream has taken it. */
  cut(): void;
}
