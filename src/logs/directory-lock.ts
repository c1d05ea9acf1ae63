import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ForeverframeError } from "../errors.ts";
import { makeDirectory } from "./log-directory.ts";
import { openError } from "./open-error.ts";

const NAME = "serve.lock";

/**
 * Take a directory for this server: two of them on one log would not hear of one another's messages.
 *
 * The lock is a file that names its process and when that was started. So one that a killed process left behind is
 * known for what it is, also when another process has its number by now. It says nothing to processes that do not see
 * one another, as in two containers on one volume.
 *
 * @returns lets it go
 * @throws ForeverframeError FF_LOG_UNAVAILABLE: another server has it, or it can't be written
 */
export function lockDirectory(directory: string): () => void {
  const path = join(directory, NAME);
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) });
  const draft = `${path}.${process.pid}`;
  try {
    makeDirectory(directory);
    writeFileSync(draft, mine, { mode: 0o600 });
    try {
      takeLock(directory, path, draft);
    } finally {
      rmSync(draft);
    }
  } catch (error) {
    if (error instanceof ForeverframeError) throw error;
    throw openError(directory, error);
  }
  return () => rmSync(path, { force: true });
}

function takeLock(directory: string, path: string, draft: string): void {
  if (tryLink(draft, path)) return;
  const left = readFileSync(path, "utf8");
  if (isAlive(left)) throw inUse(directory, left);
  takeAway(path, left, directory);
  if (!tryLink(draft, path)) throw inUse(directory, readFileSync(path, "utf8"));
}

/** A link is made whole or not at all, unlike a file that is written. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** Remove the lock that was left, unless another server was faster and this is its own. */
function takeAway(path: string, left: string, directory: string): void {
  const aside = `${path}.left.${process.pid}`;
  renameSync(path, aside);
  const taken = readFileSync(aside, "utf8");
  if (taken !== left) {
    tryLink(aside, path);
    rmSync(aside);
    throw inUse(directory, taken);
  }
  rmSync(aside);
}

function isAlive(lock: string): boolean {
  const owner = parseLock(lock);
  if (owner === null) return false;
  // The start tells a process from a later one of the same number, whoever's that is.
  if (startOf(process.pid) !== null) return startOf(owner.pid) === owner.started;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process may not be signalled, but it is there.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Who made a lock; null if it is none, or names no process. */
function parseLock(lock: string): { readonly pid: number; readonly started: string } | null {
  try {
    const { pid, started } = JSON.parse(lock) as { pid?: unknown; started?: unknown };
    return Number.isInteger(pid) ? { pid: Number(pid), started: String(started) } : null;
  } catch {
    return null;
  }
}

/** When a process was started, in the kernel's ticks; null where it has ended, or the system does not say. */
function startOf(pid: number): string | null {
  try {
    // Fields 3 and 22, counted from after the name, which may hold anything:
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ended = fields[0] === "Z" || fields[0] === "X"; // killed, and nobody has asked how it ended
    return ended ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function inUse(directory: string, lock: string): ForeverframeError {
  const pid = /"pid":(\d+)/.exec(lock)?.[1] ?? "unknown";
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    `Another server (process ${pid}) has the log in "${directory}": stop it, or give another directory with --data`,
  );
}
