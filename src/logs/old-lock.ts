import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * The process of version 0.1 that has a directory by its file `serve.lock`; null if there is none.
 * A file that was left behind is removed.
 */
export function findOldLock(directory: string): number | null {
  const path = join(directory, "serve.lock");
  const owner = readOwner(path);
  if (owner !== null && owner.pid !== process.pid && startOf(owner.pid) === owner.started)
    return owner.pid;
  rmSync(path, { force: true });
  return null;
}

function readOwner(path: string): { readonly pid: number; readonly started: string } | null {
  try {
    const { pid, started } = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    return Number.isInteger(pid) ? { pid: Number(pid), started: String(started) } : null;
  } catch {
    return null;
  }
}

/**
 * When a process was started, in the kernel's ticks; null where it has ended, or the system does
 * not say.
 */
function startOf(pid: number): string | null {
  try {
    // Fields 3 and 22, counted from after the name, which may hold anything:
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Killed, but its parent has not asked how it ended
    const ended = fields[0] === "Z" || fields[0] === "X";
    return ended ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
