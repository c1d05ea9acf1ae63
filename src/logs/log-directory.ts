import { chmodSync, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Only its owner may look into the directory of a log, and read or write its files. */
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const OTHERS_NOTHING = 0o077;

/**
 * Make a directory and those above it, where they are not there. One that is there keeps its mode.
 *
 * Node's own way never returns where nothing can be made and the system's error says "missing", as
 * in /proc.
 *
 * @throws the system's error
 */
export function makeDirectory(directory: string): void {
  const path = resolve(directory);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const above = dirname(path);
  if (above !== path && !existsSync(above)) makeDirectory(above);
  try {
    mkdirSync(path, { mode: DIRECTORY_MODE });
  } catch (error) {
    const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
    if (isThere && statSync(path).isDirectory()) return; // another process was first
    throw error;
  }
  chmodSync(path, DIRECTORY_MODE); // whatever the umask
}

/** Run something that creates files, so that they are their owner's alone from the beginning. */
export function withPrivateFiles<T>(run: () => T): T {
  const umask = process.umask(OTHERS_NOTHING);
  try {
    return run();
  } finally {
    process.umask(umask);
  }
}

/**
 * Take away access for all but the owner from files of a directory that were made with other modes.
 * Missing files are skipped.
 */
export function makePrivate(directory: string, names: readonly string[]): void {
  for (const path of names.map((name) => join(directory, name))) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || (found.mode & OTHERS_NOTHING) === 0) continue;
    // Only the owner may change the mode. Members of its group may use the file all the same.
    if (found.uid === process.getuid?.()) chmodSync(path, FILE_MODE);
  }
}
