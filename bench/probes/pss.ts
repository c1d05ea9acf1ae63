import { readFileSync } from "node:fs";

/** Memory of these processes together in KiB; of what is shared, each process counts its part. */
export function pssKib(pids: readonly number[]): number {
  let kib = 0;
  for (const pid of pids) {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    kib += Number(/^Pss: +(\d+)/m.exec(rollup)?.[1]);
  }
  return kib;
}
