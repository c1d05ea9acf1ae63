import { readFileSync } from "node:fs";
import { relative } from "node:path";
import Mocha from "mocha";

/** A file that takes this long is named with its time. */
const LONG_SECONDS = 5;

/** The CPU time of this process and of those that it has started and that have ended, in s. */
function cpuSeconds() {
  const stat = readFileSync("/proc/self/stat", "latin1");
  const times = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15);
  return times.reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}

/**
 * The spec reporter, and lines that any script can read: one for each file that took long, one for
 * each file with a failed test, and the last with the totals.
 */
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const files = new Set();
    let file = null;
    let since = performance.now();
    let cpuSince = cpuSeconds();
    const tellTime = () => {
      const seconds = Math.round((performance.now() - since) / 1_000);
      const cpu = Math.round(cpuSeconds() - cpuSince);
      if (file && seconds >= LONG_SECONDS)
        console.log(`took ${seconds} s, ${cpu} s of CPU: ${file}`);
    };
    runner.on("suite", (suite) => {
      if (!suite.parent?.root) return;
      const next = relative(process.cwd(), suite.file);
      if (next === file) return;
      tellTime();
      file = next;
      since = performance.now();
      cpuSince = cpuSeconds();
    });
    runner.on("fail", ({ file, parent }) => files.add(file ?? parent?.file));
    runner.once("end", () => {
      tellTime();
      for (const file of files) if (file) console.log(`failed: ${relative(process.cwd(), file)}`);
      const { passes, failures } = this.stats;
      console.log(`${passes} passed, ${failures} failed`);
    });
  }
}
