/**
 * The packets of Gearman's binary protocol that a worker needs: http://gearman.org/protocol/
 *
 * The clients on npm are not kept any more, and complete a job where it has to go back to the
 * queue.
 */
export const PACKET = {
  CAN_DO: 1,
  PRE_SLEEP: 4,
  NOOP: 6,
  NO_JOB: 10,
  WORK_COMPLETE: 13,
  WORK_FAIL: 14,
  ERROR: 19,
  SET_CLIENT_ID: 22,
  GRAB_JOB_UNIQ: 30,
  JOB_ASSIGN_UNIQ: 31,
} as const;

const HEAD_BYTES = 12;
const REQUEST = Buffer.from("\0REQ");
const RESPONSE = Buffer.from("\0RES");
const SEPARATOR = Buffer.of(0);

/** One packet that came in. */
export interface Packet {
  readonly type: number;
  /** At most as much as the parser keeps. */
  readonly data: Buffer;
  /** How much there was. */
  readonly bytes: number;
}

/** A job: what there is to do, and how it is called. */
export interface Job {
  /** The job server's name for it. */
  readonly handle: string;
  readonly function: string;
  /** Its submitter's name for it, mostly drawn by the library; may be empty. */
  readonly unique: string;
  readonly workload: Buffer;
  /** Of the workload, of which only a part may be there. */
  readonly bytes: number;
}

/** A request to the job server. */
export function formatPacket(type: number, ...parts: readonly (string | Buffer)[]): Buffer {
  const data = Buffer.concat(
    parts.flatMap((part, i) => (i === 0 ? [Buffer.from(part)] : [SEPARATOR, Buffer.from(part)])),
  );
  const head = Buffer.alloc(HEAD_BYTES);
  REQUEST.copy(head);
  head.writeUInt32BE(type, 4);
  head.writeUInt32BE(data.length, 8);
  return Buffer.concat([head, data]);
}

/**
 * The parts of a JOB_ASSIGN_UNIQ: handle, function, unique id, each ended by a zero byte, and the
 * workload.
 */
export function parseJob({ data, bytes }: Packet): Job | null {
  const parts: Buffer[] = [];
  let start = 0;
  for (let n = 0; n < 3; n++) {
    const end = data.indexOf(0, start);
    if (end < 0) return null;
    parts.push(data.subarray(start, end));
    start = end + 1;
  }
  const [handle = "", name = "", unique = ""] = parts.map(String);
  return {
    handle,
    function: name,
    unique,
    workload: data.subarray(start),
    bytes: bytes - start,
  };
}

/**
 * Cuts what comes from a job server into packets. Of one that is too large it keeps the beginning
 * and lets the rest pass by.
 */
export class PacketParser {
  readonly #maxKept: number;
  readonly #onPacket: (packet: Packet) => void;
  #head = Buffer.alloc(0);
  #pieces: Buffer[] = [];
  #kept = 0;
  /** Of the packet that is coming: type and size; null between two. */
  #coming: { readonly type: number; readonly bytes: number } | null = null;
  #missing = 0;

  /** @param maxKept bytes of a packet's data that are kept */
  constructor(maxKept: number, onPacket: (packet: Packet) => void) {
    this.#maxKept = maxKept;
    this.#onPacket = onPacket;
  }

  /** @returns false if this is no packet: the connection is of no use any more */
  push(bytes: Buffer): boolean {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#coming === null) {
        const taken = rest.subarray(0, HEAD_BYTES - this.#head.length);
        this.#head = Buffer.concat([this.#head, taken]);
        rest = rest.subarray(taken.length);
        if (this.#head.length < HEAD_BYTES)
          return RESPONSE.subarray(0, this.#head.length).equals(this.#head.subarray(0, 4));
        if (!this.#head.subarray(0, 4).equals(RESPONSE)) return false;
        const size = this.#head.readUInt32BE(8);
        this.#coming = { type: this.#head.readUInt32BE(4), bytes: size };
        this.#missing = size;
        this.#head = Buffer.alloc(0);
      }
      const piece = rest.subarray(0, this.#missing);
      rest = rest.subarray(piece.length);
      this.#missing -= piece.length;
      const kept = piece.subarray(0, this.#maxKept - this.#kept);
      if (kept.length > 0) this.#pieces.push(kept);
      this.#kept += kept.length;
      if (this.#missing === 0) this.#finish(this.#coming);
    }
    return true;
  }

  #finish({ type, bytes }: { readonly type: number; readonly bytes: number }): void {
    const data = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#kept = 0;
    this.#coming = null;
    this.#onPacket({ type, data, bytes });
  }
}
