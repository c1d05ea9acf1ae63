// Runs all tests, in groups of files: each group is a mocha process, and several run at a time,
// since most tests wait most of their time. Prints each group as it ends, and those that failed
// last.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const ROOT = join(import.meta.dirname, "..");

/** This many groups run at a time, however busy the processors are. */
const MIN_RUNNING = 2 * availableParallelism();

/** Up to this many run while the processors have time left: groups that wait need none. */
const MAX_RUNNING = 4 * availableParallelism();

/** A part of the processors' time. If more than this was idle, another group is started. */
const ENOUGH_IDLE = 0.25;

/** How often that is looked at, in ms. */
const LOOK_MS = 1_000;

/** A process may take this long to end after its tests, in ms: what is left open keeps it. */
const END_MS = 30_000;

/** Files that measure time, memory or CPU, or take all of it: they run last, alone. */
const ALONE = [
  "test/chaos/chaos.test.ts",
  "test/core/view.test.ts",
  "test/faults/drain.test.ts",
  "test/faults/idle.test.ts",
  "test/fuzz/time.test.ts",
  "test/http/budget.test.ts",
  "test/http/slow-readers.test.ts",
  "test/http/storm.test.ts",
  "test/http/stuck-views.test.ts",
  "test/logs/due-queue.test.ts",
];

/** How many groups the files of a folder make, if more than one. What takes longest comes first. */
const GROUPS = {
  "test/browser": 5,
  "test/sources": 1,
  "test/workers": 2,
  "test/commands": 1,
  "test/http": 3,
  "test/faults": 3,
};

function groupFiles(files) {
  const folders = new Set([...Object.keys(GROUPS), ...files.map(dirname)]);
  return [...folders].flatMap((folder) => {
    const own = files.filter((file) => dirname(file) === folder && !ALONE.includes(file));
    const count = Math.min(GROUPS[folder] ?? 1, own.length);
    return Array.from({ length: count }, (_, n) => own.filter((_, i) => i % count === n));
  });
}

/** The reporter's last line. */
const TOTAL = /^(\d+) passed, (\d+) failed$/m;

const children = new Set();

/** Stop a mocha with all that its tests have started. */
const stop = (child) => process.kill(-child.pid, "SIGINT");

for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => {
    for (const child of children) stop(child);
    process.exit(1);
  });

/** Run one group. A mocha that fails without a failed test counts as one. */
function run(group) {
  const started = performance.now();
  const child = spawn("node_modules/.bin/mocha", group, { cwd: ROOT, detached: true });
  children.add(child);
  let output = "";
  let timer;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
      if (TOTAL.test(text)) timer = setTimeout(stop, END_MS, child);
    });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      children.delete(child);
      const seconds = Math.round((performance.now() - started) / 1_000);
      const [isWhole, passed = 0, failed = 0] = TOTAL.exec(output) ?? [];
      const isGood = code === 0 && isWhole !== undefined;
      output += `${group.join(" ")}: ${seconds} s${isGood ? "" : `, ended with ${signal ?? code}`}\n`;
      if (isGood) process.stdout.write(output);
      resolve({ passed: Number(passed), failed: isGood ? 0 : Math.max(failed, 1), output });
    });
  });
}

/** @returns a function that tells which part of the CPU time was idle since its last call */
function watchIdle() {
  let last = { idle: 0, all: 0 };
  return () => {
    const now = { idle: 0, all: 0 };
    for (const { times } of cpus()) {
      now.idle += times.idle;
      for (const ms of Object.values(times)) now.all += ms;
    }
    const part = (now.idle - last.idle) / (now.all - last.all);
    last = now;
    return part;
  };
}

/** Run all, as many at a time as the processors bear. */
async function runTogether(groups) {
  const idlePart = watchIdle();
  const results = [];
  let running = 0;
  for (const group of groups) {
    while (running >= MIN_RUNNING) {
      await pause(LOOK_MS);
      if (idlePart() > ENOUGH_IDLE && running < MAX_RUNNING) break;
    }
    running++;
    results.push(run(group).finally(() => running--));
  }
  return Promise.all(results);
}

const files = readdirSync(join(ROOT, "test"), { recursive: true })
  .map((name) => `test/${name}`)
  .filter((name) => name.endsWith(".test.ts"))
  .sort();
for (const file of ALONE)
  if (!files.includes(file)) throw new Error(`There is no ${file}: correct ALONE in test/run.mjs`);

const results = [...(await runTogether(groupFiles(files))), await run(ALONE)];
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
for (const { failed, output } of results) if (failed > 0) process.stdout.write(output);
process.stdout.write(`\n${sum("passed")} passed, ${sum("failed")} failed\n`);
process.exitCode = sum("failed") > 0 ? 1 : 0;
