import { readFileSync } from "node:fs";
import { ForeverframeError } from "../errors.ts";

/** Files kept free for the log, the pages, log lines, and connections that are not streams. */
const RESERVED_FILES = 200;

/**
 * How many files this process may have open; null where the system does not say. Node raises it to
 * what it may.
 */
export function readOpenFilesLimit(): number | null {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null; // not Linux
  }
}

/**
 * Sockets that may be open before idle connections have to make room; Infinity where the system
 * does not say.
 */
export function maxSocketsOf(openFiles: number | null): number {
  return openFiles === null
    ? Number.POSITIVE_INFINITY
    : Math.max(1, openFiles - RESERVED_FILES / 2);
}

/** Most streams if neither the settings nor the system's limit of open files say how many. */
const MAX_STREAMS_UNKNOWN = 1_000;

/**
 * How many streams there may be: each needs a file.
 *
 * @param wanted 0 for as many as there is room for
 * @throws ForeverframeError FF_CONFIG_INVALID: there is not that much room
 */
export function resolveMaxStreams(wanted: number, openFiles: number | null): number {
  if (openFiles === null) return wanted || MAX_STREAMS_UNKNOWN;
  const room = Math.max(1, openFiles - RESERVED_FILES);
  if (wanted <= room) return wanted || room;
  throw new ForeverframeError(
    "FF_CONFIG_INVALID",
    `--max-streams is ${wanted}, and the limit of open files leaves room for ${room}: raise it first (ulimit -n ${wanted + RESERVED_FILES})`,
  );
}
