import { randomFillSync } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** Enough for the pages that one small removal copies, some times over. */
const RESERVE_BYTES = 2_097_152;

/** Only a disk with this much room can spare the reserve. */
const SPARED_FROM_BYTES = 4 * RESERVE_BYTES;

/**
 * A file that holds some room on the disk, to be given up when that is full.
 *
 * LMDB never writes over what is in use, so to remove something it needs room first: without a
 * reserve, a full disk could not be helped by a deletion.
 */
export class DiskReserve {
  readonly #directory: string;
  readonly #path: string;

  /** @param directory of the log */
  constructor(directory: string) {
    this.#directory = directory;
    this.#path = join(directory, "reserve");
  }

  /**
   * Whether the disk has this much room for this process; also where that can't be told, as when
   * the directory is gone.
   */
  hasRoomFor(bytes: number): boolean {
    try {
      const { bavail, bsize } = statfsSync(this.#directory);
      return bavail * bsize >= bytes;
    } catch {
      return true; // what fails now does not fail for want of room
    }
  }

  /** Make the file where there is none and the disk has room. */
  keep(): void {
    if (existsSync(this.#path) || !this.hasRoomFor(SPARED_FROM_BYTES)) return;
    const draft = `${this.#path}.${process.pid}`;
    try {
      const file = openSync(draft, "w", 0o600);
      try {
        // Some file systems store zeros as nothing.
        writeSync(file, randomFillSync(Buffer.allocUnsafe(RESERVE_BYTES)));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(draft, this.#path);
    } catch {
      // The disk has filled up meanwhile, or the directory is gone: there is nothing to hold.
      rmSync(draft, { force: true });
    }
  }

  /** @returns whether there was something to give up */
  giveUp(): boolean {
    if (!existsSync(this.#path)) return false;
    rmSync(this.#path, { force: true });
    return true;
  }
}
