import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Framing } from "../../core/transport.ts";
import { STREAM_HEADERS } from "../answer-headers.ts";
import { ResponseSink } from "../sinks/response-sink.ts";
import { SocketSink } from "../sinks/socket-sink.ts";
import type { Carrier, UpgradedConnection } from "./carrier.ts";
import { chunkedFraming, plainFraming } from "./framing.ts";
import { HttpConnection, isOnlyLineEnds } from "./http-connection.ts";
import { KEEP_ALIVE_MS, takeUpgradeHead } from "./upgrades.ts";

/** Line ends that a client of a stream may send at once. */
const MAX_LINE_ENDS = 16;

/**
 * The carrier of a request on our own server: a stream takes the socket.
 *
 * For HTTP the connection ends there, so that request, response, context and parser can be
 * collected, and only the stream times it out, keeps it alive or closes it. The head says that the
 * connection ends with the stream: otherwise a proxy would keep it for its next request.
 */
export class SocketCarrier implements Carrier {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #connection: HttpConnection;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    this.#connection = HttpConnection.of(request);
  }

  get framing(): Framing {
    return this.#isOld ? plainFraming : chunkedFraming;
  }

  get isGone(): boolean {
    return this.#connection.isGone;
  }

  onGone(then: () => void): void {
    const connection = this.#connection;
    // A client that ends its half has gone: a poll would wait for a minute otherwise.
    const end = () => connection.destroy();
    connection.once("halfClosed", end);
    this.#response.once("close", () => {
      connection.off("halfClosed", end);
      then();
    });
    if (!connection.isGone) return;
    then();
    connection.destroy();
  }

  inReadOrder(go: () => void): void {
    this.#connection.inReadOrder(this.#request, go);
  }

  take(contentType: string): SocketSink {
    const response = this.#response;
    const connection = this.#connection;
    // A stream knows nothing of a body that is still to come, of a request behind this one, or of
    // its answer.
    const isAlone = this.#request.complete && connection.isQuiet;
    response.writeHead(200, {
      ...STREAM_HEADERS,
      "Content-Type": contentType,
      Connection: "close",
      ...(this.#isOld ? {} : { "Transfer-Encoding": "chunked" }),
    });
    // One system call for the head and what the stream begins with.
    connection.holdBack();
    response.flushHeaders();
    const socket = connection.takeSocket();
    process.nextTick(uncork, socket);
    // What is written goes nowhere, but to Node the exchange is complete. For an exchange that
    // broke off, Node makes an Error with a stack, which is a tenth of what it takes to open a
    // stream.
    response.once("close", () => connection.destroy());
    response.end();
    const sink = new SocketSink(socket, connection.waitingPieces);
    // A client of a stream has nothing more to say. If it does (a second request on this
    // connection), or ends its side, the stream is over: nobody could answer in the middle of a
    // response that never ends.
    socket.on("data", destroyUnlessLineEnds);
    socket.on("end", destroy);
    if (isAlone) socket.setKeepAlive(true, KEEP_ALIVE_MS);
    else socket.destroy();
    return sink;
  }

  converse(contentType: string, onBrokenOff: () => void): ResponseSink {
    const response = this.#response;
    response.writeHead(200, { ...STREAM_HEADERS, "Content-Type": contentType });
    response.flushHeaders();
    this.#connection.setKeepAlive(true, KEEP_ALIVE_MS);
    if (!this.#request.complete) this.#connection.receiveWithoutEnd(onBrokenOff);
    return new ResponseSink(response, this.#connection.waitingPieces);
  }

  takeForUpgrade(): UpgradedConnection {
    const request = this.#request;
    const connection = this.#connection;
    const head = Buffer.concat([takeUpgradeHead(request), connection.takeUnread()]);
    this.#response.detachSocket(connection as never);
    const socket = connection.takeSocket();
    connection.destroy();
    return { request, socket, head, pieces: connection.waitingPieces };
  }

  cut(): void {
    this.#connection.cut();
  }

  /** HTTP/1.0 knows no chunks. */
  get #isOld(): boolean {
    return this.#request.httpVersion === "1.0";
  }
}

function uncork(socket: Socket): void {
  socket.uncork();
}

function destroy(this: Socket): void {
  this.destroy();
}

/**
 * Old clients send an empty line behind a request:
 * https://www.rfc-editor.org/rfc/rfc9112#section-2.2-3. None sends many.
 */
function destroyUnlessLineEnds(this: Socket, bytes: Buffer): void {
  if (bytes.length > MAX_LINE_ENDS || !isOnlyLineEnds(bytes)) this.destroy();
}
