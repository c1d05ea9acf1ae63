import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Framing } from "../../core/transport.ts";
import { STREAM_HEADERS } from "../answer-headers.ts";
import { ResponseSink } from "../sinks/response-sink.ts";
import type { WaitingPieces } from "../sinks/waiting-pieces.ts";
import type { Carrier, UpgradedConnection } from "./carrier.ts";
import { plainFraming } from "./framing.ts";
import { cutTlsWrites } from "./tls-writes.ts";
import { KEEP_ALIVE_MS, takeUpgradeHead } from "./upgrades.ts";

/**
 * The carrier of a request on a server that somebody else made: a stream writes to the response.
 */
export class ResponseCarrier implements Carrier {
  /** Node frames what is written. */
  readonly framing: Framing = plainFraming;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #socket: Socket;
  readonly #pieces: WaitingPieces;
  #isTaken = false;

  /**
   * @param pieces counts what streams' clients have not read
   */
  constructor(request: IncomingMessage, response: ServerResponse, pieces: WaitingPieces) {
    this.#request = request;
    this.#response = response;
    this.#socket = request.socket;
    this.#pieces = pieces;
  }

  /** Whether a stream has the response. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  get isGone(): boolean {
    const { destroyed, headersSent } = this.#response;
    // A middleware of the application may have answered meanwhile, because it took too long.
    return destroyed || this.#socket.destroyed || (headersSent && !this.#isTaken);
  }

  onGone(then: () => void): void {
    this.#response.once("close", then);
    if (this.isGone) then();
  }

  inReadOrder(go: () => void): void {
    go(); // requests of one connection come one after the other
  }

  take(contentType: string): ResponseSink {
    const response = this.#response;
    // After a stream was cut, a proxy must not use its connection for another request.
    response.shouldKeepAlive = false;
    response.writeHead(200, { ...STREAM_HEADERS, "Content-Type": contentType });
    cutTlsWrites(this.#socket);
    this.#isTaken = true;
    return new ResponseSink(response, this.#pieces);
  }

  converse(contentType: string): ResponseSink {
    const response = this.#response;
    response.writeHead(200, { ...STREAM_HEADERS, "Content-Type": contentType });
    response.flushHeaders();
    cutTlsWrites(this.#socket);
    this.#socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.#isTaken = true;
    return new ResponseSink(response, this.#pieces);
  }

  takeForUpgrade(): UpgradedConnection {
    const request = this.#request;
    const socket = this.#socket;
    const response = this.#response;
    this.#isTaken = true;
    cutTlsWrites(socket);
    response.detachSocket(socket);
    // The response would never emit this otherwise, and the exchange is over only then.
    socket.once("close", () => response.emit("close"));
    const head = takeUpgradeHead(request);
    return { request, socket, head, pieces: this.#pieces };
  }

  cut(): void {
    // Otherwise the connection may have another answer already.
    if (this.#isTaken) this.#socket.destroy();
  }
}
