import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { ForeverframeError } from "../errors.ts";
import { askSocket, type LockHolder, LockSocket, listSockets } from "./lock-socket.ts";
import { makeDirectory, withPrivateFiles } from "./log-directory.ts";
import { findOldLock } from "./old-lock.ts";
import { openError } from "./open-error.ts";

/** How long to wait for a directory that another server has, in ms: that server may be stopping. */
const WAIT_MS = 5_000;

/** Pause between two looks at the others' sockets, in ms. */
const LOOK_AGAIN_MS = 20;
const TRY_AGAIN_MS = 200;

/** What taking a directory needs. */
export interface LockOptions {
  /** How long another server is waited for, in ms. */
  readonly waitMs?: number;
  /** Called once when waiting begins, with the process that has the directory. */
  readonly onWait: (holder: string) => void;
}

/**
 * Take a directory for this server: two of them on one log would not hear of one another's
 * messages.
 *
 * @returns a function that lets it go
 * @throws ForeverframeError FF_LOG_UNAVAILABLE: another server has it, or nothing can be made there
 */
export async function lockDirectory(
  directory: string,
  { waitMs = WAIT_MS, onWait }: LockOptions,
): Promise<() => void> {
  const deadline = performance.now() + waitMs;
  try {
    makeDirectory(directory);
    for (let isFirst = true; ; isFirst = false) {
      const socket = await withPrivateFiles(() => LockSocket.listen(directory));
      const other = await claim(directory, socket);
      if (other === null) return () => socket.close();
      socket.close();
      if (performance.now() >= deadline) throw inUse(directory, other);
      if (isFirst) onWait(describeHolder(other));
      await pause(TRY_AGAIN_MS);
    }
  } catch (error) {
    if (error instanceof ForeverframeError) throw error;
    if (isUnsupported(error)) throw noSockets(directory, error);
    throw openError(directory, error);
  }
}

/**
 * Decide between all processes that have a socket in a directory.
 *
 * Each shows its socket before it looks at the others', so of two at least one sees the other. A
 * process gives way if it sees a socket that holds the directory, or one with a smaller name that
 * claims it. If it sees a claiming socket with a larger name, it waits until that one has decided.
 * That one does not wait, since it sees a smaller name.
 *
 * @returns the process that has the directory instead; null if this socket holds it
 */
async function claim(directory: string, socket: LockSocket): Promise<LockHolder | null> {
  const oldPid = findOldLock(directory);
  if (oldPid !== null) return { pid: oldPid, host: hostname(), state: "holds" };
  for (let isOpen = true; isOpen; ) {
    isOpen = false;
    for (const name of listSockets(directory)) {
      if (name === socket.name) continue;
      const other = await askSocket(directory, name);
      if (other === null) continue;
      if (other.state === "holds" || name < socket.name) return other;
      isOpen = true;
    }
    if (isOpen) await pause(LOOK_AGAIN_MS);
  }
  if (!socket.isThere) throw new Error("the socket that locks it was removed");
  socket.hold();
  return null;
}

function describeHolder({ pid, host }: LockHolder): string {
  const where = host === hostname() ? "" : ` of ${host}`;
  return pid === null ? "a process that does not answer" : `process ${pid}${where}`;
}

function inUse(directory: string, holder: LockHolder): ForeverframeError {
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    `Another server (${describeHolder(holder)}) has the log in "${directory}": stop it, or give another directory with --data`,
  );
}

/**
 * Whether a file system can't hold sockets, as those of memory sticks and of some shared folders.
 */
function isUnsupported(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL", "ENXIO"].includes(code);
}

function noSockets(directory: string, cause: unknown): ForeverframeError {
  return new ForeverframeError(
    "FF_LOG_UNAVAILABLE",
    `The file system of "${directory}" can't hold the socket that locks the log (${cause}): give a directory on a local disk with --data`,
    { cause },
  );
}
