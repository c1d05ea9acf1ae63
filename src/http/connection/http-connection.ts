import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Holding, MemoryBudget } from "../../core/memory-budget.ts";
import type { TurnBudget } from "../../core/turn-budget.ts";
import type { WaitingPieces } from "../sinks/waiting-pieces.ts";
import { isEncrypted } from "./encrypted.ts";
import { type Exchange, type Turn, type TurnRequest, Turns } from "./turns.ts";
import { UnreadAnswers } from "./unread-answers.ts";

/** Requests that may wait for their turn. While this many do, nothing more is read. */
const MAX_WAITING_REQUESTS = 16;

/**
 * Bytes that are parsed behind the first request, and how many times their size short headers take
 * once they are parsed.
 */
const MAX_AHEAD_BYTES = 8_192;
const PARSED_FACTOR = 10;

/**
 * What Node reads at once. A read of this many bytes is followed by others in the same turn of the
 * event loop, 32 in all, unless the socket is paused; a paused one keeps one more.
 */
const FULL_READ_BYTES = 65_536;

/** HTTP's parser is given this many bytes at once, so that few requests can come at once. */
const PIECE_BYTES = 4_096;

const NOTHING = Buffer.alloc(0);

/** Called by a stream when it is done with a piece: with an error, or with nothing. */
type Done = (error?: Error | null) => void;

/** What a connection keeps to. */
export interface ConnectionLimits {
  /** The connection is cut when the other side has taken nothing for this long while bytes wait. */
  readonly stallMs: number;
  /** Time for parsing what comes from the connections. */
  readonly reading: TurnBudget;
  /** Counts the bytes that came and wait behind a request that is being served. */
  readonly received: MemoryBudget;
  /** Counts the bytes of answers that wait for their readers. */
  readonly unread: MemoryBudget;
  /** The same for streams that take the connection. */
  readonly waitingPieces: WaitingPieces;
}

/** Hears when a connection becomes busy, and when it becomes idle. */
export interface ConnectionHost {
  /** It has requests now. */
  onBusy(connection: HttpConnection): void;
  /** It has no requests any more. */
  onIdle(connection: HttpConnection): void;
}

/**
 * The connection that Node's HTTP server is given in place of the socket, so that a stream can take
 * the socket away.
 *
 * For as long as a connection lasts, Node's server keeps a parser for it, a dozen listeners and
 * their contexts: 6 of the 9.4 KiB that a stream took (measured). When a stream takes the socket,
 * HTTP sees this connection end, and lets go of all that. An ordinary request costs some
 * microseconds more for it.
 *
 * It serves one request at a time. Requests behind it wait for their turn: otherwise a client could
 * have thousands of answers made at once, and an upgrade would take the connection from an answer
 * that is under way. Only publishes overlap, since many of them share one commit to the disk, and
 * only as many as may wait.
 */
export class HttpConnection extends Duplex {
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #limits: ConnectionLimits;
  readonly #answers: UnreadAnswers;
  /** Most connections never need one. */
  #receivedHolding: Holding | null = null;
  #taken = false;
  readonly #turns = new Turns();
  /** What was read of the socket and is not given to the parser yet. */
  #unread: Buffer = NOTHING;
  /** Whether the parser is being given a piece, or will be when it is this connection's turn. */
  #isFeeding = false;
  /** Bytes given to the parser while a request waits behind another. */
  #aheadBytes = 0;
  /** The other side has ended its half, which HTTP is told when nothing is under way. */
  #isHalfClosed: boolean;
  /** The parser has failed, or was told that nothing more comes: what follows is not for it. */
  #isBroken = false;
  /** See {@link receiveWithoutEnd}. */
  #endless: { readonly exchange: Exchange; readonly onBrokenOff: () => void } | null = null;

  readonly #onData = (bytes: Buffer) => {
    if (this.#isBroken) return;
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
    if (bytes.length < FULL_READ_BYTES) this.#feed();
    else this.#feedLater();
    if (this.#unread.length > 0) this.#socket.pause();
  };
  readonly #feedPiece = () => {
    if (this.#mayFeed) {
      const piece = this.#unread.subarray(0, PIECE_BYTES);
      this.#unread = this.#unread.subarray(PIECE_BYTES);
      this.#aheadBytes = this.#turns.size < 2 ? 0 : this.#aheadBytes + piece.length;
      this.push(piece);
    }
    this.#isFeeding = false;
    this.#readOn();
    this.#endIfServed();
  };
  readonly #onEnd = () => {
    this.#isHalfClosed = true;
    this.emit("halfClosed");
    this.#endIfServed();
  };
  // Not only `_read`, which is not called again before something was given for the last call.
  readonly #onResume = () => this.#readOn();
  readonly #onError = (error: Error) => this.destroy(error);
  readonly #onClose = () => this.destroy();
  readonly #onTimeout = () => {
    if (!this.#answers.areWaiting) this.emit("timeout");
    else if (this.#answers.look()) this.destroy();
  };

  constructor(socket: Socket, host: ConnectionHost, limits: ConnectionLimits) {
    super({ decodeStrings: false });
    this.#socket = socket;
    this.#host = host;
    this.#limits = limits;
    this.#answers = new UnreadAnswers(socket, limits.stallMs, limits.unread);
    this.#isHalfClosed = socket.readableEnded;
    // Node's server takes its own listener away with an upgrade, and an error without a listener
    // ends the process.
    this.on("error", ignore);
    this.on("resume", this.#onResume);
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("error", this.#onError);
    socket.off("error", ignore); // where it was another connection's before
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

  /** See `net.Socket`. */
  get localAddress(): string | undefined {
    return this.#socket.localAddress;
  }

  /** See `net.Socket`. */
  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  /** See `tls.TLSSocket`. */
  get encrypted(): boolean {
    return isEncrypted(this.#socket);
  }

  /** See `net.Socket`; Node's server finds idle connections by it. */
  setTimeout(ms: number): this {
    if (!this.#taken) this.#answers.setHttpTimeout(ms);
    return this;
  }

  /** See `net.Socket`. */
  setKeepAlive(isOn: boolean, initialDelayMs: number): this {
    this.#socket.setKeepAlive(isOn, initialDelayMs);
    return this;
  }

  /**
   * The body of the request that is being served may have no end: it is never too late, and no
   * other connection needs its place more.
   *
   * @param onBrokenOff called if it breaks off: its answer may still be under way
   */
  receiveWithoutEnd(onBrokenOff: () => void): void {
    const exchange = this.receiving;
    this.#endless = exchange === null ? null : { exchange, onBrokenOff };
  }

  /** Of the request that is being received; null if its body has an end. */
  get onBrokenOff(): (() => void) | null {
    // The connection goes on to other requests behind one whose body has ended.
    const { receiving } = this;
    if (receiving === null || this.#endless?.exchange !== receiving) return null;
    return this.#endless.onBrokenOff;
  }

  /** See {@link ConnectionLimits}. */
  get waitingPieces(): WaitingPieces {
    return this.#limits.waitingPieces;
  }

  /**
   * Finish what is being written, then cut the connection. Node's server calls it after the last
   * response.
   */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /** Start with bytes that were read of the socket before it came here. */
  startWith(bytes: Buffer): void {
    this.#unread = bytes;
  }

  /**
   * Serve a request when all that came before it have been answered.
   *
   * @returns to be called when it has been answered, or never will be
   */
  inTurn(request: TurnRequest): () => void {
    const turn = this.#turns.add(request);
    if (this.#turns.size === 1) this.#host.onBusy(this);
    this.#turns.beginNext();
    return () => this.#endTurn(turn);
  }

  /** See {@link Turns.read}. */
  inReadOrder(request: IncomingMessage, go: () => void): void {
    this.#turns.read(request, go);
  }

  /**
   * Go on with the answers under way when Node's server has let go of the connection, as it does
   * for a request to upgrade or to be a proxy. From then on it does not tell them any more that the
   * connection takes bytes again, and one that waits for that would wait for ever.
   */
  answerOn(): void {
    this.on("drain", () => this.#turns.first?.exchange?.response?.emit("drain"));
  }

  /** Whether nobody waits for a stream on it any more. */
  get isGone(): boolean {
    return this.#isHalfClosed || this.#socket.destroyed;
  }

  /** The exchange whose request has not come whole yet; null if all have. */
  get receiving(): Exchange | null {
    return this.#turns.receiving;
  }

  /**
   * Stop reading, since what comes can't be understood. A request that waits and is not complete
   * will never be: it is given up, so that the turn behind it comes next.
   */
  stopReading(): void {
    this.#isBroken = true;
    this.#unread = NOTHING;
    this.#turns.giveUpBroken();
  }

  /**
   * Whether nothing else is on the connection but the one request: nothing behind it but line ends,
   * nothing unwritten, and both sides open.
   */
  get isQuiet(): boolean {
    // Old clients send an empty line behind a request:
    // https://www.rfc-editor.org/rfc/rfc9112#section-2.2-3
    const nothingWaits = this.readableLength === 0 && isOnlyLineEnds(this.#unread);
    const isOpen = !this.#isHalfClosed && !this.#isBroken && this.#socket.writable;
    return this.#turns.size === 1 && nothingWaits && this.writableLength === 0 && isOpen;
  }

  /** What came behind the request that is being served, and was not parsed. It is taken out. */
  takeUnread(): Buffer {
    const pieces = [this.read() as Buffer | null, this.#unread];
    this.#unread = NOTHING;
    return Buffer.concat(pieces.filter((piece) => piece !== null));
  }

  /**
   * Take the socket; what is written afterwards goes nowhere. The caller has to end this
   * connection, so that HTTP lets go of it.
   *
   * @returns the socket, without listeners and without a timer. It may be destroyed already.
   */
  takeSocket(): Socket {
    const socket = this.#socket;
    this.#endHoldings();
    socket.off("data", this.#onData);
    socket.off("end", this.#onEnd);
    socket.off("error", this.#onError);
    socket.off("close", this.#onClose);
    socket.off("timeout", this.#onTimeout);
    // Until the new owner listens.
    socket.on("error", ignore);
    socket.setTimeout(0);
    socket.resume(); // HTTP may have paused it, and then nobody would see that the client has gone
    this.#taken = true;
    return socket;
  }

  /** Hold back what is written from now on; who takes the socket has to uncork it. */
  holdBack(): void {
    this.#socket.cork();
  }

  /** Cut the connection, taken or not. */
  cut(): void {
    this.#socket.destroy();
  }

  override _read(): void {
    this.#readOn();
  }

  // Done when the kernel has it, as with a socket: from then on, Node's server counts the idle
  // time.
  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: Done): void {
    if (this.#taken) {
      done();
      return;
    }
    this.#socket.write(chunk, encoding, this.#whenTaken(done));
    this.#answers.add();
  }

  override _writev(pieces: { chunk: Buffer | string; encoding: BufferEncoding }[], done: Done) {
    if (this.#taken) {
      done();
      return;
    }
    const last = pieces.length - 1;
    this.#socket.cork(); // one system call for a head, its body and the terminator
    pieces.forEach(({ chunk, encoding }, i) => {
      this.#socket.write(chunk, encoding, i === last ? this.#whenTaken(done) : undefined);
    });
    this.#socket.uncork();
    this.#answers.add();
  }

  override _final(done: Done): void {
    if (this.#taken) done();
    else this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#endHoldings();
    if (!this.#taken) this.#socket.destroy();
    done(error);
  }

  #endTurn(turn: Turn): void {
    this.#turns.end(turn);
    if (this.destroyed || this.#taken) return;
    this.#turns.beginNext();
    if (this.#turns.size === 0) this.#host.onIdle(this);
    this.#readOn();
    this.#endIfServed();
  }

  #readOn(): void {
    if (this.#taken) return;
    this.#feed();
    if (this.#unread.length === 0 && this.#socket.isPaused()) this.#socket.resume();
    this.#countReceived();
  }

  /** Give the parser what was read, in pieces, when it is this connection's turn. */
  #feed(): void {
    if (this.#isFeeding || !this.#mayFeed) return;
    this.#isFeeding = true;
    this.#limits.reading.run(this.#feedPiece);
  }

  #feedLater(): void {
    if (this.#isFeeding) return;
    this.#isFeeding = true;
    this.#limits.reading.runLater(this.#feedPiece);
  }

  /** Whether there is something for the parser, and few requests wait. */
  get #mayFeed(): boolean {
    // A stream that does not flow would keep the pieces, and hand on all of them at once later.
    if (this.#unread.length === 0 || this.readableFlowing !== true || this.destroyed) return false;
    if (this.#turns.size > MAX_WAITING_REQUESTS) return false;
    return this.#turns.size < 2 || this.#aheadBytes < MAX_AHEAD_BYTES;
  }

  /** Count what came and waits behind a request: it may be for as long as a poll does. */
  #countReceived(): void {
    const isBehind = this.#turns.size > 1;
    if (!isBehind && this.#receivedHolding === null) return;
    const { length } = this.#unread;
    // Its socket is paused, and has read one more
    const unread = length > 0 ? length + FULL_READ_BYTES : 0;
    this.#receivedHolding ??= this.#limits.received.hold(() => this.cut());
    this.#receivedHolding.set(isBehind ? unread + this.#aheadBytes * PARSED_FACTOR : 0);
  }

  #endHoldings(): void {
    this.#answers.end();
    this.#receivedHolding?.end();
  }

  #endIfServed(): void {
    if (!this.#isHalfClosed || this.#unread.length > 0) return;
    // A client that has ended its half may still wait for its answer; one that broke off in a
    // request does not.
    if (this.#turns.size === 0 || this.receiving !== null) {
      this.#isBroken = true; // nothing comes any more
      this.push(null);
    }
  }

  /** @returns called when the kernel has taken all that was written */
  #whenTaken(done: Done): Done {
    return (error) => {
      this.#answers.clear();
      done(error);
    };
  }
}

function ignore(): void {}

/** Whether there is nothing but CR and LF. */
export function isOnlyLineEnds(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x0d || byte === 0x0a);
}
