// Runs all tests, in several mocha processes beside one another, since most tests wait most of
// their time. Prints what each process has said when it ends, those with failed tests last. A file
// that fails beside the others is run again by itself: only what fails there counts as failed, but
// each such file is named, since a test that needs this has a fault, too.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/**
 * So many processes begin with the tests in browsers, and as many others run beside them. More of
 * them end no sooner, since the tests take all the CPU there is, and miss their times.
 */
const LANES = availableParallelism();

/** A process may take this long to end after its tests, in ms: what is left open keeps it. */
const END_MS = 30_000;

/**
 * Files that measure time, memory or CPU: two processes run them, each on a core of its own, and
 * nothing beside.
 */
const MEASURING = [
  [
    "test/http/stuck-views.test.ts", // first: it measures the memory of its process
    "test/core/view.test.ts",
    "test/fuzz/fuzz.test.ts",
    "test/fuzz/time.test.ts",
    "test/logs/due-queue.test.ts",
  ],
  [
    "test/http/tls-memory.test.ts",
    "test/http/long-heads.test.ts",
    "test/http/budget.test.ts",
    "test/http/storm.test.ts",
  ],
];

/** Those that take all of it, but for one another. */
const BUSY = [
  ["test/chaos/chaos.test.ts"],
  ["test/http/slow-readers.test.ts", "test/tokens/floods.test.ts"],
];
const ALONE = [...MEASURING, ...BUSY].flat();

/**
 * How long files take beside one another on two cores, in s, as the last run has named them, so
 * that all processes end at about the same time.
 */
const SECONDS = {
  "test/browser/admin.test.ts": 30,
  "test/browser/classic.test.ts": 55,
  "test/browser/client-asks.test.ts": 26,
  "test/browser/client-away.test.ts": 86,
  "test/browser/client-crash.test.ts": 165,
  "test/browser/client-cycles.test.ts": 20,
  "test/browser/client-late.test.ts": 39,
  "test/browser/client-life.test.ts": 106,
  "test/browser/client-load.test.ts": 16,
  "test/browser/client-origin.test.ts": 10,
  "test/browser/client-page.test.ts": 80,
  "test/browser/client-path.test.ts": 35,
  "test/browser/client-renewal.test.ts": 15,
  "test/browser/client-restore.test.ts": 92,
  "test/browser/client-tabs.test.ts": 166,
  "test/browser/client-times.test.ts": 34,
  "test/browser/client-token.test.ts": 6,
  "test/browser/cookies.test.ts": 37,
  "test/browser/gearman.test.ts": 25,
  "test/browser/outside.test.ts": 14,
  "test/browser/prefix.test.ts": 17,
  "test/browser/story.test.ts": 70,
  "test/browser/tls.test.ts": 14,
  "test/buses/leased-duties.test.ts": 8,
  "test/buses/redis-bus.test.ts": 22,
  "test/buses/redis-nodes.test.ts": 16,
  "test/clients/clients.test.ts": 46,
  "test/commands/admin-commands.test.ts": 42,
  "test/commands/backup.test.ts": 46,
  "test/commands/bench.test.ts": 5,
  "test/commands/commands.test.ts": 146,
  "test/commands/completion.test.ts": 10,
  "test/commands/doctor.test.ts": 69,
  "test/commands/publish-connection.test.ts": 7,
  "test/core/poll-hand-over.test.ts": 5,
  "test/core/rare-patterns.test.ts": 8,
  "test/engines/engines.test.ts": 80,
  "test/examples/cluster.test.ts": 5,
  "test/examples/node.test.ts": 16,
  "test/examples/php.test.ts": 8,
  "test/examples/prometheus.test.ts": 6,
  "test/examples/publish-connection.test.ts": 6,
  "test/examples/session.test.ts": 117,
  "test/faults/drain.test.ts": 28,
  "test/faults/full-disk.test.ts": 39,
  "test/faults/idle.test.ts": 12,
  "test/faults/kill.test.ts": 8,
  "test/faults/lock.test.ts": 22,
  "test/faults/log-directory.test.ts": 6,
  "test/faults/log-trouble.test.ts": 36,
  "test/faults/redis-access.test.ts": 46,
  "test/faults/redis-cluster.test.ts": 25,
  "test/faults/redis-nodes.test.ts": 35,
  "test/faults/redis-sentinel.test.ts": 85,
  "test/faults/redis.test.ts": 55,
  "test/hooks/server-events.test.ts": 14,
  "test/hooks/stream-hooks.test.ts": 8,
  "test/http/connection-states.test.ts": 39,
  "test/http/control.test.ts": 8,
  "test/http/few-sockets.test.ts": 6,
  "test/http/frame.test.ts": 6,
  "test/http/publish-connection-input.test.ts": 5,
  "test/http/publish-connection-limits.test.ts": 7,
  "test/http/shared-connection.test.ts": 10,
  "test/http/sse.test.ts": 10,
  "test/http/tls-transport-contract.test.ts": 17,
  "test/http/tls.test.ts": 8,
  "test/http/transport-contract.test.ts": 88,
  "test/library/api.test.ts": 8,
  "test/library/foreverframe.test.ts": 5,
  "test/library/guide.test.ts": 151,
  "test/library/hostile.test.ts": 16,
  "test/library/package.test.ts": 131,
  "test/library/transport-contract.test.ts": 58,
  "test/logs/handed-appends.test.ts": 6,
  "test/logs/lmdb-log.test.ts": 19,
  "test/logs/redis/redis-log.test.ts": 16,
  "test/logs/redis/redis-network.test.ts": 20,
  "test/logs/redis/redis-start.test.ts": 24,
  "test/logs/redis/redis-trouble.test.ts": 8,
  "test/logs/redis/redis-wait.test.ts": 72,
  "test/middleboxes/meddling.test.ts": 60,
  "test/middleboxes/shipped.test.ts": 20,
  "test/process/health.test.ts": 8,
  "test/process/serve.test.ts": 45,
  "test/process/service-manager.test.ts": 17,
  "test/redis/find-redis.test.ts": 15,
  "test/session/authorize-url.test.ts": 48,
  "test/sources/gearman.test.ts": 148,
  "test/tokens/log.test.ts": 10,
  "test/tokens/renewal.test.ts": 20,
  "test/tokens/revocation.test.ts": 15,
  "test/tokens/tickets.test.ts": 16,
  "test/tokens/tokens.test.ts": 10,
  "test/workers/appends.test.ts": 10,
  "test/workers/keys.test.ts": 7,
  "test/workers/operate.test.ts": 13,
  "test/workers/tls-transport-contract.test.ts": 52,
  "test/workers/tls.test.ts": 38,
  "test/workers/transport-contract.test.ts": 157,
  "test/workers/workers.test.ts": 179,
};
const OTHER_SECONDS = 2;

const secondsOf = (file) => SECONDS[file] ?? OTHER_SECONDS;

/** Deal files out to lanes: the longest first, each to the lane that has least to do. */
function deal(files, lanes) {
  for (const file of files.toSorted((a, b) => secondsOf(b) - secondsOf(a))) {
    const [lane] = lanes.toSorted((a, b) => a.seconds - b.seconds);
    lane.files.push(file);
    lane.seconds += secondsOf(file);
  }
}

/** The reporter's last lines. */
const TOTAL = /^(\d+) passed, (\d+) failed$/m;
const FAILED_FILE = /^failed: (\S+)$/gm;

const children = new Set();

/** Stop a mocha with all that its tests have started. */
const stop = (child) => process.kill(-child.pid, "SIGINT");

for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => {
    for (const child of children) stop(child);
    process.exit(1);
  });

/** Run some files in one process. A mocha that fails without a failed test counts as one. */
function run(files) {
  const started = performance.now();
  const child = spawn("node_modules/.bin/mocha", files, { cwd: ROOT, detached: true });
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
      output += `${files.join(" ")}: ${seconds} s${isGood ? "" : `, ended with ${signal ?? code}`}\n`;
      if (isGood) process.stdout.write(output);
      const named = Array.from(output.matchAll(FAILED_FILE), ([, file]) => file);
      resolve({
        passed: Number(passed),
        failed: isGood ? 0 : Math.max(failed, 1),
        failedFiles: isGood || named.length > 0 ? named : files,
        output,
      });
    });
  });
}

const files = readdirSync(join(ROOT, "test"), { recursive: true })
  .map((name) => `test/${name}`)
  .filter((name) => name.endsWith(".test.ts"))
  .sort();
for (const file of [...ALONE, ...Object.keys(SECONDS)])
  if (!files.includes(file)) throw new Error(`There is no ${file}: correct test/run.mjs`);

const together = files.filter((file) => !ALONE.includes(file));
const isInBrowsers = (file) => /^test\/(browser|engines|middleboxes)\//.test(file);
const lanes = Array.from({ length: 2 * LANES }, () => ({ files: [], seconds: 0 }));
deal(together.filter(isInBrowsers), lanes.slice(0, LANES));
deal(
  together.filter((file) => !isInBrowsers(file)),
  lanes,
);
const runAll = (lists) => Promise.all(lists.map((list) => run(list)));
const results = [
  ...(await runAll(lanes.map(({ files }) => files))),
  ...(await runAll(MEASURING)),
  ...(await runAll(BUSY)),
];
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
for (const { failed, output } of results) if (failed > 0) process.stdout.write(output);
let failed = sum("failed");
const again = [...new Set(results.flatMap(({ failedFiles }) => failedFiles))];
if (again.length > 0) {
  process.stdout.write(`\nAgain, alone: ${again.join(" ")}\n`);
  const result = await run(again);
  if (result.failed > 0) process.stdout.write(result.output);
  else process.stdout.write("They pass alone: find out why they did not beside the others.\n");
  failed = result.failed;
}
process.stdout.write(`\n${sum("passed") + sum("failed") - failed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
