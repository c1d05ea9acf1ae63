import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/**
 * Bytes that are encrypted at once. While the other side reads nothing, a connection holds this
 * much of its own, outside of V8's heap.
 */
export const MAX_ENCRYPTED_BYTES = 65_536;

/** How Node names the encoding of a chunk that has none. */
const BUFFER = "buffer" as BufferEncoding;

type Done = (error?: Error | null) => void;

interface Chunk {
  readonly chunk: Buffer | string;
  readonly encoding: BufferEncoding;
}

/**
 * Have a TLS connection encrypt what it writes bit by bit. Does nothing for any other connection.
 *
 * Node encrypts each write whole, and writes what waits in its queue as one. So each client that
 * has stopped reading would hold an encrypted copy of a message that all of them share otherwise.
 */
export function cutTlsWrites(socket: Socket): void {
  if (!(socket instanceof TLSSocket)) return;
  // The two methods are what Node documents for those who implement streams. All connections share
  // them: closures for each would be a part of every stream's memory.
  socket._write = writeBits;
  socket._writev = writevBits;
}

function writeBits(
  this: TLSSocket,
  chunk: Buffer | string,
  encoding: BufferEncoding,
  done: Done,
): void {
  if (bytesOf({ chunk, encoding }) <= MAX_ENCRYPTED_BYTES)
    TLSSocket.prototype._write.call(this, chunk, encoding, done);
  else writeAll(this, [{ chunk, encoding }], done);
}

function writevBits(this: TLSSocket, chunks: Chunk[], done: Done): void {
  const bytes = chunks.reduce((sum, chunk) => sum + bytesOf(chunk), 0);
  if (bytes <= MAX_ENCRYPTED_BYTES) TLSSocket.prototype._writev?.call(this, chunks, done);
  else writeAll(this, chunks, done);
}

function writeAll(socket: TLSSocket, chunks: readonly Chunk[], done: Done): void {
  const bits = bitsOf(chunks);
  const next = (error?: Error | null): void => {
    const { value: bit } = bits.next();
    if (error || bit === undefined || socket.destroyed) done(error);
    else TLSSocket.prototype._write.call(socket, bit, BUFFER, next);
  };
  next();
}

/** The bytes of all chunks in pieces of {@link MAX_ENCRYPTED_BYTES}; the last may be smaller. */
function* bitsOf(chunks: readonly Chunk[]): Generator<Buffer, undefined> {
  let small: Buffer[] = [];
  let room = MAX_ENCRYPTED_BYTES;
  for (const chunk of chunks) {
    let rest = toBuffer(chunk);
    while (rest.length >= room) {
      const bit = rest.subarray(0, room);
      yield small.length === 0 ? bit : Buffer.concat([...small, bit]);
      rest = rest.subarray(room);
      small = [];
      room = MAX_ENCRYPTED_BYTES;
    }
    small.push(rest);
    room -= rest.length;
  }
  if (room < MAX_ENCRYPTED_BYTES) yield Buffer.concat(small);
}

function bytesOf({ chunk, encoding }: Chunk): number {
  return typeof chunk === "string" ? Buffer.byteLength(chunk, encoding) : chunk.length;
}

function toBuffer({ chunk, encoding }: Chunk): Buffer {
  return typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk;
}
