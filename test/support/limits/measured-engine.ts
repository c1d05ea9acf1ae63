import { readFileSync } from "node:fs";
import type { Engine } from "../engines/engine.ts";
import type { MeasuredPage } from "./measured-page.ts";

/** The page of an engine that is one process, of which nothing but its memory is known. */
export function measuredEngine(engine: Engine): MeasuredPage {
  return {
    open: (url) => engine.open(url),
    evaluate: (expression) => engine.evaluate(expression),
    until: (expression, what, ms) => engine.until(expression, what, ms),
    measure: async () => ({
      nodes: Number(await engine.evaluate("limits.nodes()")),
      bytes: residentBytes(engine.pid),
    }),
  };
}

function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) * 1_024;
}
