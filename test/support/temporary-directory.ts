import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const directories: string[] = [];

/** A new, empty directory. */
export function createTemporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "foreverframe-test-"));
  directories.push(directory);
  return directory;
}

/** Attempts to remove a directory, and the pause between two, in ms. */
const ATTEMPTS = 20;
const PAUSE_MS = 100;

/** Remove those that were created; for `afterEach` or `after`. */
export function removeTemporaryDirectories(): void {
  for (const directory of directories.splice(0)) remove(directory);
}

/** Tried again where a program that has been killed, or its child, is still writing. */
function remove(directory: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      rmSync(directory, { recursive: true, force: true });
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}
