import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/** Called by a stream when it is done with a piece: with an error, or with nothing. */
type Done = (error?: Error | null) => void;

/**
 * A connection as Node's HTTP server is given it: in place of the socket, so that a stream can take the socket away.
 *
 * For as long as a connection lasts, Node's server keeps a parser for it, a dozen listeners and their contexts: 6 of the
 * 9.4 KiB that a stream took (measured). When a stream takes the socket, HTTP sees this connection end, and lets go
 * of all that. An ordinary request costs some microseconds more for it.
 */
export class HttpConnection extends Duplex {
  readonly #socket: Socket;
  #taken = false;
  /** Requests that came and are not answered yet. */
  requestsUnderWay = 0;

  readonly #onData = (bytes: Buffer) => {
    if (!this.push(bytes)) this.#socket.pause();
  };
  readonly #onEnd = () => this.push(null);
  readonly #onError = (error: Error) => this.destroy(error);
  readonly #onClose = () => this.destroy();
  readonly #onTimeout = () => this.emit("timeout");

  constructor(socket: Socket) {
    super({ decodeStrings: false });
    this.#socket = socket;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
    socket.on("timeout", this.#onTimeout);
  }

  /** The connection of a request. */
  static of({ socket }: { readonly socket: Duplex }): HttpConnection {
    if (socket instanceof HttpConnection) return socket;
    throw new TypeError("The server was not given its connections by Connections.serve()");
  }

  /** See `net.Socket`. */
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  /** See `net.Socket`; Node's server finds idle connections by it. */
  setTimeout(ms: number): this {
    if (!this.#taken) this.#socket.setTimeout(ms);
    return this;
  }

  /** Finish what is being written, then cut the connection. Node's server calls it after the last response. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /**
   * Whether nothing else is on the connection but the one request: nothing unread before or behind it, nothing unwritten, and
   * both sides open.
   */
  get isQuiet(): boolean {
    const nothingWaits = this.readableLength === 0 && this.writableLength === 0;
    return this.requestsUnderWay === 1 && nothingWaits && this.#socket.writable;
  }

  /**
   * Take the socket; what is written afterwards goes nowhere. It is the caller's to end this connection, so that HTTP lets
   * go of it.
   *
   * @returns the socket, without listeners and without a timer. It may be destroyed already.
   */
  takeSocket(): Socket {
    const socket = this.#socket;
    socket.off("data", this.#onData);
    socket.off("end", this.#onEnd);
    socket.off("error", this.#onError);
    socket.off("close", this.#onClose);
    socket.off("timeout", this.#onTimeout);
    socket.setTimeout(0);
    socket.resume(); // HTTP may have paused it, and then nobody would see that the client has gone
    this.#taken = true;
    return socket;
  }

  /** Cut the connection, taken or not. */
  cut(): void {
    this.#socket.destroy();
  }

  override _read(): void {
    if (!this.#taken && this.#socket.isPaused()) this.#socket.resume();
  }

  // Done when the kernel has it, as with a socket: Node's server times idle connections from then on.
  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: Done): void {
    if (this.#taken) done();
    else this.#socket.write(chunk, encoding, done);
  }

  override _writev(pieces: { chunk: Buffer | string; encoding: BufferEncoding }[], done: Done) {
    if (this.#taken) return done();
    const last = pieces.length - 1;
    this.#socket.cork(); // one system call for a head, its body and the terminator
    pieces.forEach(({ chunk, encoding }, i) => {
      this.#socket.write(chunk, encoding, i === last ? done : undefined);
    });
    this.#socket.uncork();
  }

  override _final(done: Done): void {
    if (this.#taken) done();
    else this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: Done): void {
    if (!this.#taken) this.#socket.destroy();
    done(error);
  }
}
