import { readdirSync, readFileSync } from "node:fs";

/** CPU time that the living threads of a process have taken, in us. */
export function cpuTimeUs(pid: number): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  }
  return ns / 1_000;
}
