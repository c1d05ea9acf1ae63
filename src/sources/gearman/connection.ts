import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { formatPacket, PACKET, type Packet, PacketParser } from "./packets.ts";

/** How long a job server may take to accept a connection, or to answer, in ms. */
const ANSWER_MS = 10_000;

/** TCP keep-alive delay in ms, which finds a dead job server. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Most bytes of an answer in the text protocol: it has a line for each function that the job server
 * knows.
 */
const MAX_TEXT_BYTES = 1_048_576;

/** A connection to a job server, whose packets are read one after the other. */
export class GearmanConnection {
  readonly #socket: Socket;
  readonly #pieces: AsyncIterator<Buffer>;
  readonly #parser: PacketParser;
  readonly #packets: Packet[] = [];
  /** A read under way, which outlives who waited for it. */
  #reading: Promise<IteratorResult<Buffer>> | null = null;

  private constructor(socket: Socket, maxKeptBytes: number) {
    this.#socket = socket;
    this.#pieces = socket[Symbol.asyncIterator]();
    this.#parser = new PacketParser(maxKeptBytes, (packet) => this.#packets.push(packet));
  }

  /**
   * @param maxKeptBytes bytes of a packet's data that are kept; the rest is dropped
   * @throws Error when the connection can't be made, or `signal` aborts it
   */
  static async open(
    address: { readonly host: string; readonly port: number },
    maxKeptBytes: number,
    signal: AbortSignal,
  ): Promise<GearmanConnection> {
    const socket = connect(address);
    const late = AbortSignal.timeout(ANSWER_MS);
    try {
      await once(socket, "connect", { signal: AbortSignal.any([signal, late]) });
    } catch (error) {
      socket.on("error", () => {}); // of the attempt that is given up
      socket.destroy();
      throw late.aborted ? noAnswer() : error;
    }
    socket.on("error", () => {}); // the reader hears of it
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setNoDelay(true);
    return new GearmanConnection(socket, maxKeptBytes);
  }

  /**
   * Ask in the text protocol, before the first packet: http://gearman.org/protocol/,
   * "Administrative Protocol".
   *
   * @param isComplete returns whether the answer is complete; throws if it is not one
   */
  async command(command: string, isComplete: (answer: string) => boolean): Promise<string> {
    this.#socket.write(`${command}\r\n`);
    let bytes = Buffer.alloc(0);
    for (;;) {
      const piece = await this.#read(ANSWER_MS);
      if (piece === null) throw noAnswer();
      bytes = Buffer.concat([bytes, piece]);
      const answer = bytes.toString("latin1");
      if (isComplete(answer)) return answer;
      if (bytes.length > MAX_TEXT_BYTES) throw new Error(`the answer to "${command}" has no end`);
    }
  }

  send(type: number, ...parts: readonly (string | Buffer)[]): void {
    this.#socket.write(formatPacket(type, ...parts));
  }

  /** The answer to what was sent, or another packet. @throws Error when none comes */
  async answer(): Promise<Packet> {
    const packet = await this.receive(ANSWER_MS);
    if (packet === null) throw noAnswer();
    return packet;
  }

  /**
   * The next packet; null if none came within this many ms.
   *
   * @throws Error when the connection has ended, or when what came is not a packet, or reports an
   *   error
   */
  async receive(ms: number): Promise<Packet | null> {
    for (;;) {
      const packet = this.#packets.shift();
      if (packet?.type === PACKET.ERROR)
        throw new Error(`the job server reports ${quote(packet.data)}`);
      if (packet !== undefined) return packet;
      const piece = await this.#read(ms);
      if (piece === null) return null;
      if (!this.#parser.push(piece)) throw notGearman(piece);
    }
  }

  /** End it, after what was sent. */
  end(): void {
    this.#socket.destroySoon();
  }

  /** Cut it. */
  destroy(): void {
    this.#socket.destroy();
  }

  async #read(ms: number): Promise<Buffer | null> {
    this.#reading ??= this.#pieces.next();
    this.#reading.catch(() => {}); // if nobody waits any more
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, ms, null);
    });
    const read = await Promise.race([this.#reading, late]).finally(() => clearTimeout(timer));
    if (read === null) return null;
    this.#reading = null;
    if (read.done) throw new Error("the job server has ended the connection");
    return read.value;
  }
}

/** What came is not Gearman's. */
export function notGearman(seen: Buffer | string): Error {
  return new Error(`this is not an answer of a job server: ${quote(seen)}`);
}

/** Quote the beginning of what came, for a log line: it may be anything. */
function quote(seen: Buffer | string): string {
  return JSON.stringify(seen.toString("latin1").slice(0, 60));
}

function noAnswer(): Error {
  return new Error(`no answer in ${ANSWER_MS / 1_000} s`);
}
