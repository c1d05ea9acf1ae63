import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Sink } from "../../core/sink.ts";
import type { Framing } from "../../core/transport.ts";
import type { ResponseSink } from "../sinks/response-sink.ts";
import type { WaitingPieces } from "../sinks/waiting-pieces.ts";

/** A connection that is to become a WebSocket. */
export interface UpgradedConnection {
  readonly request: IncomingMessage;
  /** With a listener for its errors. */
  readonly socket: Socket;
  /** What came behind the request. */
  readonly head: Buffer;
  readonly pieces: WaitingPieces;
}

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
   * Send the head of the response, and write to it while the body of the request comes, which may
   * have no end.
   *
   * @param contentType of the response
   * @param onBrokenOff called when nothing more of the body will come, though it is not complete
   */
  converse(contentType: string, onBrokenOff: () => void): ResponseSink;
  /** Take the connection for a WebSocket. The request has passed `checkUpgrade`. */
  takeForUpgrade(): UpgradedConnection;
  /** Cut the connection, even if a stream has taken it. */
  cut(): void;
}
