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

/**
 * Remove those that were created; for `afterEach` or `after`. Tried again where a program that has
 * been killed is still writing.
 */
export function removeTemporaryDirectories(): void {
  for (const directory of directories.splice(0))
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
