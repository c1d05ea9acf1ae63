import { statSync } from "node:fs";
import { ForeverframeError } from "../errors.ts";

/** A file is looked for at most this often, in ms. */
const LOOK_EVERY_MS = 1_000;

/**
 * Notices that a file which is open was removed or replaced.
 *
 * What is written to it then goes nowhere, and nothing else would tell: cleaners of temporary
 * folders, restored backups and volumes that are unmounted do this.
 */
export class FileWatch {
  readonly #path: string;
  readonly #opened: string;
  #lookedAt = 0;
  #isThere = true;

  /** @param path of a file that has just been opened */
  constructor(path: string) {
    this.#path = path;
    this.#opened = identityOf(path);
  }

  /** @throws ForeverframeError FF_LOG_UNAVAILABLE */
  check(): void {
    const now = performance.now();
    if (now - this.#lookedAt >= LOOK_EVERY_MS) {
      this.#lookedAt = now;
      this.#isThere = identityOf(this.#path) === this.#opened;
    }
    if (this.#isThere) return;
    throw new ForeverframeError(
      "FF_LOG_UNAVAILABLE",
      `The log's file "${this.#path}" was removed or replaced while it is in use, and nothing more is stored: put it in its place, and restart the server`,
    );
  }
}

/** Tells a file from any other of its name; empty where there is none. */
function identityOf(path: string): string {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? "" : `${found.dev}:${found.ino}`;
}
