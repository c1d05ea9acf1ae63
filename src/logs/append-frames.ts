import { deserialize, serialize } from "node:v8";
import type { AppendOutcome, AppendRequest } from "../core/log.ts";
import { type ErrorCode, ForeverframeError } from "../errors.ts";

/** What one process hands to the one that writes: the requests of one turn, in their order. */
export interface AppendFrame {
  readonly type: "append";
  readonly number: number;
  readonly requests: readonly AppendRequest[];
  /** Characters of their data. */
  readonly size: number;
}

/** An error, as it is between processes. */
interface ErrorFigures {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What became of one frame: an outcome for each of its requests, or the failure of all. */
export interface OutcomeFrame {
  readonly type: "outcomes";
  readonly number: number;
  readonly outcomes: readonly (readonly string[] | ErrorFigures)[] | ErrorFigures;
}

/** Said at first, and while frames wait: the process is not stuck, whatever the disk does. */
interface AliveFrame {
  readonly type: "alive";
}

/** Said by a process that ends: it answers what it has been sent, and wants nothing more. */
interface LeavingFrame {
  readonly type: "leaving";
}

/** What processes say to each other about appends. */
export type HandedFrame = AppendFrame | OutcomeFrame | AliveFrame | LeavingFrame;

/** Bytes before a frame that say how long it is. */
const LENGTH_BYTES = 4;

/** A frame's bytes: its length, and then itself as Node serializes values. */
export function formatFrame(frame: HandedFrame): Buffer {
  const body = serialize(frame);
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeUInt32LE(body.length);
  return Buffer.concat([length, body]);
}

/** Puts frames together again from the pieces that come, which begin and end anywhere. */
export class FrameParser {
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Bytes that the next step needs. */
  #needed = LENGTH_BYTES;

  /** @returns the frames that are whole now; null if another program wrote this */
  add(piece: Buffer): readonly HandedFrame[] | null {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes < this.#needed) return [];
    const frames: HandedFrame[] = [];
    const all = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces, this.#bytes);
    let start = 0;
    for (;;) {
      const left = all.length - start;
      const length = left < LENGTH_BYTES ? 0 : all.readUInt32LE(start);
      this.#needed = LENGTH_BYTES + length;
      if (left < this.#needed) break;
      const frame = parseFrame(all.subarray(start + LENGTH_BYTES, start + this.#needed));
      if (frame === null) return null;
      frames.push(frame);
      start += this.#needed;
    }
    this.#pieces = start < all.length ? [all.subarray(start)] : [];
    this.#bytes = all.length - start;
    return frames;
  }
}

function parseFrame(body: Buffer): HandedFrame | null {
  let frame: unknown;
  try {
    frame = deserialize(body);
  } catch {
    return null;
  }
  return typeof frame === "object" && frame !== null && "type" in frame
    ? (frame as HandedFrame)
    : null;
}

/** Outcomes as they are sent. */
export function sendable(outcomes: readonly AppendOutcome[]): OutcomeFrame["outcomes"] {
  return outcomes.map((outcome) =>
    outcome instanceof ForeverframeError ? errorFigures(outcome) : outcome,
  );
}

/** An error as it is sent. What is not for who publishes is said in the writer's own log. */
export function errorFigures(error: unknown): ErrorFigures {
  return error instanceof ForeverframeError
    ? { code: error.code, message: error.message }
    : { code: "FF_INTERNAL", message: "The append failed: the server's log says why" };
}

/** Outcomes as they came. */
export function received(
  outcomes: OutcomeFrame["outcomes"],
): readonly AppendOutcome[] | ForeverframeError {
  if (!isList(outcomes)) return new ForeverframeError(outcomes.code, outcomes.message);
  return outcomes.map((outcome) =>
    isList(outcome) ? outcome : new ForeverframeError(outcome.code, outcome.message),
  );
}

function isList<Item>(value: readonly Item[] | ErrorFigures): value is readonly Item[] {
  return Array.isArray(value);
}
