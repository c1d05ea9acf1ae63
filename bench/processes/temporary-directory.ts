import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const directories = new Set<string>();
let isRemovedAtExit = false;

function removeAll(): void {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}

/** A directory that is removed when the benchmark ends, if not before. */
export function temporaryDirectory(): string {
  // Not when this file is loaded: measured-process.ts has to kill the processes that write into the
  // directories first.
  if (!isRemovedAtExit) process.once("exit", removeAll);
  isRemovedAtExit = true;
  const directory = mkdtempSync(join(tmpdir(), "foreverframe-bench-"));
  directories.add(directory);
  return directory;
}

/** Remove a temporary directory before the benchmark ends. */
export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  directories.delete(directory);
}
