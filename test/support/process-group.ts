import { readdirSync, readFileSync } from "node:fs";

const stopped = new Set<number>();

/** Stop a process and all that it has started, as a machine that goes to sleep would. */
export function freeze(pid: number): void {
  process.kill(pid, "SIGSTOP");
  stopped.add(pid);
  for (const child of startedBy(pid)) freeze(child);
}

/** What any thread of a process has started; nothing where the process has ended. */
function startedBy(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8")
        .split(" ")
        .filter((child) => child !== "")
        .map(Number),
    );
  } catch {
    return [];
  }
}

/** Let everything that was frozen go on; also for `afterEach`. */
export function thawAll(): void {
  for (const pid of stopped) {
    try {
      process.kill(pid, "SIGCONT");
    } catch {
      // The process has ended meanwhile.
    }
  }
  stopped.clear();
}

/** Kill a process and all that it has started; nothing where it has ended. */
export function killTree(pid: number): void {
  for (const child of startedBy(pid)) killTree(child);
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // The process has ended meanwhile.
  }
}
