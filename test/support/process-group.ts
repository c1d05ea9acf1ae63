import { readdirSync, readFileSync } from "node:fs";

const stopped = new Set<number>();

/** Stop a process and all that it has started, as a machine that goes to sleep would. */
export function freeze(pid: number): void {
  process.kill(pid, "SIGSTOP");
  stopped.add(pid);
  for (const child of startedBy(pid)) freeze(child);
}

/** What any thread of a process has started. */
function startedBy(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8")
      .split(" ")
      .filter((child) => child !== "")
      .map(Number),
  );
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
