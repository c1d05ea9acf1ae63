import { constants, fstatSync, openSync, type Stats, writeSync } from "node:fs";
import { Socket } from "node:net";

/** Lines that wait for their reader, in bytes. Beyond it, new lines are counted instead. */
const MAX_WAITING_BYTES = 1_048_576;

/** Pause before writing again to a reader that took nothing, in ms. */
const RETRY_MS = 100;

/**
 * Writes bytes without ever waiting. Returns how many were taken; throws if none ever will be.
 */
type TryWrite = (bytes: Buffer) => number;

/**
 * Standard error for the lines of the log. Neither a reader that stands still nor a full disk may
 * stop or end the server: what can't be written waits, at most 1 MiB of it, and then lines are lost
 * and counted.
 */
export class LogOutput {
  readonly #tryWrite: TryWrite;
  readonly #waiting: Piece[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #retry: NodeJS.Timeout | null = null;

  /** @param tryWrite for tests; by default, chosen by what standard error is */
  constructor(tryWrite: TryWrite = openStandardError()) {
    this.#tryWrite = tryWrite;
  }

  /** @param line with its line end */
  write(line: string): void {
    if (this.#waitingBytes + line.length > MAX_WAITING_BYTES) {
      this.#lost++;
      return;
    }
    if (this.#lost > 0) this.#add(formatLosses(this.#lost), this.#lost);
    this.#lost = 0;
    this.#add(line, 1);
    if (this.#retry === null) this.#flush();
  }

  #add(line: string, lines: number): void {
    const bytes = Buffer.from(line);
    this.#waiting.push({ bytes, lines });
    this.#waitingBytes += bytes.length;
  }

  #flush(): void {
    this.#retry = null;
    for (let piece = this.#waiting.shift(); piece !== undefined; piece = this.#waiting.shift()) {
      const { bytes, lines } = piece;
      const taken = this.#take(piece);
      this.#waitingBytes -= taken;
      if (taken === bytes.length) continue;
      this.#waiting.unshift({ bytes: bytes.subarray(taken), lines });
      this.#retry = setTimeout(() => this.#flush(), RETRY_MS).unref();
      return;
    }
  }

  #take({ bytes, lines }: Piece): number {
    try {
      return this.#tryWrite(bytes);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EAGAIN") return 0;
      this.#lost += lines; // a full disk, or nobody at the other end
      return bytes.length;
    }
  }
}

/** What is to be written, and how many lines it stands for. */
interface Piece {
  readonly bytes: Buffer;
  readonly lines: number;
}

function formatLosses(lost: number): string {
  const about = {
    level: 40,
    time: new Date().toISOString(),
    pid: process.pid,
    name: "foreverframe",
  };
  return `${JSON.stringify({ ...about, lost, msg: "lines of this log were lost" })}\n`;
}

function openStandardError(): TryWrite {
  const stats = statsOf(2);
  if (stats?.isSocket() === true) return openSocket();
  const waits = stats?.isFIFO() === true || stats?.isCharacterDevice() === true;
  const fd = waits ? openUnblocked() : 2;
  return (bytes) => writeSync(fd, bytes);
}

/** Null if it is closed. */
function statsOf(fd: number): Stats | null {
  try {
    return fstatSync(fd);
  } catch {
    return null;
  }
}

/**
 * Open standard error anew: whether a write waits is a property that this process shares with all
 * others that got it from the same parent.
 */
function openUnblocked(): number {
  try {
    return openSync(
      "/proc/self/fd/2",
      constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY,
    );
  } catch {
    return 2; // not Linux, or a terminal of another user: then a write may wait
  }
}

/** A service manager may give a socket: only its own stream never waits. */
function openSocket(): TryWrite {
  const socket = new Socket({ fd: 2, readable: false, writable: true });
  socket.on("error", () => {});
  socket.unref();
  return (bytes) => {
    if (socket.destroyed) throw new Error("standard error is closed");
    if (socket.writableLength > 0) return 0;
    socket.write(bytes);
    return bytes.length;
  };
}
